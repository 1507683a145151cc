"""Intervals against the best single model."""

from __future__ import annotations

from random import Random

import pytest

from pilothouse.route.cascade_draws import against
from pilothouse.route.cascade_outcome import Outcome


def made(score: list[float], cost: list[float]) -> Outcome:
    return Outcome(score=score, cost_usd=cost, latency_ms=None, first_share=1, check_usd=0)


def sample(n: int, random: Random) -> tuple[Outcome, Outcome]:
    """Best: right 7 times in 10 at about 2. The other: 0.05 better, at about half."""
    best = [float(random.random() < 0.7) for _ in range(n)]
    other = [float(random.random() < (0.9 if b else 0.4)) for b in best]
    costs = [random.uniform(1, 3) for _ in range(n)]
    return made(best, costs), made(other, [c / 2 * random.uniform(0.5, 1.5) for c in costs])


def test_intervals_hold_the_truth_about_95_times_in_100() -> None:
    random = Random(3)
    held = [0, 0]
    for _ in range(100):
        best, other = sample(150, random)
        found = against([str(i) for i in range(150)], best, [other], times=200)[0]
        held[0] += found.difference.low <= 0.05 <= found.difference.high
        held[1] += found.cost_ratio.low <= 0.5 <= found.cost_ratio.high
    assert min(held) >= 90, held


@pytest.mark.parametrize("groups_of", [1, 5])
def test_more_than_a_thousand_groups_are_dealt_without_a_narrower_interval(groups_of: int) -> None:
    n = 6000
    best, other = sample(n, Random(5))
    groups = [str(i // groups_of) for i in range(n)]
    found = against(groups, best, [other], times=400)[0]
    error = _ratio_error(best, other)
    width = found.cost_ratio.high - found.cost_ratio.low
    assert width == pytest.approx(2 * 1.96 * error, rel=0.2)


def _ratio_error(best: Outcome, other: Outcome) -> float:
    """By the delta method, for independent cases."""
    n = len(best.cost_usd)
    ratio = sum(other.cost_usd) / sum(best.cost_usd)
    left = [o - ratio * b for o, b in zip(other.cost_usd, best.cost_usd, strict=True)]
    return (sum(x * x for x in left) / n / n) ** 0.5 / (sum(best.cost_usd) / n)


def test_cases_of_one_group_are_drawn_together() -> None:
    best, other = sample(40, Random(1))
    doubled = [made(o.score * 10, o.cost_usd * 10) for o in (best, other)]
    groups = [str(i) for i in range(40)]
    once = against(groups, best, [other])[0]
    ten = against(groups * 10, doubled[0], [doubled[1]])[0]
    assert ten.cost_ratio.low == pytest.approx(once.cost_ratio.low)
    assert ten.cost_ratio.high == pytest.approx(once.cost_ratio.high)


def test_a_few_cases_without_a_disagreement_do_not_prove_equality() -> None:
    found = against(list("abcdefgh"), made([1.0] * 8, [2.0] * 8), [made([1.0] * 8, [1.0] * 8)])[0]
    assert found.difference.low < -0.05
    assert (found.cost_ratio.low, found.cost_ratio.high) == (0.5, 0.5)
