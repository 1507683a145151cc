"""The guide's smart routing: `fast` when it is urgent and of low complexity, `smart` when of high, else `balanced`.

Complexity is the caller's word or a guess (`core/complexity.py`). Urgency is never guessed: it is the caller's word
(`urgency` in the metadata), or what the route is configured with, or normal.
"""

from __future__ import annotations

from pilothouse.core.complexity import complexity
from pilothouse.core.facts import Facts
from pilothouse.core.route import URGENCIES, GuideRoles, Live, Route, RouteSpec

_SAID = "urgency"
"""The caller's word for it, in the metadata."""


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The role's targets first, then balanced, smart, and the route's other targets. Without roles: as configured."""
    roles = spec.roles
    if roles is None:
        return Route(name=spec.name, targets=spec.targets, why="no roles are configured")
    judged = complexity(facts, roles)
    urgency, whose = _urgency(facts, roles)
    if urgency == "high" and judged.level == "low":
        name, chosen = "fast", roles.fast
    elif judged.level == "high":
        name, chosen = "smart", roles.smart
    else:
        name, chosen = "balanced", roles.balanced
    ordered = dict.fromkeys((*chosen, *roles.balanced, *roles.smart, *spec.targets))
    return Route(
        name=spec.name,
        targets=tuple(ordered),
        why=f"{name}: complexity {judged.level}, {judged.why}; urgency {urgency}, {whose}",
    )


def _urgency(facts: Facts, roles: GuideRoles) -> tuple[str, str]:
    """Which, and who says so."""
    said = facts.metadata.get(_SAID)
    if said in URGENCIES:
        return said, "the caller says"
    wrong = "" if said is None else f" (the caller's {_SAID} is not high, normal or low)"
    if roles.urgency is not None:
        return roles.urgency, f"as configured{wrong}"
    return "normal", f"nobody says otherwise{wrong}"
