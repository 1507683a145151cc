"""The answers of a run, two and two, for a judge of pairs."""

from __future__ import annotations

from itertools import combinations

from pilothouse.prove.evidence import Evidence, Shelf
from pilothouse.prove.pairwise import Pair


def pairs_of(evidence: Evidence, shelf: Shelf, limit: int | None = None) -> list[Pair]:
    """Every two candidates on every case that both answered, in its first repeat; the first `limit` cases."""
    by_case: dict[int, dict[int, str]] = {}
    for outcome in evidence.outcomes:
        if (
            outcome.error_class is None
            and outcome.repeat == 0
            and outcome.case < (len(evidence.cases) if limit is None else limit)
        ):
            by_case.setdefault(outcome.case, {})[outcome.candidate] = outcome.call_id
    kept = shelf.kept([call for calls in by_case.values() for call in calls.values()])
    cases = shelf.cases([evidence.cases[i].id for i in by_case])
    found: list[Pair] = []
    for i, calls in by_case.items():
        for one, two in combinations(sorted(calls), 2):
            answers = kept[calls[one]].given, kept[calls[two]].given
            if answers[0] is None or answers[1] is None:
                continue
            found.append(
                Pair(
                    case=cases[evidence.cases[i].id],
                    a=evidence.candidates[one],
                    b=evidence.candidates[two],
                    answer_a=answers[0],
                    answer_b=answers[1],
                )
            )
    return found
