"""From an answer to its grades: at once where a scorer only looks, later where it runs programs or asks models.

A scorer that raises leaves this answer ungraded; the run goes on. Grades that were costly are kept in the
store and taken from there; cheap ones are made anew, so that a changed scorer asks nobody again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from pilothouse.core.call import Score
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given, Grade, Models
from pilothouse.prove.spec import NamedScorer
from pilothouse.scorers._choice import is_asking

_MOST_ERRORS = 20
_LONGEST_NAME = 120
_LONGEST_DETAIL = 500


class Graded(Struct, frozen=True, gc=False):
    """One answer's grades, one for each scorer; None = it could not be graded."""

    grades: tuple[Grade | None, ...]

    @property
    def values(self) -> tuple[float | None, ...]:
        """The bare figures."""
        return tuple([None if g is None else g.value for g in self.grades])

    @property
    def labels(self) -> tuple[str, str] | None:
        """Of the first scorer that gives any."""
        return next((g.labels for g in self.grades if g is not None and g.labels), None)


class Grader:
    """The scorers of a run. `models` is needed only where one of them asks."""

    def __init__(self, scorers: Sequence[NamedScorer]) -> None:
        self.scorers = tuple(scorers)
        self.models: Models | None = None
        """Needed before anything is graded by a scorer that asks."""
        self.ungraded: dict[str, list[tuple[str, str]]] = {}
        """Scorer to (case, what it raised), the first twenty."""
        self.ungraded_counts: dict[str, int] = {}
        self._threads = asyncio.Semaphore(os.cpu_count() or 1)
        self._is_asking = [is_asking(s.scorer) for s in self.scorers]
        self._is_late = [
            asks or getattr(s.scorer, "is_slow", False)
            for s, asks in zip(self.scorers, self._is_asking, strict=True)
        ]
        self._kept_as = [kept_name(s) for s in self.scorers]

    @property
    def is_late(self) -> bool:
        """Whether some grade takes its time."""
        return any(self._is_late)

    def check(self, case: Case) -> None:
        """Can it be graded? Raises `ValueError`."""
        for scorer in self.scorers:
            scorer.scorer.check(case)

    def at_once(self, given: Given, case: Case, kept: Sequence[Score] = ()) -> Graded:
        """What needs no waiting; the rest from `kept`, else None."""
        grades: list[Grade | None] = []
        for i, scorer in enumerate(self.scorers):
            if self._is_late[i]:
                grades.append(_found(kept, self._kept_as[i]))
                continue
            try:
                grades.append(scorer.scorer.score(given, case))  # type: ignore[union-attr]
            except Exception as error:
                grades.append(self._failed(scorer.name, case, error))
        return Graded(tuple(grades))

    def is_done(self, graded: Graded) -> bool:
        """Whether nothing is left for `later`."""
        if not self.is_late:
            return True
        return all(
            grade is not None or not late
            for grade, late in zip(graded.grades, self._is_late, strict=True)
        )

    async def later(self, graded: Graded, given: Given, case: Case) -> Graded:
        """The grades that take their time, all at once."""
        missing = [i for i, grade in enumerate(graded.grades) if grade is None and self._is_late[i]]
        made = await asyncio.gather(*(self._late(i, given, case) for i in missing))
        grades = list(graded.grades)
        for i, grade in zip(missing, made, strict=True):
            grades[i] = grade
        return Graded(tuple(grades))

    def scores(self, graded: Graded, call_id: str) -> tuple[Score, ...]:
        """As they are kept."""
        return tuple(
            [
                Score(
                    call_id=call_id,
                    scorer=self._kept_as[i],
                    value=grade.value,
                    detail=None if grade.detail is None else grade.detail[:_LONGEST_DETAIL],
                    labels=grade.labels,
                    parts=grade.parts,
                )
                for i, grade in enumerate(graded.grades)
                if grade is not None
            ]
        )

    async def _late(self, i: int, given: Given, case: Case) -> Grade | None:
        scorer = self.scorers[i]
        try:
            if self._is_asking[i]:
                assert self.models is not None
                return await scorer.scorer.grade(given, case, self.models)  # type: ignore[union-attr]
            async with self._threads:
                return await asyncio.to_thread(scorer.scorer.score, given, case)  # type: ignore[union-attr]
        except InvalidInput:
            raise  # not this answer's fault: nothing could be graded
        except Exception as error:
            return self._failed(scorer.name, case, error)

    def _failed(self, scorer: str, case: Case, error: Exception) -> None:
        said = str(error) or type(error).__name__
        if not isinstance(error, ValueError):
            said = f"{type(error).__name__}: {said}"
        self.ungraded_counts[scorer] = self.ungraded_counts.get(scorer, 0) + 1
        some = self.ungraded.setdefault(scorer, [])
        if len(some) < _MOST_ERRORS:
            some.append((case.id, said[:_LONGEST_DETAIL]))


def kept_name(scorer: NamedScorer) -> str:
    """Under which its scores are kept: a changed option or file is another scorer."""
    version = scorer.scorer.version() if hasattr(scorer.scorer, "version") else ""  # type: ignore[union-attr]
    if not version and len(scorer.words) <= _LONGEST_NAME:
        return scorer.words
    digest = sha256(f"{scorer.words}\n{version}".encode()).hexdigest()[:12]
    return f"{scorer.words[:_LONGEST_NAME]} #{digest}"


def _found(scores: Sequence[Score], name: str) -> Grade | None:
    for score in scores:
        if score.scorer == name:
            return Grade(
                value=score.value, detail=score.detail, labels=score.labels, parts=score.parts
            )
    return None
