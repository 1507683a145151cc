"""`routes:` and `aliases:` as written, what is wrong with them, and the routes that they mean.

The shape is checked by the types; here is what the shape cannot say: names that nothing answers to, rules that do
not parse or can never match, weights that leave a target nothing, settings that another setting makes void.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from pilothouse import registry
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.route import GuideRoles, RouteSpec, RuleChoice, Shadow, Target
from pilothouse.core.route_settings import (
    CacheSettings,
    Retries,
    Seconds,
    ShadowLimits,
    Sticky,
    Timeouts,
    Unsupported,
)
from pilothouse.core.rules.parse import RuleError
from pilothouse.core.rules.reach import unreachable
from pilothouse.core.rules.rule import Rule, rule_of
from pilothouse.core.rules.syntax import Node

Names = str | list[str]
"""One target, or several in order."""
Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
Problem = tuple[str, str]
"""Key path and message."""
READ_ONLY_THE_ENVELOPE = frozenset(
    {"fallback", "sticky_split", "weighted", "least_busy", "latency_p2c"}
)
"""Policies that never ask for content. Others are given it: they may."""
USES_WEIGHTS = frozenset({"weighted", "least_busy"})


class RuleConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when` a request is like this, `use` these."""

    when: str
    use: Names
    name: str | None = None


class RolesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guide's four models, for the policy `guide_router`."""

    fast: Names
    smart: Names
    code: Names = []
    long: Names = []
    long_over_tokens: Annotated[int, Meta(ge=1)] = 30_000
    simple_under_tokens: Annotated[int, Meta(ge=1)] = 300


class ShadowConfig(ShadowLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets copies, and how many."""

    targets: Names


class RouteConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What callers name as `model`: a policy over targets, in order, and how it serves."""

    targets: Annotated[list[str], Meta(min_length=1)]
    policy: str = "fallback"
    weights: dict[str, Weight] = {}
    """By target; for `weighted` and `least_busy`. Given at all, it names every target."""
    sticky: Sticky = "subject"
    rules: list[RuleConfig] = []
    roles: RolesConfig | None = None
    expected_output_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] = 500
    retries: Retries = Retries()
    timeouts: Timeouts = Timeouts()
    context_fallbacks: Names = []
    content_fallbacks: Names = []
    unsupported: Unsupported = "warn"
    hedge_after_s: Seconds | None = None
    continuation: bool = False
    shadow: ShadowConfig | None = None
    cache: CacheSettings = CacheSettings()


def route_problems(
    routes: Mapping[str, RouteConfig], aliases: Mapping[str, str], targets: Mapping[str, Any]
) -> list[Problem]:
    """Everything that is wrong, each with its key path. `targets`: what is configured, by name."""
    found: list[Problem] = []
    for name, route in routes.items():
        at = f"routes.{name}"
        for check in (_policy, _names, _weights, _rules, _settings):
            found += check(at, route, targets)
        if name in targets and [name] != list(route.targets):
            message = (
                "this name is a target's too, and callers could not tell them apart: rename one"
            )
            found.append((at, message))
    return found + _alias_problems(routes, aliases, targets)


def resolved_routes(
    routes: Mapping[str, RouteConfig], targets: Mapping[str, Target]
) -> dict[str, RouteSpec]:
    """The configured routes, and one for each target under the target's own name. No problems left."""
    specs = {n: RouteSpec(name=n, policy="fallback", targets=(t,)) for n, t in targets.items()}
    specs.update({name: _spec(name, route, targets) for name, route in routes.items()})
    return specs


def resolved_aliases(aliases: Mapping[str, str]) -> dict[str, str]:
    """Each alias to the route or target at the end of its chain. No problems left."""
    return {name: _chain(name, aliases)[-1] for name in aliases}


def _spec(name: str, route: RouteConfig, targets: Mapping[str, Target]) -> RouteSpec:
    def picked(names: Names) -> tuple[Target, ...]:
        return tuple(targets[n] for n in _listed(names))

    compiled = [rule for rule, _ in _compiled(route)]
    rules = tuple(
        RuleChoice(rule=rule, targets=picked(config.use))
        for rule, config in zip(compiled, route.rules, strict=True)
        if rule is not None
    )
    roles, shadow = route.roles, route.shadow
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
            long_over_tokens=roles.long_over_tokens,
            simple_under_tokens=roles.simple_under_tokens,
        ),
        expected_output_tokens=route.expected_output_tokens,
        reads_content=not by_rules and route.policy not in READ_ONLY_THE_ENVELOPE,
        retries=route.retries,
        timeouts=route.timeouts,
        context_fallbacks=picked(route.context_fallbacks),
        content_fallbacks=picked(route.content_fallbacks),
        unsupported=route.unsupported,
        hedge_after_s=route.hedge_after_s,
        continuation=route.continuation,
        shadow=shadow and Shadow(targets=picked(shadow.targets), limits=_limits(shadow)),
        cache=route.cache,
    )


def _limits(shadow: ShadowConfig) -> ShadowLimits:
    return ShadowLimits(**{f: getattr(shadow, f) for f in ShadowLimits.__struct_fields__})


def _policy(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        registry.plugin("policies", route.policy)
    except NotFound as error:
        yield f"{at}.policy", str(error)
        return
    if route.policy == "rules" and not route.rules:
        yield f"{at}.policy", "the policy rules needs rules"
    if route.policy == "guide_router" and route.roles is None:
        yield f"{at}.policy", "the policy guide_router needs roles"
    if route.rules and route.policy != "rules":
        yield f"{at}.rules", f"the policy {route.policy} does not read rules: say policy: rules"
    if route.roles is not None and route.policy != "guide_router":
        message = f"the policy {route.policy} does not read roles: say policy: guide_router"
        yield f"{at}.roles", message


def _names(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    for path, names in _references(at, route):
        listed = _listed(names)
        for i, name in enumerate(listed):
            where = path if isinstance(names, str) else f"{path}[{i}]"
            if name not in targets:
                hint = did_you_mean(name, targets)
                yield where, f'unknown target "{name}".{hint} (there are: {", ".join(targets)})'
            elif name in listed[:i]:
                what = "route" if path == f"{at}.targets" else "list"
                yield where, f'"{name}" stands in this {what} twice'


def _references(at: str, route: RouteConfig) -> Iterator[tuple[str, Names]]:
    yield f"{at}.targets", route.targets
    for i, rule in enumerate(route.rules):
        yield f"{at}.rules[{i}].use", rule.use
    if route.roles is not None:
        for role in ("fast", "smart", "code", "long"):
            yield f"{at}.roles.{role}", getattr(route.roles, role)
    if route.shadow is not None:
        yield f"{at}.shadow.targets", route.shadow.targets
    yield f"{at}.context_fallbacks", route.context_fallbacks
    yield f"{at}.content_fallbacks", route.content_fallbacks


def _weights(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    if not route.weights:
        return
    if route.policy not in USES_WEIGHTS:
        known = " or ".join(sorted(USES_WEIGHTS))
        yield f"{at}.weights", f"the policy {route.policy} does not read weights: {known} does"
    for name, weight in route.weights.items():
        if name not in route.targets:
            hint = did_you_mean(name, route.targets)
            yield f"{at}.weights.{name}", f'"{name}" is no target of this route.{hint}'
        elif weight == 0:
            message = "a weight of 0 leaves it nothing but fallbacks: take it out of the route"
            yield f"{at}.weights.{name}", message
    for name in route.targets:
        if name not in route.weights:
            yield f"{at}.weights", f'the target "{name}" has no weight'


def _rules(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    earlier: list[tuple[str, Node]] = []
    for i, (rule, error) in enumerate(_compiled(route)):
        where = f"{at}.rules[{i}]"
        if rule is None:
            assert error is not None
            yield f"{where}.when", f"{error} (character {error.at + 1})"
            continue
        if rule.name in [name for name, _ in earlier]:
            yield f"{where}.name", f'a rule before is called "{rule.name}" too'
        why = unreachable(rule.node, earlier)
        if why is not None:
            yield f"{where}.when", f"this rule can never match: {why}"
        earlier.append((rule.name, rule.node))


def _compiled(route: RouteConfig) -> list[tuple[Rule | None, RuleError | None]]:
    found: list[tuple[Rule | None, RuleError | None]] = []
    for i, config in enumerate(route.rules, 1):
        try:
            found.append((rule_of(config.when, name=config.name or str(i)), None))
        except RuleError as error:
            found.append((None, error))
    return found


def _settings(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    retries, timeouts, total_s = route.retries, route.timeouts, route.timeouts.total_s
    if retries.backoff_base_s > retries.backoff_cap_s:
        yield f"{at}.retries.backoff_base_s", f"above backoff_cap_s ({retries.backoff_cap_s:g})"
    for key in ("connect_s", "first_token_s", "between_tokens_s"):
        seconds = getattr(timeouts, key)
        if seconds is not None and total_s is not None and seconds > total_s:
            yield f"{at}.timeouts.{key}", f"above total_s ({total_s:g}): it would never be reached"
    if route.hedge_after_s is not None:
        if len(route.targets) < 2:
            yield f"{at}.hedge_after_s", "a second target is needed to hedge with"
        if total_s is not None and route.hedge_after_s >= total_s:
            yield f"{at}.hedge_after_s", f"not below timeouts.total_s ({total_s:g})"
    if route.shadow is not None:
        yield from _shadow(at, route.shadow)


def _shadow(at: str, shadow: ShadowConfig) -> Iterator[Problem]:
    if shadow.share == 0:
        yield f"{at}.shadow.share", "a share of 0 copies nothing: take the shadow out"
    budget_usd = shadow.budget_usd_per_day
    if budget_usd is not None and not (budget_usd.is_finite() and budget_usd > 0):
        yield f"{at}.shadow.budget_usd_per_day", "must be above 0: without a limit, leave it out"


def _alias_problems(
    routes: Mapping[str, RouteConfig], aliases: Mapping[str, str], targets: Mapping[str, Any]
) -> list[Problem]:
    found: list[Problem] = []
    known = [*routes, *targets, *aliases]
    for alias, meant in aliases.items():
        at = f"aliases.{alias}"
        chain = _chain(alias, aliases)
        if alias in routes or alias in targets:
            kind = "route" if alias in routes else "target"
            found.append((at, f"this name is a {kind}'s too: rename one"))
        elif meant not in known:
            hint = did_you_mean(meant, known)
            found.append((at, f'no route, target or alias is called "{meant}".{hint}'))
        elif chain[-1] in aliases:
            found.append((at, f"goes round in a circle: {' > '.join(chain)}"))
    return found


def _chain(alias: str, aliases: Mapping[str, str]) -> list[str]:
    """What `alias` stands for, step by step; ends with a name it has seen before when it is a circle."""
    chain = [alias]
    while chain[-1] in aliases:
        following = aliases[chain[-1]]
        is_circle = following in chain
        chain.append(following)
        if is_circle:
            break
    return chain


def _listed(names: Names) -> Sequence[str]:
    return [names] if isinstance(names, str) else names
