"""The guide's multi-model router: code, long, simple (fast) or everything else (smart), asked in this order.

How it decides, and no better than that, measured by `bench/guide_routers.py`: *code* by marks of code in the last
user message (2 in 1,000 other questions have them; code asked for in plain words is missed where no mark fits); *long*
by estimated input tokens (0.8 to 1.1 of the count in English, JSON and Python, 1.2 to 2.3 in Arabic, Russian, Hindi);
*simple* when the caller says `complexity=low`, or when the question is short, a single turn, and comes
without tools, media, JSON, thinking or marks of code (`core/complexity.py`). Short is not easy: where that matters,
write rules, or prove the routing on your own cases.
"""

from __future__ import annotations

from pilothouse.core.complexity import complexity
from pilothouse.core.facts import Facts
from pilothouse.core.route import GuideRoles, Live, Route, RouteSpec, Target


def plugin(facts: Facts, spec: RouteSpec, live: Live) -> Route:
    """The role's targets first, then smart, then the route's other targets. Without roles: as configured."""
    roles = spec.roles
    if roles is None:
        return Route(name=spec.name, targets=spec.targets, why="no roles are configured")
    chosen, why = _role(facts, roles)
    ordered = dict.fromkeys((*chosen, *roles.smart, *spec.targets))
    return Route(name=spec.name, targets=tuple(ordered), why=why)


def _role(facts: Facts, roles: GuideRoles) -> tuple[tuple[Target, ...], str]:
    tokens = facts.input_tokens
    if roles.code and facts.has_code:
        return roles.code, "code: the last message has marks of code"
    if roles.long and tokens is not None and tokens > roles.long_over_tokens:
        return roles.long, f"long: about {tokens} tokens, over {roles.long_over_tokens}"
    judged = complexity(facts, roles)
    if judged.level == "low":
        return roles.fast, f"fast: {judged.why}"
    return roles.smart, f"smart: not simple, {judged.why}"
