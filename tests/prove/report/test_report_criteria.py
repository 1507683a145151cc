"""Criteria on scorers, tags, losses and quantiles: each from its own evidence, open where it is thin."""

from math import ceil

import msgspec
import pytest
from evidence_builder import evidence, outcome, settings, yes_no
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pilothouse.core.criterion import Criterion, Judged
from pilothouse.core.stats.proportion import clopper_pearson
from pilothouse.prove.evidence import CaseFact, Evidence
from pilothouse.prove.report import report


def criterion(metric: str, threshold: float, *, is_floor: bool = True) -> Criterion:
    text = f"{'>=' if is_floor else '<='} {threshold}"
    return Criterion(metric=metric, is_floor=is_floor, threshold=threshold, text=text)


def judged(found: Evidence, *asked: Criterion, candidate: int = 0) -> Judged:
    made = report(replace(settings(*found.candidates), criteria=asked), found)
    return made.candidates[candidate].judged[0]


def test_a_share_is_judged_by_the_exact_interval() -> None:
    found = judged(yes_no("1" * 90 + "0" * 10), criterion("accuracy", 0.8))
    exact = clopper_pearson(90, 100)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((exact.low, exact.high))
    assert found.verdict == "met"
    assert found.why == "95 % interval (Clopper-Pearson)"


def test_a_tag_asks_for_its_own_cases() -> None:
    facts = [CaseFact(id=f"q{i}", tags=("refund",) if i < 50 else ()) for i in range(200)]
    given_ = yes_no("0" * 50 + "1" * 150, cases=facts)
    assert judged(given_, criterion("accuracy", 0.7)).value == 0.75
    assert judged(given_, criterion("accuracy@refund", 0.7)).verdict == "not met"
    missing = judged(given_, criterion("accuracy@refunds", 0.7))
    assert (missing.verdict, missing.why) == (
        "not yet proven",
        'no case with the tag "refunds" was asked',
    )


def test_any_scorer_can_have_a_criterion() -> None:
    outcomes = [msgspec.structs.replace(outcome(i, 0), values=(0.0, 0.75)) for i in range(20)]
    both = evidence(
        outcomes, ["a"], scorers=("accuracy", "grounded"), scorer_words=("exact", "grounded")
    )
    assert judged(both, criterion("grounded", 0.7)).verdict == "met"
    assert judged(both, criterion("accuracy", 0.7)).verdict == "not met"
    assert 'no scorer "polite"' in judged(both, criterion("polite", 0.7)).why


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ("1" * 396 + "0" * 4, "met"),
        ("1" * 300 + "0" * 100, "not met"),
        ("1" * 380 + "0" * 20, "met"),
    ],
)
def test_a_loss_is_against_the_baseline_case_by_case(other: str, verdict: str) -> None:
    found = yes_no("1" * 392 + "0" * 8, other)
    asked = criterion("accuracy_loss", 0.06, is_floor=False)
    assert judged(found, asked, candidate=1).verdict == verdict
    assert judged(found, asked).verdict == "met"  # the baseline loses nothing to itself


@pytest.mark.parametrize(("metric", "fewest"), [("latency_p99_ms", 368), ("ttft_p95_ms", 72)])
def test_a_quantile_says_how_many_answers_it_takes(metric: str, fewest: int) -> None:
    asked = criterion(metric, 9000, is_floor=False)
    few = judged(yes_no("1" * (fewest - 1)), asked)
    assert f"it takes at least {fewest}" in few.why
    assert judged(yes_no("1" * fewest), asked).verdict == "met"


def test_an_open_criterion_says_how_many_more_cases_would_decide() -> None:
    made = report(settings("a", accuracy=">= 0.8"), yes_no("1" * 85 + "0" * 15))
    [step] = made.recommendation.next_steps
    assert made.candidates[0].judged[0].why.startswith("the interval holds 0.8: about 2")
    assert step.startswith("ask a about 1")
    assert judged(yes_no("1" * 80 + "0" * 20), criterion("accuracy", 0.8)).why.endswith(
        "no number of cases would do"
    )


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 0.95))
def test_met_and_not_met_ask_the_whole_interval(right: int, wrong: int, threshold: float) -> None:
    found = judged(yes_no("1" * right + "0" * wrong), criterion("accuracy", threshold))
    assert found.interval is not None
    low, high = found.interval.low, found.interval.high
    assert low <= right / (right + wrong) <= high
    assert (found.verdict == "met") == (low >= threshold)
    assert (found.verdict == "not met") == (high < threshold)
    assert ceil(high) == 1
