"""The configured targets, in their order."""

from __future__ import annotations

from pilothouse.core.request import Request
from pilothouse.core.route import Route, RouteSpec, Split


def plugin(request: Request, spec: RouteSpec, split: Split | None, request_id: str) -> Route:
    """First target first; the others answer when it cannot."""
    return Route(name=spec.name, targets=spec.targets, why="targets in the configured order")
