"""How wrong a check may be before a cascade is no longer worth it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from msgspec.structs import replace

from pilothouse.route.cascade_outcome import Check, Columns, Outcome, Plan, outcome

_COIN = 0.5
"""A check that is wrong as often as right says nothing."""
_STEPS = 50


def break_even(of: Columns, plan: Plan, check: Check, best: Outcome) -> float | None:
    """The largest error (both ways alike) up to which `plan` scores at least as well as `best` and costs less.

    0-0.5; None where even a check that is never wrong does not make it so. The cost of a check is counted.
    The expected score and cost are polynomials in the error of degree (models - 1), at most 2: three values make
    them, and bisection finds the end.
    """
    score, cost = fmean(best.score), fmean(best.cost_usd)
    scores, costs = zip(*[_means(of, plan, check, e) for e in (0.0, 0.5, 1.0)], strict=True)

    def holds(error: float) -> bool:
        return _quadratic(scores, error) >= score - 1e-12 and _quadratic(costs, error) < cost

    if not holds(0.0):
        return None
    low = 0.0
    for step in range(1, _STEPS + 1):
        high = _COIN * step / _STEPS
        if not holds(high):
            return _bisected(holds, low, high)
        low = high
    return _COIN


def _bisected(holds: Callable[[float], bool], low: float, high: float) -> float:
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _means(of: Columns, plan: Plan, check: Check, error: float) -> tuple[float, float]:
    found = outcome(of, plan, replace(check, false_accept=error, false_reject=error))
    return fmean(found.score), fmean(found.cost_usd)


def _quadratic(values: Sequence[float], x: float) -> float:
    """Through three values, at 0, 1/2 and 1 (Lagrange)."""
    at_0, at_half, at_1 = values
    return at_0 * (1 - x) * (1 - 2 * x) + 4 * at_half * x * (1 - x) + at_1 * x * (2 * x - 1)
