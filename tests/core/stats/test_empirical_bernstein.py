"""Maurer and Pontil's bound: computed by hand, and never too narrow."""

from __future__ import annotations

import random
from math import inf, log, sqrt

import pytest

from pilothouse.core.stats.empirical_bernstein import empirical_bernstein


def test_it_is_the_formula_of_theorem_4_with_half_of_the_risk_on_each_side() -> None:
    found = empirical_bernstein([0.0, 1.0, 1.0, 0.0], 0, 1)
    risk = log(2 / 0.025)
    half = sqrt(2 * (1 / 3) * risk / 4) + 7 * risk / (3 * 3)
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half))


def test_it_grows_with_the_range_that_values_could_have() -> None:
    narrow, wide = (empirical_bernstein([0.5] * 10, 0, top) for top in (1, 100))
    assert (wide.high - wide.low) == pytest.approx(100 * (narrow.high - narrow.low))


def test_one_value_promises_nothing() -> None:
    found = empirical_bernstein([0.5], 0, 1)
    assert (found.low, found.high) == (-inf, inf)


@pytest.mark.parametrize("values", [[], [1.5], [float("nan")]])
def test_no_value_or_one_outside_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="no values|not within 0 to 1"):
        empirical_bernstein(values, 0, 1)


def test_rare_large_values_are_covered() -> None:
    """Where a normal interval fails: most samples see none of them."""
    dice = random.Random(1)
    covered = 0
    for _ in range(400):
        values = [50.0 * (dice.random() < 0.01) for _ in range(100)]
        found = empirical_bernstein(values, 0, 50)
        covered += found.low <= 0.5 <= found.high
    assert covered >= 0.95 * 400
