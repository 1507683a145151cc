"""How many cases are needed, said before any is paid for.

Sources: Wilson's interval for one share; R. Connor, Biometrics 43 (1987) for two candidates on the same cases.
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from pilothouse.core.stats.proportion import wilson, wilson_of

_MOST = 10**7


def half_width(p: float, n: int, confidence: float = 0.95) -> float:
    """Half of Wilson's interval when about a share p of n is right."""
    around = wilson(round(p * n), n, confidence)
    return (around.high - around.low) / 2


def cases_for_half_width(p: float, half: float, confidence: float = 0.95) -> int:
    """The smallest n from which on the interval is that narrow (rounding of p n left aside)."""
    low, high = 1, 2
    while _smooth_half(p, high, confidence) > half:
        low, high = high, high * 2
        if high > _MOST:
            return _MOST
    while low < high:
        middle = (low + high) // 2
        if _smooth_half(p, middle, confidence) <= half:
            high = middle
        else:
            low = middle + 1
    return high


def _smooth_half(p: float, n: int, confidence: float) -> float:
    around = wilson_of(p, n, confidence)
    return (around.high - around.low) / 2


def paired_cases_needed(
    only_a: float, only_b: float, confidence: float = 0.95, power: float = 0.8
) -> int | None:
    """Cases on which to compare two, of whom only a is right on a share `only_a`, only b on `only_b`.

    None when the shares are alike: no number shows a difference that is not there.
    """
    delta, apart = abs(only_a - only_b), only_a + only_b
    if delta == 0:
        return None
    normal = NormalDist()
    z, z_power = normal.inv_cdf(1 - (1 - confidence) / 2), normal.inv_cdf(power)
    return ceil(((z * sqrt(apart) + z_power * sqrt(apart - delta**2)) / delta) ** 2)


def minimal_detectable_difference(
    n: int, disagreement: float, confidence: float = 0.95, power: float = 0.8
) -> float:
    """The smallest difference that n cases show with that power, where two disagree on a share of them."""
    low, high = 0.0, disagreement
    for _ in range(60):
        middle = (low + high) / 2
        only_a = (disagreement + middle) / 2
        needed = paired_cases_needed(only_a, disagreement - only_a, confidence, power)
        if needed is not None and needed <= n:
            high = middle
        else:
            low = middle
    return high
