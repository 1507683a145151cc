"""Where a router learned from a proof's table sends a question. Without one: as configured."""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The chosen target first, then those that are tolerated by value, then the rest."""
    if spec.learned is None:
        return Route(name=spec.name, targets=spec.targets, why="no learned router is configured")
    choice = spec.learned.choose(facts, spec.targets)
    return Route(
        name=spec.name, targets=choice.targets, propensity=choice.propensity, why=choice.why
    )
