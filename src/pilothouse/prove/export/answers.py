"""A candidate's outcomes with their words, asked of the shelf a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.prove.evidence import Evidence, Kept, Outcome, Shelf

_BATCH = 200


class Told(Struct, frozen=True):
    """One outcome, its case and the answer's words; None where the store has lost them."""

    outcome: Outcome
    case: Case
    kept: Kept | None

    @property
    def text(self) -> str | None:
        """The answer, None for a failure."""
        if self.outcome.error_class is not None or self.kept is None or self.kept.given is None:
            return None
        return self.kept.given.text

    @property
    def error(self) -> str | None:
        """Why there is no answer, None when there is one."""
        if self.text is not None:
            return None
        said = self.kept.error if self.kept is not None else None
        return said or self.outcome.error_class or "the answer's text is not in the store"


def told(evidence: Evidence, shelf: Shelf, candidate: int | None = None) -> Iterator[Told]:
    """All outcomes, or one candidate's, in the order of the evidence."""
    wanted = [o for o in evidence.outcomes if candidate is None or o.candidate == candidate]
    for start in range(0, len(wanted), _BATCH):
        yield from _batch(evidence, shelf, wanted[start : start + _BATCH])


def _batch(evidence: Evidence, shelf: Shelf, batch: Sequence[Outcome]) -> Iterator[Told]:
    cases = shelf.cases(sorted({evidence.cases[o.case].id for o in batch}))
    kept = shelf.kept([o.call_id for o in batch])
    for outcome in batch:
        case_id = evidence.cases[outcome.case].id
        case = cases.get(case_id) or Case(id=case_id)
        yield Told(outcome, case, kept.get(outcome.call_id))
