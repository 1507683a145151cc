"""Where answers are kept: in this process, or in Redis. Gone is the same as never there."""

from __future__ import annotations

from typing import Protocol

from pilothouse.client.cache.entry import Entry


class Backend(Protocol):
    """Keys are 32 bytes. Never raises: what cannot be read is not there, what cannot be kept is not kept."""

    async def get(self, key: bytes) -> Entry | None:
        """The answer, unless its time is over."""
        ...

    async def put(self, key: bytes, entry: Entry, ttl_s: float) -> None:
        """Keep it; a newer answer takes an older one's place."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
