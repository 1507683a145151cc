from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pilothouse.catalog.prices import Rates, Tier
from pilothouse.choose.facts import Offer

from .make import choose, offer, reasons


@pytest.mark.parametrize(
    ("facts", "must", "reason"),
    [
        (
            {"context_tokens": 16_385},
            {"context_tokens": 32_000},
            "context 16,385 < 32,000 needed (short by 15,615)",
        ),
        (
            {"max_output_tokens": 4096},
            {"max_output_tokens": 8192},
            "output 4,096 < 8,192 needed (short by 4,096)",
        ),
        ({}, {"max_output_tokens": 8192}, "not known: its output limit"),
        (
            {"latency_limit_s": 10.0, "latency_class": "near_real_time"},
            {"latency": {"end_to_end_s": 2}},
            "class near_real_time, up to 10 s > 2 s allowed (over by 8 s)",
        ),
        ({}, {"latency": {"category": "interactive"}}, "not known: whether it answers within 2 s"),
        (
            {},
            {"latency": {"ttft_s": 0.3}},
            "not known: whether its first token comes within 0.3 s",
        ),
        (
            {"cost": "10"},
            {"budget": {"per_month_usd": "200"}},
            "$300.00 a month > $200.00 allowed (over by $100.00)",
        ),
        (
            {"cost": "10"},
            {"budget": {"per_request_usd": "0.005"}},
            "$0.01 a request > $0.005 allowed (over by $0.005)",
        ),
        ({"cost": None}, {"budget": {"per_month_usd": "200"}}, "not known: its price"),
        ({"abilities": {"tools": False}}, {"requires": ["tools"]}, "no tools"),
        ({}, {"requires": ["structured_output"]}, "not known: whether it has structured output"),
        ({}, {"inputs": ["audio"]}, "does not read audio"),
        ({"inputs": None}, {"inputs": ["image"]}, "not known: whether it reads image"),
        ({}, {"vendors": {"deny": ["v"]}}, "vendor v is denied"),
        ({}, {"vendors": {"allow": ["w"]}}, "vendor v is not allowed (only w)"),
        (
            {"is_open_weights": False, "licence": "x"},
            {"deployment": "self_hosted"},
            "weights are not open",
        ),
        ({}, {"open_weights": True}, "not known: whether its weights are open"),
        (
            {"is_open_weights": True, "licence": "mistral_research_license"},
            {"deployment": "self_hosted"},
            "licence mistral_research_license is for research only",
        ),
        ({}, {"quality": {"exam": 0.7}}, "exam 0.500 < 0.700 needed (short by 0.200)"),
        ({}, {"quality": {"other": 0.7}}, "not known: its other score"),
        (
            {"retired_on": date(2026, 2, 1)},
            {"lives_until": "2026-03-01"},
            "retires 2026-02-01, 28 days before 2026-03-01",
        ),
        ({"is_preview": True}, {}, "a preview, or an id that moves to another model by itself"),
        ({"purpose": "code"}, {}, "made for code, which is not among the tasks"),
        (
            {"retired_on": date(2025, 12, 22), "successor": "y"},
            {},
            "retired 2025-12-22, 10 days ago; successor y",
        ),
        ({"released_on": date(2026, 1, 5)}, {}, "released 2026-01-05, 4 days after 2026-01-01"),
        (
            {"released_on": None, "first_seen_on": date(2026, 3, 1)},
            {},
            "not known: whether it was out on 2026-01-01 (first seen 2026-03-01)",
        ),
        ({"context_tokens": 900}, {}, "context 900 < 1,000 of a mean request"),
    ],
)
def test_a_failed_limit_says_by_how_much(
    facts: dict[str, Any], must: dict[str, Any], reason: str
) -> None:
    if "first_seen_on" in facts:
        seen = facts.pop("first_seen_on")
        only = [with_first_seen(offer("x", **facts), seen)]
    else:
        only = [offer("x", **facts)]
    decision = choose(only, must=must)
    assert reasons(decision, "x") == [reason]
    assert not decision.shortlist


def with_first_seen(one: Offer, seen: date) -> Offer:
    return replace(one, first_seen_on=seen)


def test_every_failed_limit_is_listed() -> None:
    bad = offer("x", context_tokens=2000, cost="10", abilities={"tools": False})
    must = {
        "context_tokens": 4000,
        "requires": ["tools"],
        "budget": {"per_month_usd": "200"},
    }
    assert len(reasons(choose([bad], must=must), "x")) == 3


def test_what_is_not_known_is_admitted_with_a_warning_when_the_need_says_so() -> None:
    decision = choose([offer("x")], must={"latency": {"end_to_end_s": 2}}, unknown="admit")
    assert decision.shortlist[0].warnings == ("not known: whether it answers within 2 s",)


def test_whether_it_existed_at_all_is_never_taken_on_trust() -> None:
    unseen = with_first_seen(offer("x", released_on=None), date(2026, 3, 1))
    assert not choose([unseen], unknown="admit").shortlist


def test_a_model_with_one_known_failure_is_not_admitted_by_trusting_the_unknown() -> None:
    decision = choose(
        [offer("x", context_tokens=2000)],
        must={"context_tokens": 4000, "latency": {"end_to_end_s": 2}},
        unknown="admit",
    )
    assert len(reasons(decision, "x")) == 2


def test_a_long_prompt_costs_what_its_tier_says() -> None:
    per_token = Decimal("0.000001")
    rates = Rates(
        (Tier(500, 2 * per_token, 2 * per_token, None), Tier(0, per_token, per_token, None))
    )
    tiered = replace(offer("x"), rates=rates)
    assert choose([tiered]).shortlist[0].cost_per_month_usd == 60
    short = choose([tiered], tokens={"input": 500, "output": 500})
    assert short.shortlist[0].cost_per_month_usd == 30
