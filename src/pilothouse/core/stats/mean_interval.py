"""The interval around a mean of values in 0-1, whatever they are: right or wrong, graded, clustered, repeated.

Right-or-wrong values that are independent get Wilson's interval; those that share clusters get it for the number
of independent values that would know as much (the effective number, corrected for few clusters: E. Korn and
B. Graubard, Survey Methodology 24, 1998); all others get Student's t with one degree of freedom less than clusters.
`promise` is the interval that verdicts stand on: Clopper-Pearson of the same number, never the narrower one.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import inf, sqrt

from msgspec import Struct

from pilothouse.core.stats.beta import beta_quantile
from pilothouse.core.stats.clusters import clustered_error
from pilothouse.core.stats.proportion import Interval, wilson_of
from pilothouse.core.stats.student import t_quantile

_FEW = 20
"""Right (or wrong) ones below which Wilson's interval covers the truth less than 94 times in 100."""


class MeanInterval(Struct, frozen=True, kw_only=True):
    """A mean with its interval, and how it was made."""

    value: float
    standard_error: float
    interval: Interval
    promise: Interval
    n: int
    clusters: int
    effective_n: float
    """Independent values that would know as much."""
    how: str


def mean_interval(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> MeanInterval:
    """`clusters`: one for each value; None = every value stands for itself. Raises `ValueError` on no values."""
    n = len(values)
    if n == 0:
        raise ValueError("no values, no mean")
    mean = sum(values) / n
    groups = n if clusters is None else len(set(clusters))
    error = (
        _plain_error(values, mean)
        if clusters is None or groups == n
        else clustered_error(values, clusters)
    )
    is_share = all(v == 0.0 or v == 1.0 for v in values)
    if not is_share:
        around = _around(mean, error, groups, confidence)
        how = "Student's t" if groups == n else f"cluster-robust t over {groups} clusters"
        return MeanInterval(
            value=mean,
            standard_error=error,
            interval=around,
            promise=around,
            n=n,
            clusters=groups,
            effective_n=float(groups),
            how=how,
        )
    if clusters is None or groups == n:
        size, how = float(n), "Wilson"
    else:
        size = _effective(values, clusters, error, groups, confidence)
        how = f"Wilson for {size:.0f} independent cases"
    exact = exact_of(mean, size, confidence)
    is_near_edge = size * min(mean, 1 - mean) < _FEW
    if is_near_edge:
        how = how.replace("Wilson", "Clopper-Pearson")
    return MeanInterval(
        value=mean,
        standard_error=error,
        interval=exact if is_near_edge else wilson_of(mean, size, confidence),
        promise=exact,
        n=n,
        clusters=groups,
        effective_n=size,
        how=how,
    )


def exact_of(share: float, n: float, confidence: float = 0.95) -> Interval:
    """Clopper-Pearson's interval for n that need not be whole."""
    tail = (1 - confidence) / 2
    k = share * n
    low = 0.0 if share <= 0 else beta_quantile(tail, k, n - k + 1)
    high = 1.0 if share >= 1 else beta_quantile(1 - tail, k + 1, n - k)
    return Interval(low, high)


def _effective(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    error: float,
    groups: int,
    confidence: float,
) -> float:
    """The number of independent values, for as many degrees of freedom as clusters tell something."""
    if groups < 2:
        return 1.0
    if error <= 0:  # all alike: then each cluster has said one thing
        return float(groups)
    n, mean = len(values), sum(values) / len(values)
    right = len({c for v, c in zip(values, clusters, strict=True) if v == 1.0})
    wrong = len({c for v, c in zip(values, clusters, strict=True) if v == 0.0})
    df = max(1.0, min(groups - 1.0, 2.0 * min(right, wrong)))
    ratio = t_quantile(confidence, n - 1) / t_quantile(confidence, df)
    return max(1.0, min(float(n), mean * (1 - mean) / error**2 * ratio**2))


def _around(mean: float, error: float, groups: int, confidence: float) -> Interval:
    if groups < 2:
        return Interval(0.0, 1.0)
    half = t_quantile(confidence, groups - 1) * error
    return Interval(max(0.0, mean - half), min(1.0, mean + half))


def _plain_error(values: Sequence[float], mean: float) -> float:
    n = len(values)
    if n == 1:
        return inf
    return sqrt(sum([(v - mean) ** 2 for v in values]) / (n - 1) / n)
