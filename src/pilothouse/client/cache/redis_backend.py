"""Answers in Redis, shared by all replicas. Without it every question is asked, and nothing else happens.

Answers lie there as they are, not encrypted: whoever may read that Redis may read them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from pilothouse.client.cache.entry import Entry

log = logging.getLogger("pilothouse.cache")

_AWAY_S = 1.0
"""After a failure nobody waits for Redis for so long."""
_VERSION = b"1:"
_out = msgspec.msgpack.Encoder().encode
_in = msgspec.msgpack.Decoder(Entry)


class CacheRedis(Protocol):
    """What is used of `redis.asyncio.Redis` (redis-py)."""

    async def get(self, name: bytes) -> Any: ...
    async def set(self, name: bytes, value: bytes, *, px: int) -> Any: ...
    async def aclose(self) -> None: ...


class RedisBackend:
    """Implements `Backend`. `now_s` is monotonic; `most_bytes` is for one answer."""

    def __init__(self, client: CacheRedis, prefix: str, now_s: Callable[[], float]) -> None:
        self._client = client
        self._prefix = prefix.encode() + _VERSION
        self._now_s = now_s
        self._away_until_s = 0.0
        self.failures = 0
        """Questions to Redis that it did not answer."""

    @property
    def is_away(self) -> bool:
        """Whether it is left alone for the moment."""
        return self._now_s() < self._away_until_s

    async def get(self, key: bytes) -> Entry | None:
        """See `Backend`."""
        if self.is_away:
            return None
        try:
            found = await self._client.get(self._prefix + key)
        except Exception as error:
            self._failed(error)
            return None
        if found is None:
            return None
        try:
            return _in.decode(found)
        except msgspec.MsgspecError:
            return None  # written by another version

    async def put(self, key: bytes, entry: Entry, ttl_s: float) -> None:
        """See `Backend`."""
        if self.is_away:
            return
        try:
            await self._client.set(self._prefix + key, _out(entry), px=max(1, round(ttl_s * 1000)))
        except Exception as error:
            self._failed(error)

    async def close(self) -> None:
        """See `Backend`."""
        await self._client.aclose()

    def _failed(self, error: Exception) -> None:
        # The error's text may hold the address; its kind says enough.
        if not self.failures:
            log.warning("the cache's Redis does not answer (%s): asking anew", type(error).__name__)
        self.failures += 1
        self._away_until_s = self._now_s() + _AWAY_S
