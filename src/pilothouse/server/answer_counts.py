"""Counts every answer of the gateway by its status, refusals by their code: what no attempt's record shows."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilothouse.server.http import Exchange

_CLIENT_GONE = 499
"""What nginx logs for it: no answer was begun."""


class AnswerCount(Struct, frozen=True):
    """So many answers with one status and code. Bounded: both are from our own tables."""

    status: int
    code: str
    """`""` = no refusal, or one that has no code."""
    count: int


class AnswerCounts:
    """Since the start of the process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str], int] = {}

    def add(self, out: Exchange) -> None:
        """One more, when its handler has ended."""
        key = (out.status or _CLIENT_GONE, out.code)
        self._counts[key] = self._counts.get(key, 0) + 1

    @property
    def all(self) -> list[AnswerCount]:
        """As counted."""
        return [AnswerCount(status, code, n) for (status, code), n in self._counts.items()]


def summed(counts: Iterable[AnswerCount]) -> list[AnswerCount]:
    """Several workers' counts together, in order."""
    found: dict[tuple[int, str], int] = {}
    for one in counts:
        key = (one.status, one.code)
        found[key] = found.get(key, 0) + one.count
    return [AnswerCount(*key, found[key]) for key in sorted(found)]
