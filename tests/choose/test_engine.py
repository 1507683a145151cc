from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.choose.constraints import failures
from pilothouse.choose.dollars import usd
from pilothouse.choose.facts import Offer
from pilothouse.choose.frontier import beats, frontier
from pilothouse.choose.ranking import ranking, weightings
from pilothouse.choose.record import record_json, record_markdown
from pilothouse.core.model import Measured
from pilothouse.core.need import Need

from .make import DAY, choose, need, offer, reasons

maybe = st.none() | st.integers(1, 4)


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """A few models with gaps and ties."""
    found: list[Offer] = []
    for i in range(draw(st.integers(0, 12))):
        cost, size, quality = draw(maybe), draw(maybe), draw(maybe)
        found.append(
            offer(
                f"m{i:02}",
                cost=None if cost is None else str(cost),
                context_tokens=None if size is None else size * 10_000,
                benchmarks={} if quality is None else {"exam": quality / 5},
                speed=draw(maybe),
                vendor=draw(st.sampled_from(["v", "w"])),
                abilities=draw(
                    st.dictionaries(st.sampled_from(["tools", "vision"]), st.booleans())
                ),
                retired_on=draw(st.none() | st.just(date(2025, 6, 1)) | st.just(date(2027, 1, 1))),
            )
        )
    return found


limits: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "context_tokens": st.sampled_from([10_000, 20_000, 30_000]),
        "budget": st.sampled_from([{"per_month_usd": "50"}, {"per_month_usd": "90"}]),
        "requires": st.sampled_from([["tools"], ["vision"], ["tools", "vision"]]),
        "quality": st.sampled_from([{"exam": 0.3}, {"exam": 0.6}]),
        "vendors": st.sampled_from([{"deny": ["v"]}, {"allow": ["v"]}]),
    },
)
unknowns = st.sampled_from(["exclude", "admit"])


@given(offers(), limits, unknowns)
def test_no_admitted_model_breaks_a_limit_and_every_excluded_one_has_a_reason(
    pool: list[Offer], must: dict[str, Any], unknown: str
) -> None:
    decision = choose(pool, must=must, unknown=unknown)
    by_id = {o.id: o for o in pool}
    for model_id in decision.admitted:
        found = failures(decision.need, by_id[model_id], DAY)
        assert all(f.kind == "not known" for f in found)
        assert unknown == "admit" or not found
    assert all(e.failures for e in decision.excluded)
    assert sorted([*decision.admitted, *(e.id for e in decision.excluded)]) == sorted(by_id)


@given(offers(), limits, unknowns)
def test_nothing_ranked_is_beaten_and_everything_dominated_names_who_beats_it(
    pool: list[Offer], must: dict[str, Any], unknown: str
) -> None:
    decision = choose(pool, must=must, unknown=unknown, nice={"quality": 1, "cost": 1, "speed": 1})
    ranked = [*decision.shortlist, *decision.runners_up]

    def vector(values: dict[str, float | None]) -> tuple[float | None, ...]:
        cost = values["cost"]
        return (values["quality"], None if cost is None else -cost, values["speed"])

    for a in ranked:
        assert not any(beats(vector(b.values), vector(a.values)) for b in ranked)
    kept = {p.id for p in ranked}
    assert all(d.by in kept and d.id not in kept and d.why for d in decision.dominated)
    assert abs(sum(p.wins for p in ranked) - (1 if ranked else 0)) < 0.01


@given(offers(), limits, limits, unknowns)
def test_another_limit_never_lets_a_model_in(
    pool: list[Offer], must: dict[str, Any], more: dict[str, Any], unknown: str
) -> None:
    before = choose(pool, must=must, unknown=unknown).admitted
    after = choose(pool, must={**more, **must}, unknown=unknown).admitted
    assert set(after) <= set(before)


@given(offers().flatmap(lambda o: st.tuples(st.just(o), st.permutations(o))), limits, unknowns)
@settings(max_examples=50)
def test_the_order_of_the_catalogue_does_not_matter(
    pools: tuple[list[Offer], list[Offer]], must: dict[str, Any], unknown: str
) -> None:
    one, other = (choose(p, must=must, unknown=unknown) for p in pools)
    assert record_json(one, {}) == record_json(other, {})
    assert record_markdown(one, {}) == record_markdown(other, {})


@given(offers(), limits)
@settings(max_examples=50)
def test_a_relaxation_lets_in_exactly_the_models_it_names(
    pool: list[Offer], must: dict[str, Any]
) -> None:
    decision = choose(pool, must=must)
    for relaxation in decision.relaxations:
        relaxed = _relaxed(decision.need, relaxation.changes)
        if relaxed is None:
            continue
        admitted = choose_need(relaxed, pool)
        assert set(admitted) - set(decision.admitted) == set(relaxation.admits)


def choose_need(what: Need, pool: list[Offer]) -> tuple[str, ...]:
    from pilothouse.choose.engine import decide

    return decide(what, pool, as_of=DAY, catalogue="test").admitted


def _relaxed(what: Need, changes: dict[str, str]) -> Need | None:
    """The need with numbers and `unknown` changed; None for a change of a list."""
    raw = msgspec.to_builtins(what)
    for key, value in changes.items():
        if key in ("must.requires", "must.vendors.allow", "must.vendors.deny"):
            return None
        *path, last = key.split(".")
        place = raw
        for part in path:
            place = place[part]
        place[last] = value.replace(",", "")
    return msgspec.convert(raw, Need, strict=False)


def test_no_model_left_says_the_smallest_relaxations() -> None:
    pool = [
        offer("near", context_tokens=90_000),
        offer("far", context_tokens=10_000),
        offer("two", context_tokens=90_000, abilities={"tools": False}),
    ]
    decision = choose(pool, must={"context_tokens": 128_000})
    assert not decision.shortlist
    first = decision.relaxations[0]
    assert first.changes == {"must.context_tokens": "90,000"}
    assert first.admits == ("near", "two")


def test_when_no_single_change_gives_a_shortlist_the_least_two_together_come_first() -> None:
    pool = [
        offer("small", context_tokens=90_000, abilities={"tools": True}),
        offer("dumb", abilities={"tools": False}),
        offer("tiny-and-dumb", context_tokens=8_000, abilities={"tools": False, "vision": False}),
    ]
    decision = choose(pool, must={"context_tokens": 100_000, "requires": ["tools"]})
    first = decision.relaxations[0]
    assert first.changes == {"must.context_tokens": "90,000", "must.requires": "without tools"}
    assert first.admits == ("dumb", "small")


def test_a_relaxation_of_what_is_not_known_says_so() -> None:
    decision = choose([offer("x"), offer("y")], must={"latency": {"end_to_end_s": 2}})
    assert decision.relaxations[0].changes == {"unknown": "admit"}


def test_a_retired_model_is_never_offered_by_a_relaxation() -> None:
    decision = choose([offer("x", retired_on=date(2025, 6, 1))])
    assert decision.relaxations == ()


def test_a_dominated_model_names_its_dominator_and_on_what() -> None:
    good = offer("good", cost="1", benchmarks={"exam": 0.8})
    bad = offer("bad", cost="2", benchmarks={"exam": 0.7})
    [beaten] = choose([good, bad]).dominated
    assert (beaten.id, beaten.by) == ("bad", "good")
    assert beaten.why.startswith("quality 0.800 against 0.700; cost $0.001 a request")


def test_what_is_not_known_neither_beats_nor_is_beaten() -> None:
    known = offer("known", cost="1", benchmarks={"exam": 0.9})
    gap = offer("gap", cost="2", benchmarks={})
    decision = choose([known, gap])
    assert decision.dominated == ()
    assert [p.id for p in decision.shortlist] == ["known", "gap"]
    assert (
        "quality: nobody says, so it stands behind those of whom it is known"
        in decision.shortlist[1].warnings
    )


def test_twins_of_one_vendor_are_shown_once() -> None:
    decision = choose([offer("a"), offer("b"), offer("c", vendor="w")])
    assert [p.id for p in decision.shortlist] == ["a", "c"]
    assert decision.dominated[0].why == "the same vendor and the same on every criterion"


def test_scores_of_different_benchmarks_are_never_compared() -> None:
    pool = [
        offer("a", cost="1", benchmarks={"exam": 0.2}),
        offer("b", cost="2", benchmarks={"exam": 0.3}),
        offer("c", cost="3", benchmarks={"other": 0.9}),
    ]
    decision = choose(pool)
    assert decision.quality_by == "exam"
    assert {p.id: p.values["quality"] for p in decision.shortlist}["c"] is None


def test_the_cost_of_a_month_is_exact() -> None:
    decision = choose([offer("x", cost="0.15")], volume_per_day=100_000)
    assert decision.shortlist[0].cost_per_month_usd == 450


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_weightings_cover_the_whole_space_evenly(size: int) -> None:
    points = weightings(size)
    for point in points:
        assert len(point) == size
        assert abs(sum(point) - 1) < 1e-12 and min(point) >= 0
    for i in range(size):
        mean = sum(p[i] for p in points) / len(points)
        assert mean == pytest.approx(1 / size, abs=0.01)


def test_only_three_models_of_the_guides_star_table_can_ever_come_first() -> None:
    """Guide, lines 507-513: context in thousands, then stars of reasoning, code, speed, and cost."""
    rows = {
        "gpt-4": (128, 5, 4, 2, 1),
        "gpt-4o": (128, 5, 4, 4, 2),
        "claude-3.5-sonnet": (200, 5, 5, 4, 2),
        "claude-3-opus": (200, 5, 4, 3, 1),
        "claude-3-haiku": (200, 3, 3, 5, 3),
        "gemini-1.5-pro": (2000, 4, 4, 3, 2),
        "gpt-3.5-turbo": (16, 3, 3, 5, 3),
    }
    columns = list(zip(*rows.values(), strict=True))
    vectors = {
        name: tuple((v - min(c)) / (max(c) - min(c)) for v, c in zip(row, columns, strict=True))
        for name, row in rows.items()
    }
    kept, beaten = frontier(vectors, {})
    assert kept == ["claude-3-haiku", "claude-3.5-sonnet", "gemini-1.5-pro"]
    assert {b.id: b.by for b in beaten}["gpt-3.5-turbo"] == "claude-3-haiku"
    wins = {r.id: r.wins for r in ranking(vectors, [1] * 5)}
    assert {name for name, share in wins.items() if share} == set(kept)


def test_the_share_of_weightings_won_is_the_area_that_geometry_says() -> None:
    """With weights w and 1-w: a wins for w > 0.6, b for w < 0.4, c in between."""
    wins = {r.id: r.wins for r in ranking({"a": (1, 0), "b": (0, 1), "c": (0.6, 0.6)}, [1, 1])}
    assert wins == pytest.approx({"a": 0.4, "b": 0.4, "c": 0.2}, abs=0.01)


def test_a_need_without_a_budget_still_says_what_a_month_costs() -> None:
    assert need().requests_per_month == 30_000
    assert choose([offer("x")]).shortlist[0].cost_per_month_usd == 30


def test_scores_of_one_benchmark_measured_in_two_ways_are_never_compared() -> None:
    pool = [
        offer("a", cost="1", benchmarks={"exam": Measured(value=0.5, protocol="5-shot")}),
        offer("b", cost="2", benchmarks={"exam": Measured(value=0.6, protocol="5-shot")}),
        offer("c", cost="3", benchmarks={"exam": Measured(value=0.9, protocol="CoT@32")}),
    ]
    decision = choose(pool, quality_by="exam", nice={"quality": 1, "cost": 1, "context": 1})
    assert decision.quality_protocol == "5-shot"
    picks = {p.id: p for p in [*decision.shortlist, *decision.runners_up]}
    assert picks["c"].values["quality"] is None
    assert any("measured another way (CoT@32, not 5-shot)" in w for w in picks["c"].warnings)


def test_a_score_without_a_stated_error_is_never_taken_as_exact() -> None:
    pool = [
        offer("a", cost="1", benchmarks={"exam": Measured(value=0.50, error=0.03)}),
        offer("b", cost="2", benchmarks={"exam": Measured(value=0.52)}),
        offer("c", cost="3", benchmarks={"exam": Measured(value=0.90, error=0.01)}),
    ]
    decision = choose(pool, quality_by="exam", nice={"quality": 1, "cost": 0.001})
    picks = {p.id: p for p in [*decision.shortlist, *decision.runners_up]}
    standing = picks["b"].standing
    assert standing is not None and "a" in standing.tied_with
    assert any("nobody states the error" in w for w in picks["b"].warnings)


def test_dominated_by_less_than_the_errors_says_so() -> None:
    pool = [
        offer("a", benchmarks={"exam": Measured(value=0.52, error=0.03)}),
        offer("b", benchmarks={"exam": Measured(value=0.50, error=0.03)}, vendor="w"),
        offer("c", benchmarks={"exam": Measured(value=0.20, error=0.03)}, vendor="x"),
    ]
    beaten = {d.id: d for d in choose(pool, quality_by="exam").dominated}
    assert beaten["b"].by == "a" and "dominated within noise" in beaten["b"].why
    assert "dominated within noise" not in beaten["c"].why


@pytest.mark.parametrize(
    ("must", "facts"),
    [
        ({"budget": {"per_month_usd": "3.00"}}, {"cost": "0.123456"}),
        ({"budget": {"per_request_usd": "0.0001"}}, {"cost": "0.123456789"}),
        ({"budget": {"per_request_usd": "0.000001"}}, {"cost": "0.00123456"}),
        ({"quality": {"exam": 0.9}}, {"benchmarks": {"exam": 0.59463}}),
    ],
)
def test_a_relaxed_value_lets_the_model_in_however_it_is_rounded(
    must: dict[str, Any], facts: dict[str, Any]
) -> None:
    pool = [offer("a", **facts), offer("b", vendor="w", **facts)]
    [first, *_] = choose(pool, must=must).relaxations
    relaxed = _relaxed(need(must=must), first.changes)
    assert relaxed is not None
    assert set(choose_need(relaxed, pool)) == set(first.admits) == {"a", "b"}


def test_whoever_nobody_measured_stands_behind_those_measured_however_cheap() -> None:
    pool = [
        offer("known", cost="5", benchmarks={"exam": 0.5}),
        offer("better", cost="9", benchmarks={"exam": 0.7}),
        offer("cheap", cost="0.001", benchmarks={}),
    ]
    decision = choose(pool, nice={"quality": 1, "cost": 5})
    assert decision.shortlist[-1].id == "cheap"
    assert decision.unscored == ("cheap",)
    cheap = decision.shortlist[-1]
    assert cheap.standing is None and cheap.wins == 0
    assert "cheap" not in {f.rival for f in decision.flips}
    assert "nobody measured exam of cheap" in record_markdown(decision, {})


def test_where_nobody_was_measured_the_rest_ranks() -> None:
    decision = choose(
        [offer("b", cost="2", benchmarks={}), offer("a", cost="3", benchmarks={}, vendor="w")]
    )
    assert decision.unscored == () and decision.shortlist[0].id == "b"


def test_of_twins_the_newest_is_ranked_and_a_gap_is_not_called_the_same() -> None:
    pool = [
        offer("a-old", benchmarks={}, released_on=date(2024, 1, 1)),
        offer("b-new", benchmarks={}, released_on=date(2025, 6, 1)),
        offer("scored", benchmarks={"exam": 0.5}, vendor="w"),
    ]
    decision = choose(pool)
    [twin] = decision.dominated
    assert (twin.id, twin.by, twin.is_twin) == ("a-old", "b-new", True)
    assert twin.why == "the same vendor, and nothing known tells them apart (quality: nobody says)"


def test_a_model_that_hears_but_does_not_read_text_is_not_offered_for_text() -> None:
    decision = choose([offer("asr", inputs=frozenset({"audio"})), offer("chat")])
    assert reasons(decision, "asr") == ["reads audio only, and no text"]


def test_money_is_never_written_as_a_power_of_ten() -> None:
    assert usd(Decimal("0.00005075")) == "$0.00005075"
    assert usd(Decimal("0.0000203499")) == "$0.00002035"
    assert usd(Decimal("0.0125")) == "$0.0125" and usd(Decimal(1350)) == "$1,350.00"


def test_who_ends_too_soon_is_out_by_days_and_a_relaxation_says_how_many() -> None:
    pool = [offer("soon", retired_on=date(2026, 1, 17)), offer("late", retired_on=date(2026, 6, 1))]
    decision = choose(pool, must={"lives_for_days": 90})
    assert reasons(decision, "soon") == ["retires 2026-01-17, in 16 days < 90 needed"]
    assert decision.relaxations[0].changes == {"must.lives_for_days": "16"}
    relaxed = choose(pool, must={"lives_for_days": 16})
    assert {p.id for p in relaxed.shortlist} | {d.id for d in relaxed.dominated} == {"soon", "late"}
