"""Scores of live calls on their way to the store: noted at once, written about every second by who owns them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from pilothouse.core.call import Call, Score
from pilothouse.core.errors import StoreError

log = logging.getLogger("pilothouse.scores")

Scored = Sequence[tuple[Call, tuple[Score, ...]]]
WriteScored = Callable[[Scored], None]
"""Raises `StoreError`."""
_MOST_UNWRITTEN = 50_000


class ScoreNotes:
    """Where the database stays away, the newest are shed."""

    def __init__(self, write_scored: WriteScored) -> None:
        self._write_scored = write_scored
        self._unwritten: list[tuple[Call, tuple[Score, ...]]] = []

    def add(self, call: Call, score: Score) -> None:
        """Takes no time."""
        if len(self._unwritten) < _MOST_UNWRITTEN:
            self._unwritten.append((call, (score,)))

    async def write(self) -> None:
        """All of them, now. Raises `StoreError`; they are kept then."""
        if not self._unwritten:
            return
        scored, self._unwritten = self._unwritten, []
        try:
            await asyncio.to_thread(self._write_scored, scored)
        except StoreError:
            self._unwritten = scored + self._unwritten
            raise

    async def run(self) -> None:
        """Write every second, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            try:
                await self.write()
            except StoreError as error:
                log.error("scores wait to be written: %s", error)

    async def close(self) -> None:
        """What is left, if the database is there."""
        with suppress(StoreError):
            await self.write()
