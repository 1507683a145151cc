from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.catalog.prices import Rates, Tier
from pilothouse.money.levers import Lever, Usage, pull, tier_of
from pilothouse.money.tco import Plan, Prices, Range, totals


def sure(value: float) -> Range:
    return Range(low=value, likely=value, high=value)


def plan(**spans: Range) -> Plan:
    usual = {
        "requests_per_day": sure(1000),
        "growth_per_month": sure(1),
        "development_hours": sure(100),
        "maintenance_hours_per_month": sure(10),
        "hour_usd": sure(100),
        "infrastructure_usd_per_month": sure(500),
        "input_tokens": sure(1000),
        "output_tokens": sure(200),
    }
    return Plan(**{**usual, **spans})


PRICES = Prices(per_input=1e-6, per_output=5e-6)


def test_without_doubt_the_total_is_the_sum_of_the_guides_four_terms() -> None:
    (found,) = totals({"a": (plan(), PRICES)}, 12, draws=100)
    api = 1000 * 30 * 12 * (1000 * 1e-6 + 200 * 5e-6)
    expected = Decimal(str(api + 100 * 100 + 10 * 100 * 12 + 500 * 12))
    assert found.total.p10 == found.total.p50 == found.total.p90 == expected
    assert found.tornado == ()


def test_growth_compounds_by_the_month() -> None:
    (found,) = totals({"a": (plan(growth_per_month=sure(2)), PRICES)}, 3, draws=100)
    assert found.parts["api"].p50 == Decimal("420.00")  # (1 + 2 + 4) months of 30,000 at 0.002


def test_a_pert_leans_on_the_likely_value() -> None:
    span = Range(low=0, likely=100, high=1000)
    (found,) = totals({"a": (plan(development_hours=span), PRICES)}, 1, draws=4000)
    mean_of_pert = (0 + 4 * 100 + 1000) / 6
    assert float(found.parts["development"].p50) / 100 == pytest.approx(mean_of_pert, rel=0.15)
    assert found.parts["development"].p10 < found.parts["development"].p90


def test_the_widest_swing_stands_first() -> None:
    spans = {"hour_usd": Range(low=90, likely=100, high=110),
             "requests_per_day": Range(low=1, likely=1000, high=10**6)}  # fmt: skip
    (found,) = totals({"a": (plan(**spans), PRICES)}, 12, draws=200)
    assert [s.name for s in found.tornado] == ["requests_per_day", "hour_usd"]


def test_candidates_share_their_luck_so_the_cheaper_one_is_always_cheaper() -> None:
    spans = {"requests_per_day": Range(low=10, likely=1000, high=10**5)}
    dear = Prices(per_input=2e-6, per_output=1e-5)
    found = totals({"cheap": (plan(**spans), PRICES), "dear": (plan(**spans), dear)}, 6, draws=500)
    assert [t.name for t in found] == ["cheap", "dear"]
    assert found[0].cheaper_than == {"dear": 1.0}
    assert found == totals(
        {"dear": (plan(**spans), dear), "cheap": (plan(**spans), PRICES)}, 6, draws=500
    )


def rates(given: str, got: str, cached: str | None = None) -> Rates:
    mtok = Decimal(10) ** 6
    kept = None if cached is None else Decimal(cached) / mtok
    return Rates((Tier(0, Decimal(given) / mtok, Decimal(got) / mtok, kept),))


USAGE = Usage(
    requests=1000,
    input_tokens=1000,
    output_tokens=1000,
    rates=rates("1", "4", "0.1"),
    batch_rates=rates("0.5", "2"),
    cheaper_rates=rates("0.1", "0.4"),
)


@pytest.mark.parametrize(
    ("kind", "share", "month"),
    [
        ("answer_cache", "0.2", "4"),
        ("prompt_cache", "0.5", "4.55"),
        ("batch", "1", "2.5"),
        ("output_cap", "0.25", "4"),
        ("prompt_trim", "0.5", "4.5"),
        ("routing", "0.5", "2.75"),
        ("right_size", "1", "0.5"),
    ],
)
def test_a_lever_alone(kind: str, share: str, month: str) -> None:
    (saved,) = pull(USAGE, [Lever(kind=kind, share=Decimal(share))]).alone  # type: ignore[arg-type]
    assert saved.month_usd == Decimal(month)
    assert saved.saves_usd == 5 - Decimal(month)


def test_what_cannot_be_priced_says_so_and_is_left_out() -> None:
    usage = Usage(requests=1, input_tokens=10, output_tokens=10, rates=rates("1", "4"))
    levers = [Lever(kind=k, share=Decimal("0.5")) for k in ("batch", "routing", "prompt_cache")]
    found = pull(usage, levers)
    assert [s.saves_usd for s in found.alone] == [None, None, None]
    assert found.together_usd == found.month_usd


@given(st.lists(st.sampled_from(["answer_cache", "prompt_cache", "batch", "output_cap", "routing"]),
                unique=True), st.integers(0, 100))  # fmt: skip
def test_together_they_save_no_more_than_the_sum_and_no_less_than_the_best(
    kinds: list[str], percent: int
) -> None:
    levers = [Lever(kind=k, share=Decimal(percent) / 100) for k in kinds]  # type: ignore[arg-type]
    found = pull(USAGE, levers)
    alone = [s.saves_usd or Decimal(0) for s in found.alone]
    assert found.saves_usd <= sum(alone)
    assert found.saves_usd >= max(alone, default=Decimal(0)) - Decimal("1e-9")


def test_the_guides_budget_tiers_and_their_gaps() -> None:
    assert [tier_of(Decimal(n)).partition(" (")[0] for n in (50, 300, 700, 5000, 20_000, 60_000)] == [
        "below the guide's tiers", "startup / MVP", "between the guide's tiers", "growing product",
        "between the guide's tiers", "enterprise",
    ]  # fmt: skip
