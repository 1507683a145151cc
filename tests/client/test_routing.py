"""A rollout first, then the policy, then who is fit."""

from __future__ import annotations

from pilothouse import registry
from pilothouse.client.routing import Router
from pilothouse.core.facts import Facts
from pilothouse.core.health import TargetHealth
from pilothouse.core.route import Live, Route, RouteSpec, Split, Target

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
    assert route.final is B  # whoever goes last only because it is unfit is not the one to end with


def test_a_rollout_wins_over_the_policy_and_its_arms_stand_whatever_their_health() -> None:
    split = Split(rollout_id="x", old=A, new=B, share=1.0)
    live = Live(now_s=1.0, health={"b": broken()}, split=split)
    route = router().route(FACTS, SPEC, live)
    assert (route.arm, [t.name for t in route.targets]) == ("new", ["b", "a"])


def test_an_arm_that_is_a_route_decides_by_its_own_policy_whatever_the_health() -> None:
    def drawn(facts: Facts, spec: RouteSpec, live: Live) -> Route:
        assert live.split is None
        return Route(name=spec.name, targets=(B, A), propensity=0.02, why="it was drawn")

    following = RouteSpec(name="next", policy="drawn", targets=(A, B))
    mixed = Router(
        {"r": SPEC, "next": following},
        lambda name: drawn if name == "drawn" else registry.plugin("policies", name),
    )
    for share, arm, names, propensity in (
        (1.0, "new", ["b", "a"], 0.02),
        (0.0, "old", ["a", "b"], None),
    ):
        split = Split(rollout_id="x", old=SPEC, new=following, share=share)
        live = Live(now_s=1.0, health={"b": broken()}, split=split)
        route = mixed.route(FACTS, SPEC, live)
        assert (route.name, route.arm, route.share, route.rollout_id) == ("r", arm, share, "x")
        assert ([t.name for t in route.targets], route.propensity) == (names, propensity)
        assert ("next: it was drawn" in route.why) == (arm == "new")
