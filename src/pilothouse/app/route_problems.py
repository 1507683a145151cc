"""What is wrong with `routes:` and `aliases:` that their types cannot say.

Names that nothing answers to, rules that do not parse or can never match, weights that leave a target nothing,
settings that another setting makes void, aliases that go round in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pilothouse import registry
from pilothouse.app.check_config import check_problems
from pilothouse.app.guide_roles import ALL_ROLES, ROLES_OF, role_problems
from pilothouse.app.learned_config import learned_problems
from pilothouse.app.routes_config import (
    Names,
    RouteConfig,
    alias_chain,
    compiled_rules,
    listed,
)
from pilothouse.core.errors import NotFound, did_you_mean
from pilothouse.core.route_settings import CopyLimits
from pilothouse.core.rules.reach import unreachable
from pilothouse.core.rules.syntax import Node

Problem = tuple[str, str]
"""Key path and message."""
USES_WEIGHTS = frozenset({"weighted", "least_busy"})


def route_problems(
    routes: Mapping[str, RouteConfig],
    aliases: Mapping[str, str],
    targets: Mapping[str, Any],
    folder: Path,
) -> list[Problem]:
    """Everything that is wrong, each with its key path. `targets`: what is configured, by name.

    Files are found from `folder`.
    """
    found: list[Problem] = []
    for name, route in routes.items():
        at = f"routes.{name}"
        for check in (_policy, _names, _weights, _rules, _settings):
            found += check(at, route, targets)
        if route.learned is not None:
            found += learned_problems(f"{at}.learned", route.learned, route.targets, folder)
        if route.check is not None:
            found += check_problems(f"{at}.check", route.check, route.targets, targets, folder)
            found += _beside_check(at, route)
        if name in targets and [name] != list(route.targets):
            message = (
                "this name is a target's too, and callers could not tell them apart: rename one"
            )
            found.append((at, message))
    return found + _alias_problems(routes, aliases, targets)


def _policy(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        registry.plugin("policies", route.policy)
    except NotFound as error:
        yield f"{at}.policy", str(error)
        return
    if route.policy == "rules" and not route.rules:
        yield f"{at}.policy", "the policy rules needs rules"
    if route.policy == "learned" and route.learned is None:
        yield f"{at}.policy", "the policy learned needs learned: {file: ROUTER.json}"
    if route.learned is not None and route.policy != "learned":
        message = f"the policy {route.policy} does not read learned: say policy: learned"
        yield f"{at}.learned", message
    if route.policy == "cascade" and route.check is None:
        message = "the policy cascade needs a check, e.g. check: {scorers: {format: {json: true}}}"
        yield f"{at}.policy", message
    if route.rules and route.policy != "rules":
        yield f"{at}.rules", f"the policy {route.policy} does not read rules: say policy: rules"
    yield from role_problems(at, route)


def _names(at: str, route: RouteConfig, targets: Mapping[str, Any]) -> Iterator[Problem]:
    for path, names in _references(at, route):
        several = listed(names)
        for i, name in enumerate(several):
            where = path if isinstance(names, str) else f"{path}[{i}]"
            if name not in targets:
                hint = did_you_mean(name, targets)
                yield where, f'unknown target "{name}".{hint} (there are: {", ".join(targets)})'
            elif name in several[:i]:
                what = "route" if path == f"{at}.targets" else "list"
                yield where, f'"{name}" stands in this {what} twice'


def _references(at: str, route: RouteConfig) -> Iterator[tuple[str, Names]]:
    yield f"{at}.targets", route.targets
    for i, rule in enumerate(route.rules):
        yield f"{at}.rules[{i}].use", rule.use
    if route.roles is not None:
        for role in ALL_ROLES:
            yield f"{at}.roles.{role}", getattr(route.roles, role)
    if route.shadow is not None:
        yield f"{at}.shadow.targets", route.shadow.targets
    if route.upgrade is not None:
        yield f"{at}.upgrade.target", route.upgrade.target
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
    for i, (rule, error) in enumerate(compiled_rules(route)):
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
    for key, limits in (("shadow", route.shadow), ("upgrade", route.upgrade)):
        if limits is not None:
            yield from _copies(at, key, limits)
    if route.upgrade is not None and list(route.targets) == [route.upgrade.target]:
        message = "the route's only target cannot better its own answers: name another"
        yield f"{at}.upgrade.target", message


def _beside_check(at: str, route: RouteConfig) -> Iterator[Problem]:
    """What does not go together with a check."""
    if route.hedge_after_s is not None:
        message = (
            "a check asks targets one after the other, a hedge side by side: take one of them out"
        )
        yield f"{at}.hedge_after_s", message
    if route.continuation:
        message = "a checked stream is held back until it is whole, so it need not be continued: take one out"
        yield f"{at}.continuation", message
    if len(route.targets) < 2 and route.policy not in ("rules", *ROLES_OF):
        yield (
            f"{at}.targets",
            "a check needs a second target, to ask when it does not take the answer",
        )


def _copies(at: str, key: str, limits: CopyLimits) -> Iterator[Problem]:
    if limits.share == 0:
        yield f"{at}.{key}.share", f"a share of 0 copies nothing: take the {key} out"
    budget_usd = limits.budget_usd_per_day
    if budget_usd is not None and not (budget_usd.is_finite() and budget_usd > 0):
        yield f"{at}.{key}.budget_usd_per_day", "must be above 0: without a limit, leave it out"


def _alias_problems(
    routes: Mapping[str, RouteConfig], aliases: Mapping[str, str], targets: Mapping[str, Any]
) -> list[Problem]:
    found: list[Problem] = []
    known = [*routes, *targets, *aliases]
    for alias, meant in aliases.items():
        at = f"aliases.{alias}"
        chain = alias_chain(alias, aliases)
        if alias in routes or alias in targets:
            kind = "route" if alias in routes else "target"
            found.append((at, f"this name is a {kind}'s too: rename one"))
        elif meant not in known:
            hint = did_you_mean(meant, known)
            found.append((at, f'no route, target or alias is called "{meant}".{hint}'))
        elif chain[-1] in aliases:
            found.append((at, f"goes round in a circle: {' > '.join(chain)}"))
    return found
