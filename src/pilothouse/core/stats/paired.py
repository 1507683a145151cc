"""Two candidates on the same cases: the difference, its error, and McNemar's exact test.

Source: Q. McNemar, Psychometrika 12 (1947), as an exact binomial test on the discordant pairs; the
standard error is that of the mean of paired differences (divisor n - 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, sqrt

from msgspec import Struct

from pilothouse.core.stats.beta import incomplete_beta
from pilothouse.core.stats.proportion import Interval, normal_interval

_MOST_COUNTED = 1_000
"""Discordant pairs up to which whole numbers are summed. The sum grows with their square: 20,000 of them take
half a minute, and the incomplete beta function gives the same p to eleven digits."""


class Paired(Struct, frozen=True, kw_only=True):
    """a against b, case by case: `difference` is accuracy of a less accuracy of b."""

    n: int
    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    standard_error: float
    interval: Interval
    mcnemar_p: float


def paired(a: Sequence[bool], b: Sequence[bool], confidence: float = 0.95) -> Paired:
    """Raises `ValueError` when the lengths differ or there are fewer than two cases."""
    n = len(a)
    if n != len(b) or n < 2:
        raise ValueError("a paired comparison needs the same two or more cases on both sides")
    both = sum(x and y for x, y in zip(a, b, strict=True))
    only_a = sum(x and not y for x, y in zip(a, b, strict=True))
    only_b = sum(y and not x for x, y in zip(a, b, strict=True))
    difference = (only_a - only_b) / n
    variance = (only_a + only_b - n * difference**2) / (n - 1)
    error = sqrt(max(0.0, variance) / n)
    return Paired(
        n=n,
        both=both,
        only_a=only_a,
        only_b=only_b,
        neither=n - both - only_a - only_b,
        difference=difference,
        standard_error=error,
        interval=normal_interval(difference, error, confidence),
        mcnemar_p=mcnemar_exact(only_a, only_b),
    )


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """The two-sided p that both sides win discordant pairs equally often; 1 when there are none."""
    n, fewer = only_a + only_b, min(only_a, only_b)
    if n > _MOST_COUNTED:
        return min(1.0, 2 * incomplete_beta(0.5, n - fewer, fewer + 1))
    tail = sum(comb(n, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / 2**n)
