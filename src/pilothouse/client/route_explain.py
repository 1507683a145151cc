"""Why a request would go where it would go, in words and values. Asks nobody."""

from __future__ import annotations

from msgspec import Struct

from pilothouse.client.routing import Router
from pilothouse.core.facts import Facts
from pilothouse.core.route import Live, RouteSpec
from pilothouse.core.rules.rule import why_not
from pilothouse.core.sticky import who_stays

LIVE_POLICIES = frozenset({"least_busy", "latency_p2c"})
"""Their choice depends on what is under way."""


class RuleOutcome(Struct, frozen=True, kw_only=True):
    """What became of one rule."""

    name: str
    when: str
    targets: tuple[str, ...]
    outcome: str
    """matches, does not match, not asked."""
    why: str = ""


class Explained(Struct, frozen=True, kw_only=True):
    """A choice with all that led to it."""

    asked: str
    """As the caller names it."""
    route: str
    policy: str
    rules: tuple[RuleOutcome, ...]
    targets: tuple[str, ...]
    """In order of trial."""
    why: str
    sticky: str | None
    """What the choice is hashed by; None when the policy does not hash."""
    shares: dict[str, float]
    """Of a weighted route: each target's part of all subjects."""
    context_fallbacks: tuple[str, ...]
    content_fallbacks: tuple[str, ...]
    shadows: tuple[str, ...]
    check: str | None
    """What an answer must pass, so that the next target is not asked."""
    notes: tuple[str, ...]


def explained(router: Router, spec: RouteSpec, facts: Facts, live: Live) -> Explained:
    """What `router` makes of `facts`, and why."""
    route = router.route(facts, spec, live)
    is_weighted = spec.policy == "weighted"
    weights = spec.weights or (1.0,) * len(spec.targets)
    return Explained(
        asked=facts.model,
        route=spec.name,
        policy=spec.policy,
        rules=_rule_outcomes(spec, facts),
        targets=tuple(t.name for t in route.targets),
        why=route.why,
        sticky=": ".join(who_stays(facts, spec.sticky)) if is_weighted else None,
        shares={t.name: w / sum(weights) for t, w in zip(spec.targets, weights, strict=True)}
        if is_weighted
        else {},
        context_fallbacks=tuple(t.name for t in spec.context_fallbacks),
        content_fallbacks=tuple(t.name for t in spec.content_fallbacks),
        shadows=tuple(t.name for t in spec.shadow.targets) if spec.shadow else (),
        check=spec.check.words if spec.check else None,
        notes=_notes(spec, facts, live),
    )


def _rule_outcomes(spec: RouteSpec, facts: Facts) -> tuple[RuleOutcome, ...]:
    outcomes: list[RuleOutcome] = []
    is_decided = False
    for choice in spec.rules:
        rule = choice.rule
        if is_decided:
            outcome, why = "not asked", "an earlier rule matched"
        elif rule.matches(facts):
            outcome, why, is_decided = "matches", "", True
        else:
            outcome, why = "does not match", why_not(rule.node, facts)
        targets = tuple(t.name for t in choice.targets)
        outcomes.append(
            RuleOutcome(name=rule.name, when=rule.text, targets=targets, outcome=outcome, why=why)
        )
    return tuple(outcomes)


def _notes(spec: RouteSpec, facts: Facts, live: Live) -> tuple[str, ...]:
    notes: list[str] = []
    if spec.policy in LIVE_POLICIES and not live.health:
        notes.append("depends on the traffic: shown as if nothing were under way or measured")
    if spec.policy == "cheapest" and facts.input_tokens is None:
        notes.append("input tokens are not known: 500 are assumed")
    if live.split is None:
        notes.append("a running rollout of this route would decide instead")
    return tuple(notes)
