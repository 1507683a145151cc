"""The chance that a first target had: from the route to the record, and not where another was asked first."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from scripted import QUESTION, Rows, Scripted, breaks, client_of, route, says, targets

from pilothouse.client.routing import Router
from pilothouse.core.call import Call
from pilothouse.core.errors import ProviderError
from pilothouse.core.facts import Facts
from pilothouse.core.health import TargetHealth
from pilothouse.core.route import Live, Route, RouteSpec

SPEC = RouteSpec(name="route", policy="drawn", targets=targets("a", "b"))
DOWN = breaks(error=ProviderError("provider_down", "down"))


def recorded(a: Scripted, propensity: float | None = 0.25, **changes: object) -> list[Call]:
    rows = Rows()
    client = client_of({"a": a, "b": Scripted(says("b"))}, rows)
    drawn = replace(route("a", "b"), propensity=propensity)
    asyncio.run(client.call(QUESTION, drawn, spec=replace(SPEC, **changes)))
    return rows.calls


def test_every_attempt_of_a_request_has_the_chance_of_its_first_target() -> None:
    calls = recorded(Scripted(DOWN))
    assert (calls[0].target, calls[0].status, calls[0].propensity) == ("a", "error", 0.25)
    assert (calls[-1].target, calls[-1].propensity) == ("b", 0.25)


def test_a_target_that_was_certain_has_none() -> None:
    assert [c.propensity for c in recorded(Scripted(says("a")), None)] == [None]


def test_where_the_drawn_target_cannot_take_the_question_the_one_asked_instead_was_not_drawn() -> (
    None
):
    calls = recorded(Scripted(says("a"), lost=("seed",)), unsupported="reject")
    assert [(c.target, c.attempt, c.propensity) for c in calls] == [("b", 1, None)]


def test_where_an_unfit_target_is_passed_over_the_one_that_comes_first_was_not_drawn() -> None:
    def drawn(facts: Facts, spec: RouteSpec, live: Live) -> Route:
        return Route(name=spec.name, targets=spec.targets, propensity=0.25)

    router = Router({"route": SPEC}, lambda name: drawn)
    broken = TargetHealth()
    for _ in range(5):
        broken.start(0.0)
        broken.end_error(0.0, "provider_down")
    facts = Facts(request_id="id", model="route")
    by_health = {
        name: router.route(facts, SPEC, Live(now_s=1.0, health={name: broken})) for name in "ab"
    }
    assert (by_health["a"].targets[0].name, by_health["a"].propensity) == ("b", None)
    assert (by_health["b"].targets[0].name, by_health["b"].propensity) == ("a", 0.25)
