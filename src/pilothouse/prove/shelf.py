"""The words of a run, read from the store when a report shows them."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.case import Case
from pilothouse.core.grade import Grade
from pilothouse.core.proof_store import PaidAnswer, ProofStore
from pilothouse.prove.case_json import case_from_json
from pilothouse.prove.evidence import Kept
from pilothouse.prove.grading import Grader


class StoreShelf:
    """Implements `Shelf` for one run."""

    def __init__(self, store: ProofStore, run_id: str, grader: Grader) -> None:
        self._store = store
        self._run_id = run_id
        self._grader = grader

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        """Whole cases by id."""
        kept = self._store.cases_by_id(self._run_id, ids)
        return {k.case_id: case_from_json(k.case_json) for k in kept}

    def kept(self, call_ids: Sequence[str]) -> dict[str, Kept]:
        """Answers by call id."""
        answers = self._store.answers_of(call_ids, self._run_id)
        cases = self.cases(list({answer.case_id for answer in answers}))
        return {a.call.id: self._kept(a, cases.get(a.case_id)) for a in answers}

    def _kept(self, answer: PaidAnswer, case: Case | None) -> Kept:
        grades: dict[str, Grade] = {}
        if answer.given is not None and case is not None:
            graded = self._grader.at_once(answer.given, case, answer.scores)
            names = [scorer.name for scorer in self._grader.scorers]
            grades = {n: g for n, g in zip(names, graded.grades, strict=True) if g is not None}
        return Kept(
            case_id=answer.case_id,
            candidate=answer.target,
            repeat=answer.repeat,
            given=answer.given,
            error=answer.call.error,
            grades=grades,
        )
