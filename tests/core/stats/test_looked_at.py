"""An upper bound that may be looked at after every answer, and stop something by itself."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.stats.looked_at import anytime_upper
from pilothouse.core.stats.proportion import clopper_pearson_upper


def first_below(k: int, bound: float) -> int:
    return next(n for n in range(k, 5000) if anytime_upper(k, n) < bound)


def test_so_many_in_a_row_show_that_a_rate_is_below_a_twentieth() -> None:
    assert [first_below(k, 0.05) for k in (0, 1, 2)] == [81, 139, 184]


@given(st.integers(0, 200), st.integers(0, 200))
def test_it_lies_above_the_rate_seen_and_above_a_bound_that_may_be_looked_at_once(
    k: int, more: int
) -> None:
    n = k + more
    if n:
        assert k / n <= anytime_upper(k, n) <= 1.0
        assert anytime_upper(k, n) >= clopper_pearson_upper(k, n) - 1e-9


@given(st.integers(0, 100), st.integers(0, 300))
def test_one_more_event_never_lowers_it_and_one_more_without_never_raises_it(
    k: int, more: int
) -> None:
    n = k + more
    assert anytime_upper(k + 1, n + 1) >= anytime_upper(k, n) - 1e-9
    if n:
        assert anytime_upper(k, n + 1) <= anytime_upper(k, n) + 1e-9


def test_at_the_rate_itself_it_is_ever_below_in_at_most_one_case_of_twenty() -> None:
    draws = random.Random(7)
    wrong = 0
    for _ in range(300):
        k = 0
        for n in range(1, 601):
            k += draws.random() < 0.05
            if anytime_upper(k, n) < 0.05:
                wrong += 1
                break
    assert wrong <= 25, "5 % of 300, and chance"


def test_nothing_seen_is_nothing_known_and_what_is_no_proportion_is_refused() -> None:
    assert anytime_upper(0, 0) == 1.0
    for k, n in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="no proportion"):
            anytime_upper(k, n)
