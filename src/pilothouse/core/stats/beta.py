"""The regularised incomplete beta function and its inverse, with nothing but `math`.

Source: the continued fraction of W. H. Press et al., Numerical Recipes (3rd ed., 6.4), evaluated by
Lentz's method; the inverse by bisection, because it cannot fail.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p

_TINY = 1e-300


def incomplete_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b) for 0 <= x <= 1, a, b > 0."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p, to the last bits of a float."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + numerator * d)
            c = _away(1 + numerator / c)
            result *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return result


def _away(value: float) -> float:
    """`value`, kept from zero."""
    return value if abs(value) > _TINY else _TINY
