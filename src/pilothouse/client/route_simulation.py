"""Recorded calls through the configured routes: where each request would go first, and at what cost.

A record holds no content, key or subject, so rules see only what is there (model, stream, input tokens), and sticky
choices fall by the request's id. Costs take the recorded tokens for every model, though each counts its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from pilothouse.client.route_explain import LIVE_POLICIES
from pilothouse.client.routing import Router
from pilothouse.core.answer import Usage
from pilothouse.core.call import Call
from pilothouse.core.facts import Facts
from pilothouse.core.place import draw
from pilothouse.core.ports import PriceOf
from pilothouse.core.route import CostOf, Live, RouteSpec, Target
from pilothouse.core.rules.types import names

RECORDED_FACTS = frozenset({"model", "stream", "input_tokens"})


class Flow(Struct, kw_only=True):
    """Requests of a route at one target: as recorded, and as they would be."""

    route: str
    target: str
    went: int = 0
    """Requests that were sent there first."""
    would_go: int = 0
    recorded_usd: Decimal = Decimal(0)
    """What those that went there first cost, their other attempts included."""
    estimated_usd: Decimal = Decimal(0)
    """What those that would go there would cost there."""
    not_recorded: int = 0
    """Of those that went: without a recorded cost."""
    not_estimated: int = 0
    """Of those that would go: without tokens or a price."""


class Simulated(Struct, frozen=True, kw_only=True):
    """Where recorded requests would go."""

    requests: int
    moved: int
    """Requests that would go to another target first."""
    flows: tuple[Flow, ...]
    unrouted: dict[str, int]
    """Requests by a route that is not configured."""
    notes: tuple[str, ...]


def simulated(
    router: Router,
    calls: Iterable[Call],
    price_of: PriceOf,
    cost_of_at: Callable[[int], CostOf],
) -> Simulated:
    """`cost_of_at`: prices at a time (Unix microseconds)."""
    flows: dict[tuple[str, str], Flow] = {}
    unrouted: dict[str, int] = {}
    seen: dict[str, RouteSpec] = {}
    total = moved = 0
    for attempts in _requests(calls):
        first = attempts[0]
        total += 1
        spec = router.spec(first.route)
        if spec is None:
            unrouted[first.route] = unrouted.get(first.route, 0) + 1
            continue
        seen[spec.name] = spec
        target = _would_go(router, spec, attempts, cost_of_at(first.at_us))
        moved += target.name != first.target
        went = _flow(flows, spec.name, first.target)
        went.went += 1
        costs = [a.cost_usd for a in attempts if a.cost_usd is not None]
        went.recorded_usd += sum(costs, Decimal(0))
        went.not_recorded += not costs
        goes = _flow(flows, spec.name, target.name)
        goes.would_go += 1
        cost = _cost_there(attempts, target, price_of)
        goes.estimated_usd += cost or Decimal(0)
        goes.not_estimated += cost is None
    ordered = sorted(flows.values(), key=lambda f: (f.route, -f.would_go, f.target))
    return Simulated(
        requests=total,
        moved=moved,
        flows=tuple(ordered),
        unrouted=unrouted,
        notes=tuple(_notes(seen.values())),
    )


def _requests(calls: Iterable[Call]) -> list[list[Call]]:
    """Attempts by request, each in order."""
    by_request: dict[str, list[Call]] = {}
    for call in calls:
        by_request.setdefault(call.request_id, []).append(call)
    return [sorted(attempts, key=lambda c: c.attempt) for attempts in by_request.values()]


def _would_go(router: Router, spec: RouteSpec, attempts: Sequence[Call], cost_of: CostOf) -> Target:
    first = attempts[0]
    counted = (a.input_tokens for a in attempts if a.input_tokens is not None)
    facts = Facts(
        request_id=first.request_id,
        model=first.route,
        stream=first.is_stream,
        input_tokens=next(counted, None),
    )
    live = Live(draw=draw(first.request_id), cost_of=cost_of)
    return router.route(facts, spec, live).targets[0]


def _cost_there(attempts: Sequence[Call], target: Target, price_of: PriceOf) -> Decimal | None:
    """The recorded cost where it was answered there; else its tokens at that price, none of them cached."""
    answered = next((a for a in attempts if a.status == "ok"), None)
    if answered is None or answered.input_tokens is None or answered.output_tokens is None:
        return None
    if answered.target == target.name and answered.cost_usd is not None:
        return answered.cost_usd
    usage = Usage(input_tokens=answered.input_tokens, output_tokens=answered.output_tokens)
    return price_of(target, usage, answered.at_us).cost_usd


def _flow(flows: dict[tuple[str, str], Flow], route: str, target: str) -> Flow:
    return flows.setdefault((route, target), Flow(route=route, target=target))


def _notes(specs: Iterable[RouteSpec]) -> list[str]:
    found: list[str] = []
    for spec in specs:
        asked = {name for choice in spec.rules for name in names(choice.rule.node)}
        missing = ", ".join(sorted(asked - RECORDED_FACTS))
        if missing:
            found.append(f"{spec.name}: records do not say {missing}; taken as absent or false")
        if spec.policy in LIVE_POLICIES:
            found.append(f"{spec.name}: {spec.policy} depends on the traffic; taken as idle")
        if spec.roles is not None:
            found.append(
                f"{spec.name}: records do not say what a request is; only its length shows"
            )
        if spec.policy == "weighted" and spec.sticky != "request":
            found.append(f"{spec.name}: records hold no {spec.sticky}; spread by request instead")
    return found
