"""Criteria: their text, and met / not met / not yet proven."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.criterion import judge, parse_criterion
from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.proportion import Interval, wilson


def test_a_criterion_is_a_comparison_with_a_number_or_a_percentage() -> None:
    assert parse_criterion("accuracy", ">= 0.80").threshold == 0.8
    assert parse_criterion("accuracy", ">=80%").threshold == 0.8
    assert not parse_criterion("cost_per_request", "<= 0.02").is_floor


@pytest.mark.parametrize(
    ("metric", "text", "message"),
    [
        ("acuracy", ">= 0.8", 'Did you mean "accuracy"?'),
        ("accuracy", "0.8", "is not a criterion"),
        ("accuracy", ">= 80", "a share is between 0 and 1"),
        ("latency_p95_ms", "<= fast", "is not a criterion"),
    ],
)
def test_what_is_no_criterion_is_refused(metric: str, text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_criterion(metric, text)
    assert message in str(caught.value)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_met_and_not_met_need_the_whole_interval(kn: tuple[int, int]) -> None:
    k, n = kn
    interval = wilson(k, n)
    verdict = judge(parse_criterion("accuracy", ">= 0.8"), k / n, interval, "").verdict
    assert (verdict == "met") == (interval.low >= 0.8)
    assert (verdict == "not met") == (interval.high < 0.8)


def test_a_ceiling_is_judged_the_other_way_round() -> None:
    ceiling = parse_criterion("failure_rate", "<= 0.02")
    assert judge(ceiling, 0.01, Interval(0.0, 0.02), "").verdict == "met"
    assert judge(ceiling, 0.05, Interval(0.03, 0.08), "").verdict == "not met"
    assert judge(ceiling, 0.02, Interval(0.01, 0.03), "").verdict == "not yet proven"
