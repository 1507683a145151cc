"""The guide's hybrid routing: simple questions to `fast`, medium ones to `balanced`, everything else to `smart`.

What simple and medium mean, and how little a guess of it is worth: `core/complexity.py`. Recorded single questions
are hardly ever of high complexity, so without the caller's word, tools or thinking it chooses between two.
"""

from __future__ import annotations

from pilothouse.core.complexity import complexity
from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, Route, RouteSpec


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The role's targets first, then balanced, smart, and the route's other targets. Without roles: as configured."""
    roles = spec.roles
    if roles is None:
        return Route(name=spec.name, targets=spec.targets, why="no roles are configured")
    judged = complexity(facts, roles)
    name, chosen = {
        "low": ("fast", roles.fast),
        "medium": ("balanced", roles.balanced),
        "high": ("smart", roles.smart),
    }[judged.level]
    ordered = dict.fromkeys((*chosen, *roles.balanced, *roles.smart, *spec.targets))
    return Route(
        name=spec.name,
        targets=tuple(ordered),
        why=f"{name}: complexity {judged.level}, {judged.why}",
    )
