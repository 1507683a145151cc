"""Quantiles with intervals that assume nothing of the distribution: order statistics.

Ranks l, u (1-based) with P(B < l) <= tail, largest such l, and P(B >= u) <= tail, smallest such u, for
B ~ Binomial(n, p). None: no finite bound exists with so few values.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, lgamma, log

from msgspec import Struct


class Quantile(Struct, frozen=True, kw_only=True):
    """A sample quantile and its confidence bounds; None where there is no finite one."""

    value: float
    low: float | None
    high: float | None


def quantile(values: Sequence[float], p: float, confidence: float = 0.95) -> Quantile:
    """The smallest value with at least a share `p` at or below it. Raises `ValueError` on no values."""
    if not values:
        raise ValueError("no values, no quantile")
    ordered = sorted(values)
    n = len(ordered)
    lower, upper = order_ranks(n, p, confidence)
    return Quantile(
        value=ordered[max(1, ceil(p * n)) - 1],
        low=ordered[lower - 1] if lower else None,
        high=ordered[upper - 1] if upper else None,
    )


def order_ranks(n: int, p: float, confidence: float = 0.95) -> tuple[int | None, int | None]:
    """The ranks of the bounds, as the module says."""
    tail = (1 - confidence) / 2
    below = 0.0  # P(B < rank)
    lower: int | None = None
    for rank in range(1, n + 1):
        below += _binomial(rank - 1, n, p)
        if below <= tail:
            lower = rank
        elif 1 - below <= tail:
            return lower, rank
    return lower, None


def _binomial(k: int, n: int, p: float) -> float:
    choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(choose + k * log(p) + (n - k) * log(1 - p))
