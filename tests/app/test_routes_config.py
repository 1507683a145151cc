"""Routes say what they mean, or are refused with file, line, key and the nearest name."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import Struct

from pilothouse.app.route_problems import route_problems
from pilothouse.app.routes_config import RouteConfig, resolved_aliases, resolved_routes
from pilothouse.core.errors import InvalidInput
from pilothouse.core.route import RouteSpec, Target
from pilothouse.documents.strict import parse

HEAD = """\
# The line numbers
# below are counted
targets:
  small: {name: small, provider: p, model: s}
  big: {name: big, provider: p, model: b}
  eyes: {name: eyes, provider: p, model: e}
"""
GOOD = (
    HEAD
    + """\
routes:
  support:
    policy: weighted
    targets: [small, big]
    weights: {small: 3, big: 1}
    sticky: conversation
    retries: {attempts_per_target: 3, backoff_cap_s: 4}
    timeouts: {first_token_s: 2, total_s: 60}
    context_fallbacks: big
    unsupported: reject
    hedge_after_s: 1.5
    shadow: {targets: eyes, share: 0.05, budget_usd_per_day: 1.10}
    upgrade: {target: eyes, budget_usd_per_day: 2, keep_s: 60}
    cache: {ttl_s: 60}
  ruled:
    policy: rules
    targets: [small]
    rules:
      - {name: pictures, when: "has_images", use: eyes}
      - {when: 'input_tokens > 8000 || key.team == "research"', use: [big, eyes]}
  guided:
    policy: guide_router
    targets: [small]
    roles: {fast: small, smart: big, long: [big]}
aliases:
  fast: quick
  quick: small
  smart: support
"""
)


class File(Struct, forbid_unknown_fields=True):
    targets: dict[str, Target]
    routes: dict[str, RouteConfig] = {}
    aliases: dict[str, str] = {}


class Loaded(Struct):
    targets: dict[str, Target]
    routes: dict[str, RouteSpec]
    aliases: dict[str, str]


def loaded(text: str) -> Loaded:
    document = parse(text, File, name="f.yaml")
    file = document.value
    found = route_problems(file.routes, file.aliases, file.targets, Path())
    if found:
        raise InvalidInput("\n".join(str(document.error(*problem)) for problem in found))
    return Loaded(
        file.targets,
        resolved_routes(file.routes, file.targets, Path()),
        resolved_aliases(file.aliases),
    )


def test_routes_are_resolved_to_what_the_client_needs() -> None:
    config = loaded(GOOD)
    support, ruled, guided = (config.routes[n] for n in ("support", "ruled", "guided"))
    assert support.weights == (3.0, 1.0)
    assert support.retries.attempts_per_target == 3
    assert support.context_fallbacks == (config.targets["big"],)
    assert support.shadow is not None
    assert support.shadow.limits.budget_usd_per_day == Decimal("1.10")
    assert support.shadow.targets == (config.targets["eyes"],)
    assert support.upgrade is not None
    assert support.upgrade.target == config.targets["eyes"]
    limits = support.upgrade.limits
    assert (limits.share, limits.keep_s, limits.stop_below) == (1.0, 60.0, 0.05)
    assert limits.budget_usd_per_day == Decimal(2)
    assert [c.rule.name for c in ruled.rules] == ["pictures", "2"]
    assert [t.name for t in ruled.rules[1].targets] == ["big", "eyes"]
    assert guided.roles is not None and guided.roles.code == ()
    assert config.aliases == {"fast": "small", "quick": "small", "smart": "support"}


def test_only_routes_that_decide_by_content_have_it_read() -> None:
    config = loaded(GOOD)
    reads = {name: spec.reads_content for name, spec in config.routes.items()}
    assert reads == {
        "small": False,
        "big": False,
        "eyes": False,
        "support": False,
        "ruled": True,
        "guided": True,
    }
    by_key = GOOD.replace("has_images", "stream").replace("input_tokens > 8000 ||", "")
    assert not loaded(by_key).routes["ruled"].reads_content


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("weights: {small: 3, big: 1}", "weights: {smal: 3, big: 1}", ':11: routes.support.weights.smal: "smal" is no target'),
        ("weights: {small: 3, big: 1}", "weights: {small: 3}", ':11: routes.support.weights: the target "big" has no weight'),
        ("weights: {small: 3, big: 1}", "weights: {small: 3, big: 0}", ":11: routes.support.weights.big: a weight of 0 leaves it nothing"),
        ("weights: {small: 3, big: 1}", "weights: {small: 3, big: -1}", ":11: routes.support.weights.big: "),
        ("policy: weighted", "policy: fallback", ":11: routes.support.weights: the policy fallback does not read weights"),
        ("policy: weighted", "policy: wieghted", ':9: routes.support.policy: unknown policy "wieghted". Did you mean "weighted"?'),
        ("sticky: conversation", "sticky: user", ":12: routes.support.sticky: "),
        ("backoff_cap_s: 4", "backoff_cap_s: 0.1", ":13: routes.support.retries.backoff_base_s: above backoff_cap_s (0.1)"),
        ("attempts_per_target", "attempt_per_target", 'routes.support.retries.attempt_per_target: unknown key'),
        ("first_token_s: 2", "first_token_s: 90", ":14: routes.support.timeouts.first_token_s: above total_s (60)"),
        ("context_fallbacks: big", "context_fallbacks: bigg", ':15: routes.support.context_fallbacks: unknown target "bigg". Did you'),
        ("unsupported: reject", "unsupported: ignore", ":16: routes.support.unsupported: "),
        ("hedge_after_s: 1.5", "hedge_after_s: 60", ":17: routes.support.hedge_after_s: not below timeouts.total_s (60)"),
        ("targets: eyes, share: 0.05", "targets: eye, share: 0.05", ':18: routes.support.shadow.targets: unknown target "eye". Did'),
        ("share: 0.05", "share: 0", ":18: routes.support.shadow.share: a share of 0 copies nothing"),
        ("budget_usd_per_day: 1.10", "budget_usd_per_day: -1", ":18: routes.support.shadow.budget_usd_per_day: must be above 0"),
        ("share: 0.05", "share: 5", ":18: routes.support.shadow.share: "),
        ("target: eyes, budget", "target: eye, budget", ':19: routes.support.upgrade.target: unknown target "eye". Did you mean "eyes"?'),
        ("target: eyes, budget", "target: [eyes], budget", ":19: routes.support.upgrade.target: "),
        ("budget_usd_per_day: 2", "budget_usd_per_day: 0", ":19: routes.support.upgrade.budget_usd_per_day: must be above 0"),
        ("budget_usd_per_day: 2", "share: 0", ":19: routes.support.upgrade.share: a share of 0 copies nothing: take the upgrade out"),
        ("budget_usd_per_day: 2", "stop_bellow: 0.1", ':19: routes.support.upgrade.stop_bellow: unknown key "stop_bellow". Did'),
        ("budget_usd_per_day: 2", "stop_below: 2", ":19: routes.support.upgrade.stop_below: "),
        ("keep_s: 60", "keep_s: 0", ":19: routes.support.upgrade.keep_s: "),
        ("  guided:\n", "  guided:\n    upgrade: {target: small}\n", "routes.guided.upgrade.target: the route's only target cannot"),
        ("has_images", "has_image", ':25: routes.ruled.rules[0].when: unknown fact "has_image". Did you mean "has_images"? (character 1)'),
        ("has_images", "has_images &", ":25: routes.ruled.rules[0].when: "),
        ("has_images", "true", ':26: routes.ruled.rules[1].when: this rule can never match: the earlier rule "pictures" matches'),
        ("has_images", "stream && !stream", ":25: routes.ruled.rules[0].when: this rule can never match: it is never true"),
        ("use: [big, eyes]", "use: [big, ayes]", ':26: routes.ruled.rules[1].use[1]: unknown target "ayes". Did you mean "eyes"?'),
        ("use: [big, eyes]", "use: [big, big]", ':26: routes.ruled.rules[1].use[1]: "big" stands in this list twice'),
        ("policy: rules", "policy: fallback", ":24: routes.ruled.rules: the policy fallback does not read rules"),
        ("    roles: {fast: small, smart: big, long: [big]}\n", "", ":28: routes.guided.policy: the policy guide_router needs roles"),
        ("smart: big, long", "long", 'routes.guided.roles: the key "smart" is missing'),
        ("smart: big, long: [big]", "smart: bog, long: [big]", ':30: routes.guided.roles.smart: unknown target "bog". Did you mean "big"?'),
        ("quick: small", "quick: fast", ":32: aliases.fast: goes round in a circle: fast > quick > fast"),
        ("smart: support", "smart: suport", ':34: aliases.smart: no route, target or alias is called "suport". Did you mean "support"?'),
        ("smart: support", "support: small", ":34: aliases.support: this name is a route's too"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_the_start(
    before: str, after: str, message: str
) -> None:
    assert before in GOOD
    with pytest.raises(InvalidInput) as caught:
        loaded(GOOD.replace(before, after))
    assert message in str(caught.value)


def test_an_alias_may_not_stand_for_itself() -> None:
    with pytest.raises(InvalidInput, match="goes round in a circle: a > a"):
        loaded(HEAD + "aliases: {a: a}\n")
