"""What repeats teach: how much of the spread lies between cases and how much between runs of one case."""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.stats.variance_split import VarianceSplit, variance_split
from pilothouse.prove.report.answers import Answers, score

_SHOWN = 20
RIGHT = 0.5
"""A value of at least this is a right answer."""


class Variance(Struct, frozen=True, kw_only=True):
    """One candidate's spread over repeats."""

    split: VarianceSplit
    run_share: float
    """Of the total variance, the part that asking again makes."""
    repeated_cases: int
    unstable_cases: int
    """Right in one run and wrong in another."""
    unstable: tuple[str, ...]
    """Ids of the first twenty."""


def variance(answers: Answers) -> Variance | None:
    """None when no case was asked twice, or there is only one."""
    by_case: dict[int, list[float]] = {}
    for outcome in answers.outcomes:
        value = score(outcome)
        if value is not None:
            by_case.setdefault(outcome.case, []).append(value)
    split = variance_split(list(by_case.values()))
    if split is None:
        return None
    flips = [c for c, values in by_case.items() if min(values) < RIGHT <= max(values)]
    return Variance(
        split=split,
        run_share=split.share_within,
        repeated_cases=sum(len(values) > 1 for values in by_case.values()),
        unstable_cases=len(flips),
        unstable=tuple(answers.cases[c].id for c in flips[:_SHOWN]),
    )
