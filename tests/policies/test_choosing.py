"""Each policy puts first whom it says it does, keeps every target, and says why."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import registry
from pilothouse.core.facts import Facts
from pilothouse.core.health import TargetHealth
from pilothouse.core.route import (
    GuideRoles,
    Live,
    Policy,
    Route,
    RouteSpec,
    RuleChoice,
    Target,
)
from pilothouse.core.rules.rule import rule_of

A, B, C = (Target(name=n, provider="p", model=n) for n in "abc")
PRICES = {"a": Decimal(2), "b": Decimal(1)}


def cost_of(target: Target, tokens_in: int, tokens_out: int) -> Decimal | None:
    price = PRICES.get(target.name)
    return None if price is None else price * (tokens_in + tokens_out) / 1_000_000


def policy(name: str) -> Policy:
    return registry.plugin("policies", name)


def facts(subject: str | None = None, **more: object) -> Facts:
    return Facts(**{"request_id": "id", "model": "r", "subject": subject, **more})  # type: ignore[arg-type]


def spec(name: str, **more: object) -> RouteSpec:
    return RouteSpec(**{"name": "r", "policy": name, "targets": (A, B, C), **more})  # type: ignore[arg-type]


def order(route: Route) -> str:
    return "".join(t.name for t in route.targets)


def busy(**in_flight: int) -> dict[str, TargetHealth]:
    health = {name: TargetHealth() for name in in_flight}
    for name, count in in_flight.items():
        for _ in range(count):
            health[name].start(0.0)
    return health


def measured(**latency_s: float) -> dict[str, TargetHealth]:
    health = {name: TargetHealth() for name in latency_s}
    for name, seconds in latency_s.items():
        health[name].start(0.0)
        health[name].end_ok(0.0, seconds)
    return health


@given(
    name=st.sampled_from(registry.names("policies")),
    request_id=st.text(max_size=10),
    subject=st.none() | st.text(max_size=10),
    tokens=st.none() | st.integers(0, 10**6),
    draw=st.floats(0, 1, exclude_max=True),
    in_flight=st.dictionaries(st.sampled_from("abc"), st.integers(0, 5)),
    weights=st.sampled_from([(), (1.0, 2.0, 3.0)]),
)
def test_every_policy_ends_with_every_target_once_a_reason_and_the_same_answer_again(
    name: str,
    request_id: str,
    subject: str | None,
    tokens: int | None,
    draw: float,
    in_flight: dict[str, int],
    weights: tuple[float, ...],
) -> None:
    asked = facts(subject, request_id=request_id, input_tokens=tokens)
    live = Live(draw=draw, health=busy(**in_flight), cost_of=cost_of)
    roles = GuideRoles(fast=(A,), smart=(B,), code=(C,))
    route = policy(name)(asked, spec(name, weights=weights, roles=roles), live)
    assert sorted(t.name for t in route.targets) == ["a", "b", "c"]
    assert route.why
    assert route == policy(name)(asked, spec(name, weights=weights, roles=roles), live)


def test_weights_are_kept_over_many_subjects_in_the_first_place_and_in_the_fallback() -> None:
    weighted, of = policy("weighted"), spec("weighted", weights=(6.0, 3.0, 1.0))
    orders = Counter(order(weighted(facts(f"user-{i}"), of, Live())) for i in range(20_000))
    first = Counter[str]()
    for name, count in orders.items():
        first[name[0]] += count
    assert first["a"] / 20_000 == pytest.approx(0.6, abs=0.015)
    assert first["c"] / 20_000 == pytest.approx(0.1, abs=0.01)
    # Those of `a` fall back on b and c as 3 to 1.
    assert orders["abc"] / first["a"] == pytest.approx(0.75, abs=0.015)


@given(st.text(min_size=1, max_size=10), st.floats(0.1, 10), st.floats(0.1, 10))
def test_raising_one_weight_moves_subjects_to_it_and_nobody_between_the_others(
    subject: str, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    weighted = policy("weighted")
    before = order(weighted(facts(subject), spec("weighted", weights=(1.0, 2.0, low)), Live()))
    after = order(weighted(facts(subject), spec("weighted", weights=(1.0, 2.0, high)), Live()))
    assert after[0] in (before[0], "c")
    assert before.replace("c", "") == after.replace("c", "")


def test_sticky_says_whose_choice_stays() -> None:
    weighted = policy("weighted")

    def chosen(sticky: str, **who: str) -> str:
        return weighted(facts(**who), spec("weighted", sticky=sticky), Live()).why  # type: ignore[arg-type]

    assert "subject's" in chosen("subject", subject="u")
    assert "conversation's" in chosen("conversation", subject="u", conversation="c")
    assert "subject's" in chosen("conversation", subject="u")
    assert "request's" in chosen("request", subject="u")
    assert "request's" in chosen("subject")


def test_the_least_busy_is_first_and_weights_say_how_much_a_target_can_hold() -> None:
    least = policy("least_busy")
    assert order(least(facts(), spec("least_busy"), Live(health=busy(a=3, b=1, c=2)))) == "bca"
    heavy = spec("least_busy", weights=(4.0, 1.0, 1.0))
    assert order(least(facts(), heavy, Live(health=busy(a=3, b=1, c=2))))[0] == "a"


def test_ties_of_the_least_busy_are_drawn() -> None:
    least = policy("least_busy")
    firsts = {order(least(facts(), spec("least_busy"), Live(draw=d)))[0] for d in (0.1, 0.5, 0.9)}
    assert firsts == {"a", "b", "c"}


def test_two_choices_draw_every_pair_alike_and_ask_the_quicker() -> None:
    p2c, health = policy("latency_p2c"), measured(a=1.0, b=2.0, c=3.0)
    draws = [(i + 0.5) / 600 for i in range(600)]
    routes = [p2c(facts(), spec("latency_p2c"), Live(draw=d, health=health)) for d in draws]
    assert Counter(order(r)[:2] for r in routes) == {"ab": 200, "ac": 200, "bc": 200}


def test_two_choices_never_draw_a_target_that_is_left_alone() -> None:
    health = measured(a=1.0, b=2.0, c=3.0)
    for _ in range(5):
        health["a"].start(0.0)
        health["a"].end_error(0.0, "provider_down")
    draws = [(i + 0.5) / 60 for i in range(60)]
    p2c = policy("latency_p2c")
    routes = [p2c(facts(), spec("latency_p2c"), Live(draw=d, health=health)) for d in draws]
    assert {order(r) for r in routes} == {"bca"}


def test_the_cheapest_is_first_and_what_has_no_price_is_not_free() -> None:
    route = policy("cheapest")(
        facts(input_tokens=1000, max_output_tokens=100), spec("cheapest"), Live(cost_of=cost_of)
    )
    assert order(route) == "bac"
    assert "1000 tokens in and 100 out" in route.why
    assert "c not priced" in route.why


def test_the_first_rule_that_matches_wins_and_its_targets_are_all_there_are() -> None:
    choices = (
        RuleChoice(rule=rule_of("has_images", name="pictures"), targets=(C,)),
        RuleChoice(rule=rule_of("has_images || stream", name="other"), targets=(B, C)),
    )
    rules, of = policy("rules"), spec("rules", targets=(A,), rules=choices)
    assert order(rules(facts(has_images=True), of, Live())) == "c"
    assert order(rules(facts(stream=True), of, Live())) == "bc"
    route = rules(facts(), of, Live())
    assert (order(route), route.why) == ("a", "no rule matches")


@pytest.mark.parametrize(
    ("known", "expected", "why"),
    [
        ({"input_tokens": 20, "messages": 1}, "ab", "fast: a short single question"),
        ({"input_tokens": 20, "messages": 1, "has_code": True}, "cba", "code: "),
        ({"input_tokens": 90_000, "has_code": True}, "cba", "code: "),
        ({"input_tokens": 90_000}, "dba", "long: about 90000 tokens, over 30000"),
        ({"input_tokens": 2000}, "ba", "smart: not simple, about 2000 tokens"),
        ({"input_tokens": 20, "messages": 9}, "ba", "smart: not simple, it comes with 9 messages"),
        ({"input_tokens": 20, "has_tools": True}, "ba", "smart: not simple, it comes with tools"),
        ({"input_tokens": 20, "wants_json": True}, "ba", "it comes with JSON"),
        ({}, "ba", "its length is not known"),
    ],
)
def test_the_guides_router_asks_code_then_long_then_simple(
    known: dict[str, object], expected: str, why: str
) -> None:
    long = Target(name="d", provider="p", model="d")
    roles = GuideRoles(fast=(A,), smart=(B,), code=(C,), long=(long,))
    route = policy("guide_router")(
        facts(**known), spec("guide_router", targets=(A,), roles=roles), Live()
    )
    assert order(route) == expected
    assert why in route.why


def test_all_reasons_are_short_enough_for_a_header() -> None:
    live = Live(cost_of=cost_of, health=busy(a=1, b=2))
    for name in registry.names("policies"):
        why = policy(name)(facts("u"), spec(name), live).why
        assert len(why) < 300 and why.isprintable()
