"""Intervals for one proportion: Wilson to show, Clopper-Pearson where a promise is made.

Sources: E. B. Wilson, JASA 22 (1927); C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
"""

from __future__ import annotations

from math import inf, sqrt
from statistics import NormalDist

from msgspec import Struct

from pilothouse.core.stats.beta import beta_quantile


class Interval(Struct, frozen=True):
    """A two-sided confidence interval."""

    low: float
    high: float


def wilson(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for k successes of n. Raises `ValueError` unless 0 <= k <= n, n > 0."""
    _check(k, n)
    return wilson_of(k / n, n, confidence)


def wilson_of(share: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's interval for a share of n, which need not be whole (an effective number)."""
    z = _z(confidence)
    centre = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if share <= 0 else (centre - half) / scale
    high = 1.0 if share >= 1 else (centre + half) / scale
    return Interval(low, high)


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval: coverage is at least `confidence` for every true rate."""
    _check(k, n)
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k == n else beta_quantile(1 - tail, k + 1, n - k)
    return Interval(low, high)


def clopper_pearson_upper(k: int, n: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper bound."""
    _check(k, n)
    return 1.0 if k == n else beta_quantile(confidence, k + 1, n - k)


def normal_interval(mean: float, standard_error: float, confidence: float = 0.95) -> Interval:
    """mean -+ z times its standard error."""
    half = _z(confidence) * standard_error
    return Interval(mean - half, mean + half)


def cases_needed(p: float, threshold: float, confidence: float = 0.95) -> int | None:
    """About how many cases until Wilson's interval around `p` leaves `threshold` out.

    None when `p` stands on the threshold: no number is enough.
    """
    if p == threshold:
        return None
    low, high = 1, 1
    while not _is_decided(p, high, threshold, confidence):
        low, high = high, high * 2
        if high > 10**9:
            return None
    while low < high:
        middle = (low + high) // 2
        if _is_decided(p, middle, threshold, confidence):
            high = middle
        else:
            low = middle + 1
    return high


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """Mean and its standard error (divisor n - 1); the error of a single value is infinite."""
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return mean, inf
    return mean, sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)


def _is_decided(p: float, n: int, threshold: float, confidence: float) -> bool:
    interval = wilson(min(n, round(p * n)), n, confidence)
    return threshold < interval.low if p > threshold else threshold > interval.high


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(1 - (1 - confidence) / 2)


def _check(k: int, n: int) -> None:
    if n <= 0 or not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no proportion")
