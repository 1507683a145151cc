"""Two candidates on the same cases: the difference of their means, with an interval and a p-value.

Right-or-wrong pairs that are independent: the exact McNemar test, and the interval of the paired difference; with
fewer than 100 pairs on which the two disagree, that interval after one pair was added to each kind of
disagreement (D. Bonett and R. Price, Journal of Educational and Behavioral Statistics 37, 2012). Everything else:
a t-test on the differences, cluster-robust where cases share a cluster.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import sqrt

from msgspec import Struct

from pilothouse.core.stats.clusters import clustered_error
from pilothouse.core.stats.paired import mcnemar_exact
from pilothouse.core.stats.proportion import Interval, mean_and_error, normal_interval
from pilothouse.core.stats.student import t_p_value, t_quantile

_FEW = 100


class Difference(Struct, frozen=True, kw_only=True):
    """a less b, over the same cases."""

    value: float
    standard_error: float
    interval: Interval
    n: int
    clusters: int
    p: float
    """Two-sided: how often so much difference would come of two that are alike."""
    how: str


def difference(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Difference:
    """One value a case on each side (the mean of its repeats). Raises `ValueError` under two cases."""
    n = len(a)
    if n != len(b) or n < 2:
        raise ValueError("a paired comparison needs the same two or more cases on both sides")
    each = [x - y for x, y in zip(a, b, strict=True)]
    groups = n if clusters is None else len(set(clusters))
    is_share = all(v == 0.0 or v == 1.0 for v in a) and all(v == 0.0 or v == 1.0 for v in b)
    if is_share and groups == n:
        return _of_shares(each, confidence)
    value = sum(each) / n
    if clusters is None or groups == n:
        error, how = mean_and_error(each)[1], "paired t"
    else:
        error, how = clustered_error(each, clusters), f"cluster-robust t over {groups} clusters"
    if groups < 2:
        return _made(value, error, Interval(-1.0, 1.0), n, groups, 1.0, how)
    half = t_quantile(confidence, groups - 1) * error
    p = 1.0 if value == 0 else 0.0 if error == 0 else t_p_value(value / error, groups - 1)
    return _made(value, error, Interval(value - half, value + half), n, groups, p, how)


def _of_shares(each: Sequence[float], confidence: float) -> Difference:
    n = len(each)
    only_a, only_b = each.count(1.0), each.count(-1.0)
    value, error = mean_and_error(list(each))
    if only_a + only_b >= _FEW:
        around = normal_interval(value, error, confidence)
        how = "exact McNemar; interval of the paired difference"
    else:
        up, down, m = only_a + 1, only_b + 1, n + 2
        middle = (up - down) / m
        spread = sqrt(max(0.0, up + down - (up - down) ** 2 / m)) / m
        around = normal_interval(middle, spread, confidence)
        around = Interval(max(-1.0, around.low), min(1.0, around.high))
        how = "exact McNemar; Bonett-Price interval"
    return _made(value, error, around, n, n, mcnemar_exact(only_a, only_b), how)


def _made(
    value: float, error: float, interval: Interval, n: int, clusters: int, p: float, how: str
) -> Difference:
    return Difference(
        value=value,
        standard_error=error,
        interval=interval,
        n=n,
        clusters=clusters,
        p=min(1.0, p),
        how=how,
    )
