"""What upgrades taught, by kind of question: how often the better answer said anything else, lately."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilothouse.core.stats.looked_at import anytime_upper
from pilothouse.core.upgrade import Kind, Lesson

WINDOW = 400
"""Lessons of a kind that count: the last ones."""
KINDS = 1_000
"""Tags are callers' words; past so many kinds the one that learned longest ago is forgotten."""


class Taught(Struct, frozen=True):
    """What is known of a kind."""

    asked: int
    changed: int

    @property
    def most_changed(self) -> float:
        """The upper bound of the share that changes (95 %, however often it is looked at); 1.0 = nothing is known."""
        return anytime_upper(self.changed, self.asked)


_NOTHING = Taught(0, 0)


class Lessons:
    """Lessons may come twice, from this process and from the store: one call is one lesson."""

    def __init__(self) -> None:
        self._by_kind: dict[Kind, dict[str, bool]] = {}
        self._taught: dict[Kind, Taught] = {}

    def taught(self, kind: Kind) -> Taught:
        """By the last `WINDOW` of them."""
        return self._taught.get(kind, _NOTHING)

    def is_unneeded(self, kind: Kind, stop_below: float) -> bool:
        """Whether such questions are asked again in vain."""
        return self.taught(kind).most_changed < stop_below

    def kinds(self) -> list[Kind]:
        """All that taught anything."""
        return list(self._taught)

    def add(self, lessons: Iterable[Lesson]) -> None:
        """More of them, in any order."""
        touched: set[Kind] = set()
        for lesson in lessons:
            found = self._by_kind.pop(lesson.kind, None) or {}
            self._by_kind[lesson.kind] = found  # last in the order of forgetting
            found[lesson.call_id] = lesson.changed
            touched.add(lesson.kind)
        for kind in touched:
            found = self._by_kind[kind]
            for call_id in sorted(found)[:-WINDOW]:
                del found[call_id]
            self._taught[kind] = Taught(len(found), sum(found.values()))
        while len(self._by_kind) > KINDS:
            oldest = next(iter(self._by_kind))
            del self._by_kind[oldest], self._taught[oldest]
