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
    """None when no case was asked twice."""
    by_case: dict[int, list[float]] = {}
    for outcome in answers.outcomes:
        value = score(outcome)
        if value is not None:
            by_case.setdefault(outcome.case, []).append(value)
    repeated = [values for values in by_case.values() if len(values) > 1]
    if len(repeated) < 2:
        return None
    split = variance_split(repeated)
    flips = [c for c, values in by_case.items() if min(values) < RIGHT <= max(values)]
    return Variance(
        split=split,
        run_share=split.within_case / split.total if split.total > 0 else 0.0,
        repeated_cases=len(repeated),
        unstable_cases=len(flips),
        unstable=tuple(answers.cases[c].id for c in flips[:_SHOWN]),
    )
