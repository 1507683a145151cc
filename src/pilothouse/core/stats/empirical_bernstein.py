"""A mean's interval that holds for any number of bounded values, however skewed: nothing is taken for normal.

Source: A. Maurer and M. Pontil, "Empirical Bernstein Bounds and Sample Variance Penalization" (COLT 2009),
theorem 4 (and 11: values need be independent, not alike). Half of what may go wrong on each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, sqrt

from pilothouse.core.stats.proportion import Interval


def empirical_bernstein(
    values: Sequence[float], low: float, high: float, confidence: float = 0.95
) -> Interval:
    """Around the mean of independent `values`, each within `low`..`high`. Infinite with fewer than two.

    Raises `ValueError` where a value is outside (by more than rounding), or on no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("no values, no mean")
    slack = 1e-9 * (1 + abs(low) + abs(high))
    if not all(low - slack <= v <= high + slack for v in values):
        raise ValueError(f"a value is not within {low:g} to {high:g}")
    if n == 1:
        return Interval(-inf, inf)
    mean = sum(values) / n
    variance = sum([(v - mean) ** 2 for v in values]) / (n - 1)
    risk = log(4 / (1 - confidence))
    half = sqrt(2 * variance * risk / n) + 7 * (high - low) * risk / (3 * (n - 1))
    return Interval(mean - half, mean + half)
