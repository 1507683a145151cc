"""Warnings, recommendation, strengths, frontier and checklist: each found in the data."""

from collections.abc import Callable, Sequence

import pytest
from evidence_builder import HOUR_US, evidence, outcome, rich, settings, yes_no
from hypothesis import given
from hypothesis import strategies as st
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


def test_cases_that_share_words_with_a_benchmark_are_named_with_the_scores_of_the_rest() -> None:
    asked, given = careful()
    found = {FULL[3].id: "GSM8K", FULL[5].id: "GSM8K", "not asked": "GSM8K"}
    [caveat] = report(asked, replace(given, overlaps=found)).warnings
    assert caveat.kind == "contamination"
    assert f"suspected: 2 of {len(FULL)} cases share 13 words in a row" in caveat.text
    assert f"(GSM8K 2; case ids {FULL[3].id}, {FULL[5].id})" in caveat.text
    assert "Without them: a " in caveat.text


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


def test_a_lone_candidate_is_compared_with_itself_tag_by_tag() -> None:
    facts = [CaseFact(id=f"q{i}", tags=("refund" if i < 40 else "usual",)) for i in range(200)]
    made = report(settings("a"), yes_no("1" * 12 + "0" * 28 + "1" * 150 + "0" * 10, cases=facts))
    found = made.candidates[0].qualitative
    assert found.weaknesses[0].startswith(
        "weak on refund: 30.00 % against its own 93.75 % elsewhere"
    )
    assert found.strengths[0].startswith("strong on usual")
    spot = {s.tag: s for s in made.candidates[0].spots}["refund"]
    assert spot.interval.low < spot.difference < spot.interval.high < 0


def test_tags_that_differ_by_chance_are_no_spots() -> None:
    facts = [CaseFact(id=f"q{i}", tags=(f"t{i % 10}",)) for i in range(200)]
    made = report(settings("a"), yes_no(("1" * 30 + "0" * 10) * 5, cases=facts))
    assert not any("on t" in w for w in made.candidates[0].qualitative.weaknesses)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.booleans()), min_size=20, max_size=60)
)
def test_what_is_left_without_a_tag_is_what_its_other_cases_make(
    rows: list[tuple[float, bool]],
) -> None:
    """From sums, as from the answers themselves."""
    facts = [CaseFact(id=f"q{i}", tags=("t",) if has else ()) for i, (_, has) in enumerate(rows)]
    given_ = evidence([outcome(i, 0, v) for i, (v, _) in enumerate(rows)], ["a"], facts)
    rest = [v for v, has in rows if not has]
    found = report(settings("a"), given_).candidates[0].spots
    if len(rest) >= 5 and len(rows) - len(rest) >= 5:
        assert found[0].elsewhere == pytest.approx(sum(rest) / len(rest))
        apart = evidence([outcome(i, 0, v) for i, v in enumerate(rest)], ["a"])
        error = report(settings("a"), apart).candidates[0].accuracy
        tag = report(settings("a"), given_).tags.rows[0].cells[0].accuracy
        assert error is not None and tag is not None
        if found[0].interval.high < 1 and {v for v, _ in rows} - {0.0, 1.0}:
            half = 1.959964 * (error.standard_error**2 + tag.standard_error**2) ** 0.5
            assert found[0].interval.high - found[0].difference == pytest.approx(half, abs=1e-6)
