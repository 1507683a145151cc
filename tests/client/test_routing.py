"""A rollout first, then the policy, then who is fit."""

from __future__ import annotations

from pilothouse import registry
from pilothouse.client.routing import Router
from pilothouse.core.facts import Facts
from pilothouse.core.health import TargetHealth
from pilothouse.core.route import Live, RouteSpec, Split, Target

A, B = (Target(name=n, provider="p", model=n) for n in "ab")
SPEC = RouteSpec(name="r", policy="fallback", targets=(A, B))
FACTS = Facts(request_id="id", model="r")


def router() -> Router:
    return Router(
        {"r": SPEC}, lambda name: registry.plugin("policies", name), aliases={"fast": "r"}
    )


def broken() -> TargetHealth:
    health = TargetHealth()
    for _ in range(5):
        health.start(0.0)
        health.end_error(0.0, "provider_down")
    return health


def test_an_alias_is_the_route_it_stands_for() -> None:
    assert router().spec("fast") is SPEC
    assert router().spec("fats") is None


def test_a_broken_target_goes_last_and_the_reason_says_so() -> None:
    route = router().route(FACTS, SPEC, Live(now_s=1.0, health={"a": broken()}))
    assert [t.name for t in route.targets] == ["b", "a"]
    assert route.why == "targets in the configured order; a is open for 4.0 s"


def test_a_rollout_wins_over_the_policy_and_its_arms_stand_whatever_their_health() -> None:
    split = Split(rollout_id="x", old=A, new=B, share=1.0)
    live = Live(now_s=1.0, health={"b": broken()}, split=split)
    route = router().route(FACTS, SPEC, live)
    assert (route.arm, [t.name for t in route.targets]) == ("new", ["b", "a"])
