"""Which differences are more than noise: ties, rank intervals, and the probability of being the best.

Scores are taken as independent and normal around what was measured. Two are separable when their 95 % intervals
do not overlap, |a - b| > 1.96 (ea + eb): stricter than one test at 95 %, because a ranking looks at many pairs
at once. A rank interval counts only those that are separably better or worse, as arenas do. The probability of
being the best is an integral, not a simulation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from operator import mul

from msgspec import Struct

Z95 = 1.959963984540054
_STEPS = 400


class Standing(Struct, frozen=True, kw_only=True):
    """Where one candidate stands when errors are counted."""

    p_best: float
    """Probability that its true score is the highest, 0-1."""
    rank_low: int
    """1 + how many are separably better."""
    rank_high: int
    """How many are there, less those separably worse."""
    tied_with: tuple[str, ...]
    """Everybody from whom it is not separable."""


def is_separable(a: float, error_a: float, b: float, error_b: float) -> bool:
    """Whether the 95 % intervals of two scores do not overlap. Errors are standard errors; 0 = exact."""
    return abs(a - b) > Z95 * (error_a + error_b)


def standings(scores: Mapping[str, tuple[float, float]]) -> dict[str, Standing]:
    """`scores`: candidate to (score, standard error)."""
    best = _p_best(scores)
    out: dict[str, Standing] = {}
    for one, (score, error) in scores.items():
        better = worse = 0
        tied: list[str] = []
        for other, (theirs, other_error) in scores.items():
            if other == one:
                continue
            if not is_separable(score, error, theirs, other_error):
                if error or other_error or score == theirs:
                    tied.append(other)
            elif theirs > score:
                better += 1
            else:
                worse += 1
        out[one] = Standing(
            p_best=best[one],
            rank_low=1 + better,
            rank_high=len(scores) - worse,
            tied_with=tuple(sorted(tied)),
        )
    return out


def _p_best(scores: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The integral of each density times the others' distribution functions, by the trapezoid rule."""
    if not scores:
        return {}
    # An exact score is a very narrow normal: the grid must still see it.
    widest = max((e for _, e in scores.values()), default=0.0)
    top = max(s for s, _ in scores.values())
    if widest < 1e-9:
        leaders = sorted(i for i, (s, _) in scores.items() if s == top)
        return {i: (1 / len(leaders) if i in leaders else 0.0) for i in scores}
    floor = widest / 20
    known = {i: (s, max(e, floor)) for i, (s, e) in scores.items()}
    low = max(s - 6 * e for s, e in known.values())
    high = max(s + 6 * e for s, e in known.values())
    step = (high - low) / _STEPS
    grid = [low + step * k for k in range(_STEPS + 1)]
    below = {i: [_cdf((x - s) / e) for x in grid] for i, (s, e) in known.items() if s + 6 * e > low}
    share = dict.fromkeys(scores, 0.0)
    columns = list(below.values())
    for k in range(_STEPS):
        middles = [(column[k] + column[k + 1]) / 2 for column in columns]
        for i, column, others in zip(below, columns, _products_of_the_others(middles), strict=True):
            share[i] += (column[k + 1] - column[k]) * others
    total = sum(share.values()) or 1.0
    return {i: round(p / total, 4) for i, p in share.items()}


def _products_of_the_others(values: Sequence[float]) -> list[float]:
    """Of each position, the product of all others: one pass from either end, none divides by a zero."""
    before = list(accumulate(values, mul, initial=1.0))
    after = list(accumulate(reversed(values), mul, initial=1.0))
    last = len(values) - 1
    return [before[i] * after[last - i] for i in range(len(values))]


def _cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def adjacent_ties(scores: Sequence[tuple[float, float]]) -> float:
    """Share of neighbours in a leaderboard, 0-1, that are not separable. `scores`: (score, error)."""
    ordered = sorted(scores, reverse=True)
    pairs = list(pairwise(ordered))
    if not pairs:
        return 0.0
    return sum(not is_separable(*a, *b) for a, b in pairs) / len(pairs)
