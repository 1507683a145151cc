"""Paired cluster bootstrap of plans against the best single model: score difference and cost ratio.

Whole groups are drawn, the same ones for every plan. More than 1,000 groups are first dealt at random into 1,000
hands: a sum over hands varies as the sum over groups does, and the work stays bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from random import Random

from msgspec import Struct

from pilothouse.core.stats.difference import difference
from pilothouse.core.stats.proportion import Interval
from pilothouse.route.cascade_outcome import Outcome

_HANDS = 1000


class Against(Struct, frozen=True, kw_only=True):
    """95 % intervals of a plan against the best single model."""

    difference: Interval
    cost_ratio: Interval


def against(
    groups: Sequence[str],
    best: Outcome,
    plans: Sequence[Outcome],
    *,
    seed: int = 7,
    times: int = 1000,
) -> list[Against]:
    """One for each plan; needs two cases and a `best` that costs something.

    The difference gets the wider of the drawn interval and that of `core.stats.difference`, which does not shrink
    to nothing where the sample has few disagreements.
    """
    random = Random(seed)
    hand_of = _dealt(groups, random)
    count = max(hand_of) + 1
    base_cost = _sums(best.cost_usd, hand_of, count)
    sizes = _sums([1.0] * len(hand_of), hand_of, count)
    costs = [_sums(p.cost_usd, hand_of, count) for p in plans]
    gains = [
        _sums([a - b for a, b in zip(p.score, best.score, strict=True)], hand_of, count)
        for p in plans
    ]
    drawn: list[list[tuple[float, float]]] = [[] for _ in plans]
    for _ in range(times):
        picked = random.choices(range(count), k=count)
        size, base = _of(sizes, picked), _of(base_cost, picked)
        for found, gain, cost in zip(drawn, gains, costs, strict=True):
            found.append((_of(gain, picked) / size, _of(cost, picked) / base if base else 1.0))
    return [
        Against(
            difference=_wider(
                _middle([d for d, _ in found]),
                difference(plan.score, best.score, groups).interval,
            ),
            cost_ratio=_middle([r for _, r in found]),
        )
        for plan, found in zip(plans, drawn, strict=True)
    ]


def _dealt(groups: Sequence[str], random: Random) -> list[int]:
    names = sorted(set(groups))
    random.shuffle(names)
    hand = {name: i % _HANDS for i, name in enumerate(names)}
    return [hand[g] for g in groups]


def _sums(values: Sequence[float], hand_of: Sequence[int], count: int) -> list[float]:
    found = [0.0] * count
    for value, hand in zip(values, hand_of, strict=True):
        found[hand] += value
    return found


def _of(sums: list[float], picked: list[int]) -> float:
    return sum(map(sums.__getitem__, picked))


def _middle(values: list[float], confidence: float = 0.95) -> Interval:
    ordered = sorted(values)
    cut = floor((1 - confidence) / 2 * len(ordered))
    return Interval(ordered[cut], ordered[len(ordered) - 1 - cut])


def _wider(a: Interval, b: Interval) -> Interval:
    return Interval(min(a.low, b.low), max(a.high, b.high))
