"""Which of `roles:` each of the guide's routers reads, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.app.routes_config import RolesConfig, RouteConfig

_SHARED = ("fast", "balanced", "smart")
ROLES_OF = {
    "guide_router": ("fast", "smart", "code", "long"),
    "guide_tiers": _SHARED,
    "guide_urgency": _SHARED,
}
"""By policy. No other policy reads any."""
ALL_ROLES = ("fast", "smart", "code", "long", "balanced")


def role_problems(at: str, route: RouteConfig) -> Iterator[tuple[str, str]]:
    """Key path and message."""
    read, roles, policy = ROLES_OF.get(route.policy), route.roles, route.policy
    if read is None:
        if roles is not None:
            known = " or ".join(sorted(ROLES_OF))
            yield f"{at}.roles", f"the policy {policy} does not read roles: say policy: {known}"
    elif roles is None:
        yield f"{at}.policy", f"the policy {policy} needs roles ({', '.join(read)})"
    else:
        yield from _roles(f"{at}.roles", policy, read, roles)


def _roles(
    at: str, policy: str, read: tuple[str, ...], roles: RolesConfig
) -> Iterator[tuple[str, str]]:
    for role in ALL_ROLES:
        if role not in read and getattr(roles, role):
            others = " or ".join(p for p, theirs in ROLES_OF.items() if role in theirs)
            yield f"{at}.{role}", f"the policy {policy} does not ask it: say policy: {others}"
    if "balanced" in read:
        if not roles.balanced:
            yield f"{at}.balanced", f"the policy {policy} needs it: name a target"
        if roles.high_from_tokens <= roles.simple_under_tokens:
            message = f"not above simple_under_tokens ({roles.simple_under_tokens})"
            yield f"{at}.high_from_tokens", f"{message}: nothing would be of medium length"
    if roles.urgency is not None and policy != "guide_urgency":
        message = f"the policy {policy} does not read urgency: say policy: guide_urgency"
        yield f"{at}.urgency", message
