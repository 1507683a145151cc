"""The target with the fewest requests under way from here. Ties are drawn."""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec
from pilothouse.core.standing import standing


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """With weights, requests under way are counted per weight: a target of weight 2 may hold twice as many."""
    stand = standing(spec.targets, live.health, live.now_s, live.health_rules)
    weight_of = dict(zip(spec.targets, spec.weights, strict=True)) if spec.weights else {}
    turn = int(live.draw * stand.usable) if stand.usable else 0
    fit = stand.targets[: stand.usable]
    rest = stand.targets[stand.usable :]

    def load(i: int) -> tuple[float, int]:
        target = fit[i]
        state = live.health.get(target.name)
        under_way = state.in_flight if state is not None else 0
        # The one it would be after this request: idle targets of different weights are not equal.
        return (under_way + 1) / weight_of.get(target, 1.0), (i - turn) % len(fit)

    order = sorted(range(len(fit)), key=load)
    targets = (*[fit[i] for i in order], *rest)
    told = ", ".join(
        f"{t.name} {live.health[t.name].in_flight if t.name in live.health else 0}" for t in targets
    )
    return Route(name=spec.name, targets=targets, why=f"requests under way: {told}")
