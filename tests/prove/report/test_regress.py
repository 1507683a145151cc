"""Baseline against current: a verdict with margins, its exit code, JUnit XML and a summary."""

import xml.etree.ElementTree as ET

import pytest
from evidence_builder import evidence, outcome, yes_no
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pilothouse.prove.evidence import CaseFact, Evidence
from pilothouse.prove.junit import junit
from pilothouse.prove.regress import Margins, Regression, RegressVerdict, regress
from pilothouse.prove.render.regress import conclusion, markdown

ONLY_ACCURACY = Margins(accuracy=0.05, failure_rate=None)


def shares(right: int, n: int) -> Evidence:
    return yes_no("1" * right + "0" * (n - right))


@pytest.mark.parametrize(
    ("before", "after", "n", "verdict", "code"),
    [
        (900, 899, 1000, "not worse", 0),
        (900, 980, 1000, "not worse", 0),
        (900, 700, 1000, "regressed", 1),
        (90, 86, 100, "not yet proven", 3),
    ],
)
def test_the_verdict_asks_the_whole_interval(
    before: int, after: int, n: int, verdict: RegressVerdict, code: int
) -> None:
    made = regress(shares(before, n), shares(after, n), ONLY_ACCURACY)
    assert (made.verdict, made.exit_code) == (verdict, code)
    assert conclusion(made).lower().startswith(verdict)


def test_an_open_verdict_says_how_many_cases_would_close_it() -> None:
    [guard] = regress(shares(90, 100), shares(86, 100), ONLY_ACCURACY).guards
    assert "cases would decide" in guard.why


def timed(scale: float, n: int = 400) -> Evidence:
    return evidence([outcome(i, 0, latency_ms=scale * (500 + i % 50)) for i in range(n)], ["a"])


def paid(scale: float) -> Evidence:
    return evidence(
        [outcome(i, 0, cost_pico_usd=int(scale * (1000 + i % 7))) for i in range(100)], ["a"]
    )


NOTHING = Margins(accuracy=None, failure_rate=None)


@pytest.mark.parametrize(
    ("scale", "verdict"), [(1.0, "not worse"), (1.05, "not worse"), (1.5, "regressed")]
)
@pytest.mark.parametrize("guard", ["latency_p50_ratio", "latency_p95_ratio", "cost_ratio"])
def test_time_and_money_have_their_own_margins(
    guard: str, scale: float, verdict: RegressVerdict
) -> None:
    make = paid if guard == "cost_ratio" else timed
    made = regress(make(1.0), make(scale), replace(NOTHING, **{guard: 1.2}))
    assert made.verdict == verdict
    [found] = made.guards
    assert found.value == pytest.approx(scale, rel=0.01)
    assert found.interval is not None and found.value is not None
    assert found.interval.low <= found.value <= found.interval.high


def test_few_times_prove_nothing() -> None:
    made = regress(timed(1, 40), timed(1, 40), replace(NOTHING, latency_p95_ratio=1.2))
    assert made.verdict == "not yet proven"
    assert "no upper bound" in made.guards[0].why


def test_what_was_not_recorded_is_not_proven() -> None:
    bare = evidence([outcome(i, 0, latency_ms=None, cost_pico_usd=None) for i in range(9)], ["a"])
    made = regress(bare, bare, replace(NOTHING, latency_p50_ratio=1.2, cost_ratio=1.1))
    assert {g.verdict for g in made.guards} == {"not yet proven"}
    assert made.exit_code == 3


def test_failures_are_guarded() -> None:
    failing = evidence(
        [outcome(i, 0, error_class="timeout" if i % 4 == 0 else None) for i in range(200)], ["a"]
    )
    made = regress(shares(200, 200), failing, Margins(accuracy=None, failure_rate=0.02))
    assert made.verdict == "regressed"
    assert ("a", "q0", "timeout") in made.failed_cases


def test_nothing_guarded_is_nothing_proven() -> None:
    assert regress(shares(5, 9), shares(5, 9), NOTHING).verdict == "not yet proven"


@given(st.integers(0, 60), st.integers(0, 60))
def test_no_change_is_ever_both(before: int, after: int) -> None:
    made = regress(shares(before, 60), shares(after, 60), ONLY_ACCURACY)
    drop = (before - after) / 60
    if made.verdict == "regressed":
        assert drop > 0.05
    if made.verdict == "not worse":
        assert drop <= 0.05


def parsed(made: Regression) -> ET.Element:
    return ET.fromstring(junit(made))


def test_junit_has_a_test_for_each_guard_and_each_case() -> None:
    root = parsed(regress(shares(90, 100), shares(40, 100)))
    guards, cases = root.findall("testsuite")
    assert [t.get("name") for t in guards] == ["accuracy", "failure_rate"]
    assert cases.get("tests") == "100"
    assert cases.get("failures") == str(len(cases.findall("testcase/failure"))) == "50"
    assert guards.get("failures") == "1"


def test_cases_that_changed_within_the_margin_do_not_fail_a_build() -> None:
    flips = "0" + "1" * 499
    back = "1" * 499 + "0"
    made = regress(yes_no(flips), yes_no(back))
    assert made.verdict == "not worse"
    root = parsed(made)
    assert root.findall(".//failure") == root.findall(".//skipped") == []
    assert len(root.findall(".//system-out")) == 3  # two guards and the case that was lost


def test_an_open_guard_is_skipped_with_its_words() -> None:
    root = parsed(regress(shares(90, 100), shares(86, 100), ONLY_ACCURACY))
    [skipped] = root.findall(".//skipped")
    assert (skipped.get("message") or "").startswith("not yet proven: accuracy -0.04")


def test_any_name_makes_good_xml() -> None:
    facts = [CaseFact(id='<&">\x00\x0b' + str(i)) for i in range(3)]
    root = parsed(regress(yes_no("110", cases=facts), yes_no("100", cases=facts)))
    names = [t.get("name") or "" for t in root.findall("testsuite")[1]]
    assert names[0].startswith('<&">')


def test_the_summary_leads_with_the_verdict_and_folds_the_cases() -> None:
    text = markdown(regress(shares(90, 100), shares(40, 100)))
    assert text.startswith("## ❌ Regressed: a accuracy (run poc-1 against poc-1, 100 cases).")
    assert "| a | accuracy | ❌ regressed | 0.9 | 0.4 |" in text
    assert "<details><summary>a: 50 cases worse</summary>" in text
