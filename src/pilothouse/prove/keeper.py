"""Puts finished answers on disk in groups, so that many wait for the disk together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from pilothouse.core.call import Score
from pilothouse.core.proof_store import PaidAnswer


class Keeps(Protocol):
    """What it needs of a store."""

    def keep_answers(self, answers: Sequence[PaidAnswer]) -> None: ...

    def keep_scores(self, scores: Sequence[Score]) -> None: ...


class Keeper:
    """One writer at a time; whoever comes meanwhile goes with the next group."""

    def __init__(self, store: Keeps) -> None:
        self._store = store
        self._answers: list[PaidAnswer] = []
        self._scores: list[Score] = []
        self._in_hand: tuple[list[PaidAnswer], list[Score]] = ([], [])
        self._lock = asyncio.Lock()
        self._group = 0
        """The group that is being gathered; what is in it is on disk when a later one is gathered and free."""
        self._written = -1

    async def keep(self, answer: PaidAnswer) -> None:
        """Returns when it is on disk."""
        self._answers.append(answer)
        await self._flushed()

    async def keep_scores(self, scores: Sequence[Score]) -> None:
        """Likewise."""
        self._scores.extend(scores)
        await self._flushed()

    def keep_the_rest(self) -> None:
        """What an interruption left in hand; a second write of the same is harmless."""
        answers = [*self._in_hand[0], *self._answers]
        scores = [*self._in_hand[1], *self._scores]
        self._answers, self._scores, self._in_hand = [], [], ([], [])
        if answers:
            self._store.keep_answers(answers)
        self._store.keep_scores(scores)

    async def _flushed(self) -> None:
        group = self._group
        async with self._lock:
            if self._written >= group:
                return
            self._in_hand = (self._answers, self._scores)
            self._answers, self._scores = [], []
            self._group += 1
            await asyncio.to_thread(_write, self._store, *self._in_hand)
            self._written = self._group - 1
            self._in_hand = ([], [])


def _write(store: Keeps, answers: list[PaidAnswer], scores: list[Score]) -> None:
    if answers:
        store.keep_answers(answers)
    if scores:
        store.keep_scores(scores)
