"""Answers in this process: bounded in bytes, the one that was not asked for the longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from pilothouse.client.cache.entry import Entry


class MemoryBackend:
    """Implements `Backend`. `now_s` is monotonic."""

    def __init__(self, most_bytes: int, now_s: Callable[[], float]) -> None:
        self._most_bytes = most_bytes
        self._now_s = now_s
        self._kept: OrderedDict[bytes, tuple[Entry, float]] = OrderedDict()
        self.bytes = 0
        """About what it takes now."""
        self.evicted = 0
        """Answers that had to go before their time."""

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: bytes) -> Entry | None:
        """See `Backend`."""
        found = self._kept.get(key)
        if found is None:
            return None
        entry, until_s = found
        if self._now_s() >= until_s:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return entry

    async def put(self, key: bytes, entry: Entry, ttl_s: float) -> None:
        """One that alone would not fit is not kept."""
        if key in self._kept:
            self._drop(key)
        if entry.size > self._most_bytes:
            return
        self._kept[key] = (entry, self._now_s() + ttl_s)
        self.bytes += entry.size
        while self.bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))
            self.evicted += 1

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self.bytes = 0

    def _drop(self, key: bytes) -> None:
        entry, _ = self._kept.pop(key)
        self.bytes -= entry.size
