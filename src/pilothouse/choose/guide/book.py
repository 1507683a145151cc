"""What the guide says, as values. Where it says it: the line numbers. Its own date is `WRITTEN_ON`."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

from msgspec import Struct

from pilothouse.documents.strict import parse

WRITTEN_ON = date(2025, 12, 31)


class Advice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Models by the guide's names, best first where it ranks them."""

    models: list[str] = []
    place: str | None = None
    notes: list[str] = []


class FollowUp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second question of a node, with an answer each."""

    question: str
    answers: dict[str, Advice]


class Node(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question of the tree. They are asked in order; the first yes decides; the last is the default."""

    number: int
    id: str
    lines: list[int]
    question: str
    yes: Advice
    hint: str | None = None
    then: FollowUp | None = None


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the decision matrix."""

    line: int
    when: list[str]
    models: list[str] = []
    place: str | None = None
    notes: list[str] = []


class Shortcut(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of quick advice."""

    line: int
    when: str
    models: list[str] = []
    notes: list[str] = []


class Other(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a use case names besides its best: a fallback, an alternative, a budget or private choice."""

    kind: str
    when: str
    models: list[str] = []
    place: str | None = None
    notes: list[str] = []


class UseCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the guide's ten."""

    id: str
    lines: list[int]
    requirements: list[str]
    best: Advice
    parts: dict[str, Advice] = {}
    why: list[str] = []
    others: list[Other] = []
    must: str | None = None
    around_it: list[str] = []


class Ordering(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is better at what. `gt`: each tier before the next; `approx`: level; `set`, `all`: not ranked."""

    id: str
    line: int
    about: str
    op: Literal["gt", "approx", "set", "all"]
    tiers: list[list[str]]
    note: str | None = None


class Guidance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to take a model."""

    line: int
    models: list[str]
    when: str


class LatencyClass(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class of speed; None = minutes to hours."""

    id: str
    below_ms: int | None
    uses: list[str]
    models: list[str]
    advice: list[str]


class BudgetTier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD a month, from and up to; None = no upper end."""

    id: str
    from_usd: int
    to_usd: int | None
    advice: str


class TradeOff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two things that cannot both be had, and what the guide says of each side."""

    id: str
    lines: list[int]
    sides: dict[str, str]


class Stars(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the feature matrix."""

    line: int
    model: str
    context_tokens: int
    reasoning: int
    code: int
    speed: int
    cost: str
    reads: str


class Warned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the guide contradicts itself, or measured data contradict it."""

    id: str
    topics: list[str]
    says: str
    is_measured: bool = False


class Seated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that takes a role after the guide's own, from a day on."""

    model: str
    since: date


class Seat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role, the guide's model in it, and who follows one after another when that one has retired."""

    guide: str
    role: str
    then: list[Seated] = []
    """In the order of their days."""


class Guide(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole."""

    tree: list[Node]
    matrix: list[Rule]
    shortcuts: list[Shortcut]
    use_cases: list[UseCase]
    orderings: list[Ordering]
    guidance: list[Guidance]
    latency_classes: list[LatencyClass]
    budgets: list[BudgetTier]
    trade_offs: list[TradeOff]
    stars: list[Stars]
    warnings: list[Warned]
    seats: list[Seat]


@cache
def load_guide() -> Guide:
    """The guide as shipped."""
    file = resources.files("pilothouse.data").joinpath("guide", "guide.yaml")
    return parse(file.read_text(encoding="utf-8"), Guide, name="guide.yaml").value
