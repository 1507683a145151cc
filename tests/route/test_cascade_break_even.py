"""How wrong a check may be."""

from __future__ import annotations

from statistics import fmean

import pytest
from cascade_tables import of_counts

from pilothouse.route.cascade_break_even import break_even
from pilothouse.route.cascade_outcome import Check, Columns, Plan, outcome

MINI_THEN_STRONG = Plan(kind="verifier", models=("mini", "strong"))
THREE = Plan(kind="verifier", models=("mini", "other", "strong"))


def found(of: Columns, plan: Plan, check: Check | None = None) -> float | None:
    strong = outcome(of, Plan(kind="single", models=("strong",)), Check())
    return break_even(of, plan, check or Check(), strong)


def test_of_a_pair_it_is_where_the_lines_cross() -> None:
    # Only-mini 25, only-strong 79: the score falls from 378 by (25 + 79) times the error until it is 353.
    of = of_counts({(1, 1): 274, (1, 0): 25, (0, 1): 79, (0, 0): 122}, cost=(1, 20))
    assert found(of, MINI_THEN_STRONG) == pytest.approx(25 / 104, abs=1e-8)


def test_of_three_it_is_where_the_exact_expectation_crosses() -> None:
    of = of_counts(
        {(1, 1, 1): 50, (1, 0, 0): 9, (0, 1, 0): 8, (0, 0, 1): 20, (0, 0, 0): 13}, cost=(1, 2, 20)
    )
    error = found(of, THREE)
    assert error is not None
    strong = fmean(of.score["strong"])
    at = outcome(of, THREE, Check(false_accept=error, false_reject=error))
    beyond = outcome(of, THREE, Check(false_accept=error + 1e-4, false_reject=error + 1e-4))
    assert fmean(at.score) == pytest.approx(strong, abs=1e-8)
    assert fmean(beyond.score) < strong


def test_there_is_none_where_even_a_perfect_check_does_not_help() -> None:
    of = of_counts({(1, 1): 5, (0, 1): 5}, cost=(8, 10))
    assert found(of, MINI_THEN_STRONG) is None


def test_the_price_of_the_check_counts() -> None:
    of = of_counts({(1, 1): 6, (0, 1): 4, (1, 0): 1}, cost=(1, 10))
    assert found(of, MINI_THEN_STRONG) is not None
    assert found(of, MINI_THEN_STRONG, Check(usd=6)) is None


def test_a_model_that_is_always_right_needs_no_check_at_all() -> None:
    of = of_counts({(1, 0): 10}, cost=(1, 10))
    assert found(of, MINI_THEN_STRONG) == 0.5
