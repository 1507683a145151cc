"""Edges of the statistics: nothing, one, all alike, and what cannot be said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.stats.agreement import cohen_kappa
from pilothouse.core.stats.bradley_terry import bradley_terry
from pilothouse.core.stats.confusion import confusion
from pilothouse.core.stats.difference import difference
from pilothouse.core.stats.judge_error import JudgeCounts, corrected_rate
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.multiple import benjamini_hochberg, holm
from pilothouse.core.stats.non_inferiority import non_inferior
from pilothouse.core.stats.pass_at_k import pass_at_k
from pilothouse.core.stats.power import paired_cases_needed
from pilothouse.core.stats.student import t_p_value, t_quantile
from pilothouse.core.stats.variance_split import variance_split

shares = st.floats(0, 1)


@given(st.lists(shares, min_size=1, max_size=40), st.integers(1, 10))
def test_an_interval_holds_its_mean_and_stays_a_share(values: list[float], groups: int) -> None:
    found = mean_interval(values, [i % groups for i in range(len(values))])
    assert -1e-9 <= found.interval.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.interval.high <= 1 + 1e-9


@given(st.lists(st.booleans(), min_size=2, max_size=40), st.data())
def test_a_difference_turned_round_has_the_other_sign(a: list[bool], data: st.DataObject) -> None:
    b = data.draw(st.lists(st.booleans(), min_size=len(a), max_size=len(a)))
    one, other = difference(list(map(float, a)), list(map(float, b))), None
    other = difference(list(map(float, b)), list(map(float, a)))
    assert one.value == pytest.approx(-other.value)
    assert one.interval.low == pytest.approx(-other.interval.high)
    assert one.p == pytest.approx(other.p)


@given(st.lists(shares, max_size=20))
def test_adjusted_p_values_are_never_smaller(p: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        assert all(a >= b - 1e-12 for a, b in zip(adjust(p), p, strict=True))


def test_one_cluster_says_nothing_of_the_spread() -> None:
    assert mean_interval([1.0, 0.0, 1.0], ["a", "a", "a"]).interval.high > 0.97
    assert difference([1.0, 0.5], [0.0, 0.5], ["a", "a"]).p == 1.0


def test_students_t_is_the_known_one() -> None:
    assert t_quantile(0.95, 10) == pytest.approx(2.228138852, abs=1e-8)
    assert t_p_value(2.228138852, 10) == pytest.approx(0.05, abs=1e-9)


def test_variance_is_split_between_cases_and_runs() -> None:
    found = variance_split([[1, 1], [0, 0], [1, 0], [1, 1]])
    assert found is not None
    assert found.within_case == pytest.approx(0.125)
    assert found.total == pytest.approx(found.between_cases + found.within_case)
    assert variance_split([[1], [0]]) is None
    same = variance_split([[1, 0], [1, 0]])
    assert same is not None and same.share_within == 1


def test_a_margin_is_met_missed_or_open() -> None:
    same = difference([1.0] * 200, [1.0] * 200)
    worse = difference([0.0] * 50 + [1.0] * 150, [1.0] * 200)
    assert non_inferior(same, 0.05) == "met"
    assert non_inferior(worse, 0.05) == "not met"
    assert non_inferior(worse, 0.24) == "not yet proven"


def test_a_judge_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="says nothing"):
        corrected_rate(5, 10, JudgeCounts(passes=10, pass_as_pass=5, fails=10, fail_as_fail=5))
    with pytest.raises(ValueError, match="needs items"):
        corrected_rate(5, 10, JudgeCounts(passes=10, pass_as_pass=5, fails=0, fail_as_fail=0))


def test_who_only_wins_has_no_finite_strength() -> None:
    with pytest.raises(ValueError, match="only win"):
        bradley_terry([[0, 5], [0, 0]])


def test_two_who_always_agree_and_one_label() -> None:
    assert cohen_kappa("aabb", "aabb").value == 1.0
    assert cohen_kappa("aaa", "aaa").value == 1.0


def test_a_confusion_has_figures_for_each_class() -> None:
    found = confusion([("a", "a"), ("a", "b"), ("b", "b"), ("b", "?")])
    figures = {c.label: (c.precision, c.recall) for c in found.classes}
    assert figures == {"a": (1.0, 0.5), "b": (0.5, 0.5), "?": (0.0, 0.0)}
    assert found.accuracy == 0.5
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2)


def test_samples_and_cases_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="k must be"):
        pass_at_k(5, 2, 6)
    assert paired_cases_needed(0.1, 0.1) is None
