"""One candidate's outcomes, as the columns that statistics ask for.

A failed attempt counts as a wrong answer. An answer that its scorer could not grade counts nowhere and
is reported as ungraded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from msgspec import Struct

from pilothouse.prove.evidence import CaseFact, Evidence, Outcome

MAIN = 0
"""The index of the main scorer."""


class Answers(Struct, frozen=True, kw_only=True):
    """Outcomes of one candidate, in the order of the evidence. They are shared, not copied."""

    name: str
    index: int
    """Its place in `Evidence.candidates`."""
    outcomes: Sequence[Outcome]
    cases: Sequence[CaseFact]
    keys: Sequence[Hashable] | None
    """What each case shares with others (its cluster, or itself when asked more than once); None = nothing."""

    @property
    def case_keys(self) -> Sequence[Hashable] | None:
        """`keys` where cases themselves share a cluster; None = they are independent."""
        return self.keys if self.keys is not None and _are_clustered(self.cases) else None

    def column(
        self, read: Callable[[Outcome], float | None]
    ) -> tuple[list[float], list[Hashable] | None]:
        """What `read` gives for each outcome, and the clusters; what it gives as None is left out."""
        found = [(o.case, v) for o in self.outcomes if (v := read(o)) is not None]
        values = [v for _, v in found]
        keys = self.keys
        return values, None if keys is None else [keys[case] for case, _ in found]

    def scores(self, scorer: int = MAIN) -> tuple[list[float], list[Hashable] | None]:
        """A scorer's values and the clusters."""
        return self.column(lambda outcome: score(outcome, scorer))

    def by_case(self, read: Callable[[Outcome], float | None]) -> dict[int, float]:
        """The mean of each case's repeats; cases with nothing to read are left out."""
        sums: dict[int, float] = {}
        counts: dict[int, int] = {}
        for outcome in self.outcomes:
            value = read(outcome)
            if value is not None:
                sums[outcome.case] = sums.get(outcome.case, 0.0) + value
                counts[outcome.case] = counts.get(outcome.case, 0) + 1
        return {case: total / counts[case] for case, total in sums.items()}


def score(outcome: Outcome, scorer: int = MAIN) -> float | None:
    """A failure is 0; None = it could not be graded."""
    if outcome.error_class is not None:
        return 0.0
    return outcome.values[scorer] if scorer < len(outcome.values) else None


def answers_by_candidate(evidence: Evidence) -> tuple[Answers, ...]:
    """Those that were asked anything, in the order of the evidence."""
    grouped: list[list[Outcome]] = [[] for _ in evidence.candidates]
    has_repeats = False
    for outcome in evidence.outcomes:
        grouped[outcome.candidate].append(outcome)
        has_repeats = has_repeats or outcome.repeat > 0
    keys = _keys(evidence.cases, has_repeats)
    return tuple(
        Answers(name=name, index=i, outcomes=grouped[i], cases=evidence.cases, keys=keys)
        for i, name in enumerate(evidence.candidates)
        if grouped[i]
    )


def _keys(cases: Sequence[CaseFact], has_repeats: bool) -> list[Hashable] | None:
    if not has_repeats and not _are_clustered(cases):
        return None
    return [i if case.cluster is None else case.cluster for i, case in enumerate(cases)]


def _are_clustered(cases: Sequence[CaseFact]) -> bool:
    """Whether two cases share a cluster."""
    seen: set[str] = set()
    for case in cases:
        if case.cluster is not None:
            if case.cluster in seen:
                return True
            seen.add(case.cluster)
    return False
