"""The guide's multi-model router: code, long, simple (fast) or everything else (smart), asked in this order.

How it decides, and no better than that: *code* by marks of code in the last user message; *long* by estimated
input tokens; *simple* when the question is short, a single turn, and asks for no tools, media, JSON or thinking.
Short is not easy: where that matters, write rules, or prove the routing on your own cases.
"""

from __future__ import annotations

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
    obstacle = _not_simple(facts, roles)
    if obstacle is None:
        return roles.fast, f"fast: a short single question (about {tokens} tokens)"
    return roles.smart, f"smart: not simple, {obstacle}"


def _not_simple(facts: Facts, roles: GuideRoles) -> str | None:
    """What keeps a request from being simple; None when it is."""
    tokens = facts.input_tokens
    if tokens is None:
        return "its length is not known"
    if tokens >= roles.simple_under_tokens:
        return f"about {tokens} tokens, not under {roles.simple_under_tokens}"
    if (facts.messages or 0) > 2:  # a system message and a question
        return f"{facts.messages} messages"
    wants = (
        ("tools", facts.has_tools),
        ("media", facts.has_images or facts.has_audio or facts.has_files),
        ("JSON", facts.wants_json),
        ("thinking", facts.wants_thinking),
    )
    return next((f"it comes with {name}" for name, has in wants if has), None)
