"""What of a route's `upgrade:` cannot be, as far as the route alone cannot know."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.app.queue_config import QueueConfig
from pilothouse.app.routes_config import RouteConfig
from pilothouse.core.errors import InvalidInput
from pilothouse.wire.lookup import Lookup

NO_SECRET = "a webhook is signed: name the variable of its secret in queue.webhook_secret_env"


def upgrade_problems(
    routes: Mapping[str, RouteConfig], queue: QueueConfig
) -> list[tuple[str, str]]:
    """(key, message) of what a route alone cannot know: its webhook's secret and place."""
    found: list[tuple[str, str]] = []
    for name, route in routes.items():
        if route.upgrade is None or route.upgrade.webhook is None:
            continue
        at = f"routes.{name}.upgrade.webhook"
        if queue.webhook_secret_env is None:
            found.append((at, NO_SECRET))
        try:
            problem = Lookup(queue.webhook_inside).shape_problem(route.upgrade.webhook)
        except InvalidInput:
            continue  # the queue's own problem
        if problem is not None:
            found.append((at, problem))
    return found
