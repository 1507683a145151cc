"""Where a request can go (`Target`), where one request goes and why (`Route`), and who decides (`Policy`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, Protocol, get_args

from msgspec import Struct

from pilothouse.core.facts import Facts
from pilothouse.core.grade import AskingScorer, Scorer
from pilothouse.core.health import HealthRules, TargetHealth
from pilothouse.core.route_settings import (
    CacheSettings,
    Retries,
    ShadowLimits,
    Sticky,
    Timeouts,
    Unsupported,
    UpgradeLimits,
)
from pilothouse.core.rules.rule import Rule


class Target(Struct, frozen=True, kw_only=True):
    """A model at a provider: where one attempt can go."""

    name: str
    """How configuration and records call it."""
    provider: str
    """The configured provider's name, not the plugin's."""
    model: str
    """The model id that the provider is sent."""
    catalog_model: str | None = None
    """The catalogue id that prices it; None = look up `model`."""

    @property
    def priced_as(self) -> str:
        """The catalogue id to price a call of this target with."""
        return self.catalog_model or self.model


class Route(Struct, frozen=True, kw_only=True):
    """Where this request goes: targets in order of trial, the arm, and why."""

    name: str
    targets: tuple[Target, ...]
    arm: str = "main"
    share: float | None = None
    """The new arm's share (0-1) that held when this request was assigned; None = no split."""
    rollout_id: str | None = None
    propensity: float | None = None
    """The chance that the first target had, 0-1, where chance decides what is learned from; None = it does not."""
    why: str = ""
    final: Target | None = None
    """The one whose answer counts whatever a check says; None = the last of `targets`."""


class Check(Struct, frozen=True, kw_only=True):
    """What an answer must pass; when it does not, the next target is asked."""

    scorers: tuple[tuple[str, Scorer | AskingScorer], ...] = ()
    """By name, those that only look first; each must accept."""
    at_least: float = 0.5
    """The value, 0-1, from which a scorer accepts."""
    agree_with: Target | None = None
    """It is asked beside the first target, and must say the same."""
    judges: tuple[Target, ...] = ()
    """Those that the scorers ask, by their targets' names."""
    timeout_s: float = 30.0
    """A check that takes longer does not accept."""
    words: str = ""
    """For a reader."""

    @property
    def asks(self) -> tuple[Target, ...]:
        """Everybody who may be asked, and paid, to check an answer."""
        return self.judges if self.agree_with is None else (*self.judges, self.agree_with)


class Choice(Struct, frozen=True, kw_only=True):
    """What a learned router makes of a request."""

    targets: tuple[Target, ...]
    """In order of trial, all of them."""
    propensity: float | None
    why: str


class Chooser(Protocol):
    """A learned router, made ready for the targets of a route."""

    def choose(self, facts: Facts, targets: tuple[Target, ...]) -> Choice:
        """Pure: the same facts, the same choice."""
        ...


class Shadow(Struct, frozen=True, kw_only=True):
    """Targets that get a copy of some requests; nobody waits for them."""

    targets: tuple[Target, ...]
    limits: ShadowLimits = ShadowLimits()


class Upgrade(Struct, frozen=True, kw_only=True):
    """Who is asked the same again for a better answer, once the caller has the first one."""

    target: Target
    limits: UpgradeLimits = UpgradeLimits()


class RuleChoice(Struct, frozen=True, kw_only=True):
    """A rule of a route: the targets for requests that it matches."""

    rule: Rule
    targets: tuple[Target, ...]


Urgency = Literal["high", "normal", "low"]
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)


class GuideRoles(Struct, frozen=True, kw_only=True):
    """The models of the guide's routers, and where the lines between them are drawn."""

    fast: tuple[Target, ...]
    smart: tuple[Target, ...]
    code: tuple[Target, ...] = ()
    long: tuple[Target, ...] = ()
    balanced: tuple[Target, ...] = ()
    long_over_tokens: int = 30_000
    simple_under_tokens: int = 100
    high_from_tokens: int = 2000
    urgency: Urgency | None = None
    """Of requests whose callers do not say; None = normal."""


class RouteSpec(Struct, frozen=True, kw_only=True):
    """A route as configured: a policy, the targets it may use in order, and how it serves."""

    name: str
    policy: str
    targets: tuple[Target, ...]
    weights: tuple[float, ...] = ()
    """One a target; empty = equal."""
    sticky: Sticky = "subject"
    rules: tuple[RuleChoice, ...] = ()
    """In order; the first that matches wins, `targets` answers when none does."""
    roles: GuideRoles | None = None
    learned: Chooser | None = None
    expected_output_tokens: int = 500
    """What an answer is priced at when the request sets no maximum."""
    reads_content: bool = False
    """Whether its decision needs `facts.with_content`."""
    retries: Retries = Retries()
    timeouts: Timeouts = Timeouts()
    context_fallbacks: tuple[Target, ...] = ()
    """Tried when a question is too long for the target."""
    content_fallbacks: tuple[Target, ...] = ()
    """Tried when a target refuses the content. Empty = a refusal is the answer."""
    unsupported: Unsupported = "warn"
    hedge_after_s: float | None = None
    """A second target is asked when the first has said nothing for so long."""
    continuation: bool = False
    """Whether a stream that breaks is continued on another target."""
    check: Check | None = None
    """None = whatever is answered counts."""
    shadow: Shadow | None = None
    upgrade: Upgrade | None = None
    cache: CacheSettings = CacheSettings()


Arm = Target | RouteSpec
"""What a rollout divides traffic between. A route decides by its own policy; the rollout's route serves."""


class Split(Struct, frozen=True, kw_only=True):
    """What a running rollout says about its route now."""

    rollout_id: str
    old: Arm
    new: Arm
    share: float
    """The new arm's part of the traffic, 0-1."""

    @property
    def reads_content(self) -> bool:
        """Whether an arm's decision needs `facts.with_content`."""
        return any(isinstance(a, RouteSpec) and a.reads_content for a in (self.old, self.new))

    @property
    def is_learned(self) -> bool:
        """Whether an arm's decision needs what the user wrote."""
        arms = (self.old, self.new)
        return any(isinstance(a, RouteSpec) and a.learned is not None for a in arms)


CostOf = Callable[[Target, int, int], Decimal | None]
"""Target, input and output tokens to USD now; None = not priced."""


def not_priced(target: Target, input_tokens: int, output_tokens: int) -> Decimal | None:
    """A `CostOf` that knows no price."""
    return None


class Live(Struct, frozen=True, kw_only=True):
    """What a policy may know beside the request, read when asked for. Policies never change it."""

    now_s: float = 0.0
    """Monotonic."""
    draw: float = 0.0
    """In [0, 1), new for each request: the only chance a policy has."""
    health: Mapping[str, TargetHealth] = {}
    """By target name; a target without an entry has never been tried."""
    health_rules: HealthRules = HealthRules()
    split: Split | None = None
    cost_of: CostOf = not_priced


Policy = Callable[[Facts, RouteSpec, Live], Route]
"""Pure: no I/O, clock or randomness. Ends with every target it would try, in order, and why."""
