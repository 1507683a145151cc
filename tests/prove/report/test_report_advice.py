"""Warnings, recommendation, strengths, frontier and checklist: each found in the data."""

from collections.abc import Callable, Sequence

import pytest
from evidence_builder import HOUR_US, evidence, outcome, rich, settings, yes_no
from msgspec.structs import replace

from pilothouse.core.pico import PICO
from pilothouse.prove.evidence import CaseFact, Evidence, Outcome, Stopped
from pilothouse.prove.report import Report, ReportSettings, report

FULL = [
    CaseFact(id=f"q{i}", tags=("edge",) if i % 7 == 0 else ("usual",), is_synthetic=i % 2 == 0)
    for i in range(120)
]


def kinds(made: Report) -> set[str]:
    return {w.kind for w in made.warnings}


def careful() -> tuple[ReportSettings, Evidence]:
    """A proof of concept that the guide has nothing to say against."""
    asked = settings("a", "b", repeats=2, accuracy=">= 0.5", cost_per_request="<= 1")
    outcomes = [
        outcome(i, c, repeat=r, at_us=(i % 24) * HOUR_US)
        for i in range(120)
        for r in range(2)
        for c in range(2)
    ]
    return asked, evidence(outcomes, cases=FULL)


def test_a_careful_proof_is_not_warned_about() -> None:
    made = report(*careful())
    assert made.warnings == ()
    assert {item.state for item in made.checklist} == {"done"}


PITFALLS: dict[str, Callable[[ReportSettings, Evidence], tuple[ReportSettings, Evidence]]] = {
    "few_cases": lambda s, e: (s, only(e, lambda o: o.case < 60, FULL[:60])),
    "no_edge_cases": lambda s, e: (s, replace(e, cases=[replace(c, tags=()) for c in FULL])),
    "synthetic_only": lambda s, e: (
        s,
        replace(e, cases=[replace(c, is_synthetic=True) for c in FULL]),
    ),
    "only_quality": lambda s, e: (replace(s, criteria=s.criteria[:1]), e),
    "one_run": lambda s, e: (replace(s, repeats=1), only(e, lambda o: o.repeat == 0)),
    "one_time_of_day": lambda s, e: (
        s,
        replace(e, outcomes=[replace(o, at_us=9 * HOUR_US) for o in e.outcomes]),
    ),
    "budget": lambda s, e: (s, only(e, lambda o: o.case < 110)),
    "contamination": lambda s, e: (
        s,
        replace(e, cases=[replace(c, tags=(*c.tags, "contaminated")) for c in FULL]),
    ),
    "unvalidated_judge": lambda s, e: (replace(s, unvalidated_judges=("strict",)), e),
    "ungraded": lambda s, e: (
        s,
        replace(e, outcomes=[replace(o, values=(None,)) if o.case == 3 else o for o in e.outcomes]),
    ),
}


def only(
    given: Evidence, is_kept: Callable[[Outcome], bool], cases: Sequence[CaseFact] | None = None
) -> Evidence:
    outcomes = [o for o in given.outcomes if is_kept(o)]
    return replace(given, outcomes=outcomes, cases=cases or given.cases)


@pytest.mark.parametrize("kind", PITFALLS)
def test_each_pitfall_of_the_guide_is_told_and_no_other(kind: str) -> None:
    assert kinds(report(*PITFALLS[kind](*careful()))) == {kind}


def test_a_suspicion_of_contamination_from_elsewhere_is_passed_on() -> None:
    made = report(*careful(), contamination={"b": "its paraphrases score 9 points less"})
    [caveat] = made.warnings
    assert "b: contamination suspected: its paraphrases" in caveat.text


def test_a_stopped_candidate_is_told_with_what_it_saved() -> None:
    asked, given = careful()
    outcomes = [o for o in given.outcomes if o.candidate == 0 or o.case < 40]
    stop = Stopped(
        candidate="b", why="clearly worse", answers=80, saved_answers=160, saved_usd=None
    )
    made = report(asked, replace(given, outcomes=outcomes, stopped=(stop,)))
    assert kinds(made) == {"stopped_early"}
    assert "saved 160 answers" in made.warnings[0].text


def priced(*candidates: tuple[str, float]) -> Evidence:
    """Right answers as a string and USD a request, for each candidate."""
    outcomes = [
        outcome(i, c, float(column[i]), cost_pico_usd=int(usd * PICO), latency_ms=100.0)
        for i in range(len(candidates[0][0]))
        for c, (column, usd) in enumerate(candidates)
    ]
    return evidence(outcomes, [chr(97 + c) for c in range(len(candidates))])


GOOD, FAIR, POOR = "1" * 196 + "0" * 4, "1" * 180 + "0" * 20, "1" * 40 + "0" * 160


def test_the_cheapest_that_meets_every_criterion_is_recommended() -> None:
    made = report(
        settings("a", "b", "c", accuracy=">= 0.8"),
        priced((GOOD, 0.02), (FAIR, 0.01), (POOR, 0.001)),
    )
    advice = made.recommendation
    assert (advice.choice, advice.fallback) == ("b", "a")
    assert advice.headline == "Use b: the cheapest of the 2 that meet every criterion."
    assert "a meets every criterion too, at 2.00 times the cost" in advice.reasons
    assert any("c does not meet accuracy" in reason for reason in advice.reasons)


def test_without_prices_the_most_accurate_is_recommended() -> None:
    given = priced((FAIR, 0.0), (GOOD, 0.0))
    outcomes = [replace(o, cost_pico_usd=None) for o in given.outcomes]
    made = report(settings("a", "b", accuracy=">= 0.8"), replace(given, outcomes=outcomes))
    assert made.recommendation.choice == "b"
    assert any("the cost of a" in words for words in made.recommendation.not_proven)


def test_nothing_is_recommended_while_the_verdict_is_open() -> None:
    made = report(settings("a", accuracy=">= 0.89"), priced((FAIR, 0.01)))
    advice = made.recommendation
    assert advice.choice is None
    assert advice.headline.startswith("No recommendation yet: a may still meet")
    assert any("accuracy >= 0.89" in words for words in advice.not_proven)
    assert any("more" in step for step in advice.next_steps)


def test_none_is_recommended_when_all_fail() -> None:
    made = report(settings("a", accuracy=">= 0.9"), priced((POOR, 0.01)))
    assert made.recommendation.headline.startswith("Use none of them")
    assert made.recommendation.reasons[0].startswith("a does not meet accuracy >= 0.9")


def test_a_difference_that_may_be_chance_is_no_strength() -> None:
    made = report(settings("a", "b"), priced((FAIR, 0.01), ("1" * 179 + "0" * 21, 0.01)))
    assert all(c.qualitative.strengths == c.qualitative.weaknesses == () for c in made.candidates)
    assert any("differ in accuracy" in words for words in made.recommendation.not_proven)


def test_a_tag_where_one_candidate_loses_is_named_as_its_weakness() -> None:
    made = report(settings("steady", "swift", "thrifty"), rich())
    swift = made.candidates[1]
    assert any(w.startswith("loses on refund") for w in swift.qualitative.weaknesses)
    assert not any("wins on refund" in s for s in swift.qualitative.strengths)


def test_a_candidate_that_another_beats_in_everything_is_off_the_frontier() -> None:
    made = report(settings("a", "b", "c"), priced((GOOD, 0.02), (FAIR, 0.01), (POOR, 0.015)))
    assert made.frontier.dimensions == ("quality", "cost", "latency")
    on = {p.candidate: p.is_on_frontier for p in made.frontier.points}
    assert on == {"a": True, "b": True, "c": False}
    assert made.frontier.points[2].dominated_by == ("b",)


def test_pairs_are_corrected_for_their_number() -> None:
    made = report(settings("a", "b", "c"), yes_no("1" * 40, "1" * 34 + "0" * 6, "1" * 35 + "0" * 5))
    by = {(c.a, c.b): c for c in made.comparisons}
    assert set(by) == {("b", "a"), ("c", "a"), ("b", "c")}
    assert by["b", "a"].p < 0.05 < by["b", "a"].p_holm
    assert not by["b", "a"].is_real


def test_cases_shown_are_those_where_candidates_disagree_and_where_all_fail() -> None:
    made = report(settings("a", "b"), yes_no("1100", "1010"))
    assert [c.case_id for c in made.shown.disagreements] == ["q1", "q2"]
    assert [c.case_id for c in made.shown.worst] == ["q3"]
    assert (made.shown.disagreeing, made.shown.all_wrong) == (2, 1)
