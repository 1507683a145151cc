"""The difference of two shares from different cases: an interval from the two Wilson intervals.

Source: R. Newcombe, Statistics in Medicine 17 (1998), method 10.
"""

from __future__ import annotations

from math import sqrt

from pilothouse.core.stats.proportion import Interval, wilson


def newcombe(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> Interval:
    """Of k1/n1 less k2/n2."""
    p, q = k1 / n1, k2 / n2
    one, other = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    return Interval(
        p - q - sqrt((p - one.low) ** 2 + (other.high - q) ** 2),
        p - q + sqrt((one.high - p) ** 2 + (q - other.low) ** 2),
    )
