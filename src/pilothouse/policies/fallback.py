"""The configured targets, in their order."""

from __future__ import annotations

from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """First target first; the others answer when it cannot."""
    return Route(name=spec.name, targets=spec.targets, why="targets in the configured order")
