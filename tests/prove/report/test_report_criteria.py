"""Criteria on scorers, tags, losses and quantiles: each from its own evidence, open where it is thin."""

from math import ceil

import msgspec
import pytest
from evidence_builder import evidence, outcome, settings, yes_no
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pilothouse.core.criterion import Criterion, Judged, parse_criterion
from pilothouse.core.stats.judge_error import JudgeCounts
from pilothouse.core.stats.proportion import clopper_pearson
from pilothouse.prove.evidence import CaseFact, Evidence
from pilothouse.prove.render.markdown import markdown
from pilothouse.prove.report import Report, report


def criterion(metric: str, threshold: float, *, is_floor: bool = True) -> Criterion:
    text = f"{'>=' if is_floor else '<='} {threshold}"
    return parse_criterion(metric, text, scorers=("grounded", "polite"))


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


def test_tokens_a_second_and_ungraded_answers_can_have_criteria() -> None:
    fast = yes_no("1" * 80)  # 40 tokens after the first in 400 ms and more
    asked = criterion("tokens_per_second_p50", 50)
    found = judged(fast, asked)
    assert (found.verdict, found.value) == ("met", pytest.approx(40 / 0.439, rel=0.01))
    assert "after the first token" in found.why
    partly = evidence([outcome(i, 0, None if i < 30 else 1.0) for i in range(100)], ["a"])
    assert judged(partly, criterion("ungraded_rate", 0.1, is_floor=False)).verdict == "not met"


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.05, 0.95))
def test_met_and_not_met_ask_the_whole_interval(right: int, wrong: int, threshold: float) -> None:
    found = judged(yes_no("1" * right + "0" * wrong), criterion("accuracy", threshold))
    assert found.interval is not None
    low, high = found.interval.low, found.interval.high
    assert low <= right / (right + wrong) <= high
    assert (found.verdict == "met") == (low >= threshold)
    assert (found.verdict == "not met") == (high < threshold)
    assert ceil(high) == 1


def by_judge(counts: JudgeCounts | None, threshold: float, *, trusts: bool = False) -> Report:
    found = yes_no("1" * 340 + "0" * 60)
    asked = replace(
        settings("a"),
        criteria=(criterion("accuracy", threshold),),
        judged_scorers={"number": counts},
        trusts_judges=trusts,
    )
    return report(asked, found)


GENEROUS = JudgeCounts(passes=300, pass_as_pass=297, fails=200, fail_as_fail=140)
"""It passes 30 % of what people fail."""


def test_a_judges_errors_are_in_the_figure_and_in_its_interval() -> None:
    made = by_judge(GENEROUS, 0.82)
    [scorer] = made.candidates[0].scorers
    assert scorer.judged is not None
    assert scorer.judged.said == 0.85
    assert scorer.judged.value == pytest.approx((0.85 + 0.7 - 1) / (0.99 + 0.7 - 1))
    judged_ = made.candidates[0].judged[0]
    assert judged_.verdict != "met"  # the judge alone would have said 85 %
    assert "sensitivity 99 %, specificity 70 % on 500 human labels" in judged_.why
    assert "people would say" in markdown(made)


def test_a_failure_is_wrong_whatever_the_judge_errs() -> None:
    failed = [outcome(i, 0, error_class="timeout" if i < 50 else None) for i in range(100)]
    asked = replace(settings("a"), judged_scorers={"number": GENEROUS})
    [scorer] = report(asked, evidence(failed, ["a"])).candidates[0].scorers
    assert scorer.judged is not None
    assert scorer.judged.interval.high <= 0.5


def test_a_judge_that_nobody_measured_decides_nothing_unless_told() -> None:
    assert by_judge(None, 0.5).candidates[0].verdict == "not yet proven"
    assert "nobody has compared with people" in by_judge(None, 0.5).candidates[0].judged[0].why
    assert by_judge(None, 0.5).recommendation.choice is None
    assert by_judge(None, 0.5, trusts=True).candidates[0].verdict == "met"


def test_a_judge_no_better_than_a_coin_proves_nothing() -> None:
    coin = JudgeCounts(passes=100, pass_as_pass=50, fails=100, fail_as_fail=50)
    assert by_judge(coin, 0.1).candidates[0].verdict == "not yet proven"
