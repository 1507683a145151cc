"""From evidence to figures: nothing dropped, nothing made up, the published scores reproduced."""

import json
from math import isclose
from pathlib import Path
from typing import Any

import msgspec
import pytest
from evidence_builder import criteria, evidence, gsm8k, outcome, rich, settings, yes_no
from msgspec.structs import replace

from pilothouse.prove.evidence import CaseFact
from pilothouse.prove.report import Report, report

KNOWN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "known_answers" / "statistics.json").read_text()
)["gsm8k_paired"]


def as_json(made: Report) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(made))


def test_the_published_gsm8k_scores_and_the_known_paired_figures_come_out() -> None:
    found, asked = gsm8k()
    made = report(asked, found)
    assert [(c.right, c.answers) for c in made.candidates] == [(1130, 1319), (842, 1319)]
    [pair] = made.comparisons
    assert isclose(pair.difference, KNOWN["difference"], abs_tol=1e-9)
    assert isclose(pair.standard_error, KNOWN["se_paired"], abs_tol=1e-9)
    assert isclose(pair.interval.low, KNOWN["ci95_normal"][0], abs_tol=1e-4)
    assert isclose(pair.interval.high, KNOWN["ci95_normal"][1], abs_tol=1e-4)
    assert pair.mcnemar_p is not None
    assert isclose(pair.mcnemar_p, KNOWN["mcnemar_exact_p"], rel_tol=1e-9)
    assert (pair.only_a, pair.only_b) == (95, 383)


def test_listed_contamination_is_told_with_the_scores_of_the_rest() -> None:
    found, asked = gsm8k()
    [caveat] = [w for w in report(asked, found).warnings if w.kind == "contamination"]
    for words in ("12 cases", "85.77 %", "63.73 %"):
        assert words in caveat.text


def test_answers_that_differ_from_their_published_label_are_listed() -> None:
    made = report(settings("a"), yes_no("101"), lambda case, model: case != "q1" or None)
    [candidate] = made.candidates
    assert candidate.labelled == 2
    assert candidate.label_differences == ()
    made = report(settings("a"), yes_no("101"), lambda case, model: True)
    [different] = made.candidates[0].label_differences
    assert (different.case_id, different.is_right, different.published) == ("q1", False, True)


def test_the_guides_fields_are_there_under_the_guides_names() -> None:
    made = as_json(report(settings("steady", "swift", "thrifty"), rich()))
    first = made["candidates"][0]
    assert first["model"] == "model-of-steady"
    assert set(first["metrics"]) == {
        "accuracy_mean",
        "latency_p50",
        "latency_p95",
        "cost_per_request",
        "failure_rate",
    }
    assert all(first["qualitative"][key] for key in ("strengths", "weaknesses"))
    assert 0.3 < first["metrics"]["latency_p50"] < 3  # seconds


def test_a_failure_is_failed_and_wrong_and_has_no_time() -> None:
    outcomes = [outcome(i, 0) for i in range(9)]
    outcomes.append(outcome(9, 0, error_class="timeout", latency_ms=60_000.0, cost_pico_usd=None))
    [made] = report(settings("a"), evidence(outcomes, ["a"])).candidates
    assert made.accuracy is not None
    assert (made.right, made.accuracy.value, made.failures.failed) == (9, 0.9, 1)
    assert made.latency.recorded == 9
    assert made.costs.is_complete
    [kind] = made.failures.by_class
    assert (kind.error_class, kind.rate, kind.may_pass) == ("timeout", 0.1, True)


def test_an_answer_that_could_not_be_graded_counts_nowhere_and_is_told_with_its_bounds() -> None:
    outcomes = [outcome(i, 0, None if i == 0 else float(i > 4)) for i in range(10)]
    given = evidence(outcomes, ["a"], ungraded={"number": (("q0", "ValueError: no"),)})
    made = report(settings("a"), given)
    candidate = made.candidates[0]
    assert candidate.accuracy is not None
    assert isclose(candidate.accuracy.value, 5 / 9)
    [caveat] = [w for w in made.warnings if w.kind == "ungraded"]
    for words in ("1 of 10", "q0", "ValueError: no", "50.00 %", "60.00 %"):
        assert words in caveat.text


def test_a_candidate_that_never_answers_is_reported_as_one() -> None:
    outcomes = [outcome(i, 0) for i in range(120)]
    outcomes += [outcome(i, 1, error_class="provider_down", latency_ms=None) for i in range(120)]
    made = report(settings("a", "b", failure_rate="<= 0.05"), evidence(outcomes))
    good, dead = made.candidates
    assert (good.verdict, dead.verdict) == ("met", "not met")
    assert dead.failures.rate.value == 1
    assert dead.accuracy is not None and dead.accuracy.value == 0
    assert dead.latency.p50_ms is None
    assert any("fails more often" in w for w in dead.qualitative.weaknesses)


def test_where_nothing_could_be_graded_accuracy_is_not_proven_and_not_zero() -> None:
    made = report(settings("a"), evidence([outcome(i, 0, None) for i in range(5)], ["a"]))
    assert made.candidates[0].accuracy is None
    assert made.candidates[0].verdict == "not yet proven"


def test_what_has_no_price_is_told_and_not_guessed() -> None:
    outcomes = [outcome(i, 0, cost_pico_usd=None if i else 5) for i in range(200)]
    asked = settings("a", cost_per_request="<= 1")
    made = report(asked, evidence(outcomes, ["a"])).candidates[0]
    assert made.costs.not_priced == 199
    assert made.costs.per_right_usd is None
    assert made.verdict == "not yet proven"


def test_a_quantile_without_an_upper_bound_proves_nothing() -> None:
    asked = settings("a", latency_p95_ms="<= 9000")
    few = report(asked, yes_no("1" * 71)).candidates[0]
    enough = report(asked, yes_no("1" * 72)).candidates[0]
    assert (few.verdict, enough.verdict) == ("not yet proven", "met")


def test_no_times_prove_nothing_about_times() -> None:
    found, asked = gsm8k()
    made = report(replace(asked, criteria=criteria(latency_p95_ms="<= 9000")), found)
    assert {c.verdict for c in made.candidates} == {"not yet proven"}
    assert "no times were recorded" in made.candidates[0].judged[0].why


def test_repeats_show_what_changes_from_run_to_run() -> None:
    outcomes = [
        outcome(case, 0, float(case % 2 == 0 or (case == 1 and repeat == 0)), repeat=repeat)
        for case in range(40)
        for repeat in range(3)
    ]
    made = report(settings("a", repeats=3), evidence(outcomes, ["a"])).candidates[0]
    assert made.cases == 40
    assert made.variance is not None
    assert (made.variance.repeated_cases, made.variance.unstable) == (40, ("q1",))
    assert 0 < made.variance.run_share < 0.1
    assert made.accuracy is not None
    assert made.accuracy.clusters == 40


def test_cases_of_one_cluster_widen_the_interval() -> None:
    columns = "1111100000" * 20
    free = report(settings("a"), yes_no(columns)).candidates[0]
    facts = [CaseFact(id=f"q{i}", cluster=f"doc{i // 5}") for i in range(200)]
    tied = report(settings("a"), yes_no(columns, cases=facts)).candidates[0]
    assert free.accuracy is not None and tied.accuracy is not None
    widths = [c.accuracy.interval.high - c.accuracy.interval.low for c in (free, tied)]  # type: ignore[union-attr]
    assert widths[1] > 1.8 * widths[0]


def test_other_scorers_and_summaries_stand_beside_the_main_one() -> None:
    outcomes = [msgspec.structs.replace(outcome(i, 0), values=(1.0, 0.25)) for i in range(9)]
    given = evidence(
        outcomes,
        ["a"],
        scorers=("exact", "chrf"),
        scorer_words=("exact", "chrf (order: 6)"),
        summaries={"a": {"chrf": {"corpus_chrf": 41.5}}},
    )
    made = report(settings("a"), given).candidates[0]
    assert [s.mean.value for s in made.scorers if s.mean] == [1.0, 0.25]
    assert made.summaries == {"chrf": {"corpus_chrf": 41.5}}


def test_labels_make_a_confusion_table_that_adds_up() -> None:
    pairs = [("bug", "bug"), ("bug", "praise"), ("praise", "praise"), ("praise", "praise")]
    outcomes = [outcome(i, 0, labels=pair) for i, pair in enumerate(pairs)]
    found = report(settings("a"), evidence(outcomes, ["a"])).candidates[0].confusion
    assert found is not None
    assert found.labels == ("bug", "praise")
    assert found.counts == ((1, 1), (0, 2))
    assert [(c.precision, c.recall) for c in found.classes] == [(1.0, 0.5), (2 / 3, 1.0)]
    assert isclose(found.macro_f1, (2 / 3 + 0.8) / 2)
    assert found.micro_f1 == 0.75


def test_a_hundred_labels_are_put_together_without_losing_an_answer() -> None:
    outcomes = [outcome(i, 0, labels=(f"l{i % 100:02}", f"l{i % 97:02}")) for i in range(500)]
    found = report(settings("a"), evidence(outcomes, ["a"])).candidates[0].confusion
    assert found is not None
    assert found.labels[-1] == "(other)"
    assert len(found.labels) == 20
    assert sum(map(sum, found.counts)) == 500


def test_the_same_evidence_gives_the_same_bytes() -> None:
    asked = settings("steady", "swift", "thrifty", accuracy=">= 0.7")
    first, second = (msgspec.json.encode(report(asked, rich(repeats=2))) for _ in range(2))
    assert first == second


def test_times_of_day_and_call_ids_are_no_part_of_a_report() -> None:
    """So that a run that was killed and went on has the report of one that was not."""
    asked = settings("a")
    moved = [
        outcome(i, 0, at_us=o, call_id=f"other{i}") for i, o in enumerate(range(10**15, 10**15 + 9))
    ]
    plain = [outcome(i, 0, at_us=0) for i in range(9)]
    bare = [
        report(asked, evidence([replace(o, latency_ms=None) for o in outcomes], ["a"]))
        for outcomes in (plain, moved)
    ]
    assert bare[0] == bare[1]


def test_no_answers_make_no_report() -> None:
    with pytest.raises(ValueError, match="no answer, no report"):
        report(settings("a"), evidence([], ["a"]))
