"""`routes:` and `aliases:` as written, and the routes that they mean. What can be wrong: `route_problems.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from pilothouse.app.check_config import CheckConfig, check_of
from pilothouse.app.learned_config import LearnedConfig, chooser_of
from pilothouse.core.route import (
    GuideRoles,
    RouteSpec,
    RuleChoice,
    Shadow,
    Target,
    Upgrade,
    Urgency,
)
from pilothouse.core.route_settings import (
    CacheSettings,
    CopyLimits,
    Retries,
    Seconds,
    ShadowLimits,
    Sticky,
    Timeouts,
    Unsupported,
    UpgradeLimits,
)
from pilothouse.core.rules.parse import RuleError
from pilothouse.core.rules.rule import Rule, rule_of

L = TypeVar("L", bound=CopyLimits)
Names = str | list[str]
"""One target, or several in order."""
Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
READ_ONLY_THE_ENVELOPE = frozenset(
    {"fallback", "cascade", "sticky_split", "weighted", "least_busy", "latency_p2c"}
)
"""Policies that never ask for content. Others are given it: they may."""


class RuleConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when` a request is like this, `use` these."""

    when: str
    use: Names
    name: str | None = None


class RolesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The models of the guide's routers. Which of them a policy asks: `guide_roles.py`."""

    fast: Names
    smart: Names
    code: Names = []
    long: Names = []
    balanced: Names = []
    long_over_tokens: Annotated[int, Meta(ge=1)] = 30_000
    simple_under_tokens: Annotated[int, Meta(ge=1)] = 100
    high_from_tokens: Annotated[int, Meta(ge=1)] = 2000
    urgency: Urgency | None = None


class ShadowConfig(ShadowLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets copies, and how many."""

    targets: Names


class UpgradeConfig(UpgradeLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is asked for a better answer after the first, and how often."""

    target: str


class RouteConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What callers name as `model`: a policy over targets, in order, and how it serves."""

    targets: Annotated[list[str], Meta(min_length=1)]
    policy: str = "fallback"
    weights: dict[str, Weight] = {}
    """By target; for `weighted` and `least_busy`. Given at all, it names every target."""
    sticky: Sticky = "subject"
    rules: list[RuleConfig] = []
    roles: RolesConfig | None = None
    learned: LearnedConfig | None = None
    expected_output_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] = 500
    retries: Retries = Retries()
    timeouts: Timeouts = Timeouts()
    context_fallbacks: Names = []
    content_fallbacks: Names = []
    unsupported: Unsupported = "warn"
    hedge_after_s: Seconds | None = None
    continuation: bool = False
    check: CheckConfig | None = None
    shadow: ShadowConfig | None = None
    upgrade: UpgradeConfig | None = None
    cache: CacheSettings = CacheSettings()


def resolved_routes(
    routes: Mapping[str, RouteConfig], targets: Mapping[str, Target], folder: Path
) -> dict[str, RouteSpec]:
    """The configured routes, and one for each target under the target's own name. No problems left.

    Files are found from `folder`.
    """
    specs = {n: RouteSpec(name=n, policy="fallback", targets=(t,)) for n, t in targets.items()}
    specs.update({name: _spec(name, route, targets, folder) for name, route in routes.items()})
    return specs


def resolved_aliases(aliases: Mapping[str, str]) -> dict[str, str]:
    """Each alias to the route or target at the end of its chain. No problems left."""
    return {name: alias_chain(name, aliases)[-1] for name in aliases}


def _spec(name: str, route: RouteConfig, targets: Mapping[str, Target], folder: Path) -> RouteSpec:
    def picked(names: Names) -> tuple[Target, ...]:
        return tuple(targets[n] for n in listed(names))

    compiled = [rule for rule, _ in compiled_rules(route)]
    rules = tuple(
        RuleChoice(rule=rule, targets=picked(config.use))
        for rule, config in zip(compiled, route.rules, strict=True)
        if rule is not None
    )
    roles, shadow, upgrade = route.roles, route.shadow, route.upgrade
    by_rules = route.policy == "rules" and not any(c.rule.reads_content for c in rules)
    return RouteSpec(
        name=name,
        policy=route.policy,
        targets=picked(route.targets),
        weights=tuple(route.weights[t] for t in route.targets) if route.weights else (),
        sticky=route.sticky,
        rules=rules,
        roles=roles
        and GuideRoles(
            fast=picked(roles.fast),
            smart=picked(roles.smart),
            code=picked(roles.code),
            long=picked(roles.long),
            balanced=picked(roles.balanced),
            long_over_tokens=roles.long_over_tokens,
            simple_under_tokens=roles.simple_under_tokens,
            high_from_tokens=roles.high_from_tokens,
            urgency=roles.urgency,
        ),
        learned=route.learned and chooser_of(route.learned, folder),
        expected_output_tokens=route.expected_output_tokens,
        reads_content=not by_rules and route.policy not in READ_ONLY_THE_ENVELOPE,
        retries=route.retries,
        timeouts=route.timeouts,
        context_fallbacks=picked(route.context_fallbacks),
        content_fallbacks=picked(route.content_fallbacks),
        unsupported=route.unsupported,
        hedge_after_s=route.hedge_after_s,
        continuation=route.continuation,
        check=route.check and check_of(route.check, targets, folder),
        shadow=shadow
        and Shadow(targets=picked(shadow.targets), limits=_limits(shadow, ShadowLimits)),
        upgrade=upgrade
        and Upgrade(target=targets[upgrade.target], limits=_limits(upgrade, UpgradeLimits)),
        cache=route.cache,
    )


def _limits(config: L, kind: type[L]) -> L:
    """A section without the targets it names."""
    return kind(**{f: getattr(config, f) for f in kind.__struct_fields__})


def compiled_rules(route: RouteConfig) -> list[tuple[Rule | None, RuleError | None]]:
    """Each rule, or why it cannot be used."""
    found: list[tuple[Rule | None, RuleError | None]] = []
    for i, config in enumerate(route.rules, 1):
        try:
            found.append((rule_of(config.when, name=config.name or str(i)), None))
        except RuleError as error:
            found.append((None, error))
    return found


def alias_chain(alias: str, aliases: Mapping[str, str]) -> list[str]:
    """What `alias` stands for, step by step; ends with a name it has seen before when it is a circle."""
    chain = [alias]
    while chain[-1] in aliases:
        following = aliases[chain[-1]]
        is_circle = following in chain
        chain.append(following)
        if is_circle:
            break
    return chain


def listed(names: Names) -> Sequence[str]:
    """One name or several, as several."""
    return [names] if isinstance(names, str) else names
