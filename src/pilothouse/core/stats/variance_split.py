"""How much of the spread is between cases and how much between runs of one case.

One-way random effects, for unequal numbers of repeats (S. Searle, Linear Models, 1971, ch. 10).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class VarianceSplit(Struct, frozen=True, kw_only=True):
    """Variances of one answer's value."""

    total: float
    between_cases: float
    within_case: float
    """Of runs of the same case: what more repeats would average out."""
    repeats: float
    """Mean number of them."""

    @property
    def share_within(self) -> float:
        """Of the total; 0 when there is none."""
        return self.within_case / self.total if self.total else 0.0


def variance_split(by_case: Sequence[Sequence[float]]) -> VarianceSplit | None:
    """None unless some case was run twice and there are two cases."""
    groups = [values for values in by_case if values]
    n, k = sum([len(values) for values in groups]), len(groups)
    if k < 2 or n == k:
        return None
    mean = sum([sum(values) for values in groups]) / n
    inside = 0.0
    outside = 0.0
    for values in groups:
        own = sum(values) / len(values)
        inside += sum([(v - own) ** 2 for v in values])
        outside += len(values) * (own - mean) ** 2
    within = inside / (n - k)
    typical = (n - sum([len(v) ** 2 for v in groups]) / n) / (k - 1)
    between = max(0.0, (outside / (k - 1) - within) / typical)
    return VarianceSplit(
        total=between + within, between_cases=between, within_case=within, repeats=n / k
    )
