"""What a key, a team, a route or a target may use: limits (how fast) and budgets (how much money).

Nouns and pure rules. Who counts is `client/limits`; what the promises are is docs/keys.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.pico import usd

Count = Annotated[int, Meta(ge=1, le=1_000_000_000_000)]
Per = Literal["day", "month", "total"]
"""A calendar day or month in UTC, or as long as the key lives."""

MOST_USD = Decimal(9_000_000)
"""Pico-dollars of more than this do not fit SQLite's and Redis's 64 bits."""
FOREVER_US = 2**63 - 1


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast; None = not limited. A minute is any 60 seconds, a day any 24 hours: windows slide."""

    requests_per_minute: Count | None = None
    requests_per_day: Count | None = None
    input_tokens_per_minute: Count | None = None
    output_tokens_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    """Input and output together."""
    concurrency: Count | None = None
    """Requests at the same time."""


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much money, exact, in a period."""

    usd: Decimal
    per: Per


class Scope(Struct, frozen=True):
    """Whose use is counted together."""

    id: str
    """Unique among scopes and stable: `key:01J...`, `team:search`, `route:fast`, `target:gpt-mini`."""
    label: str
    """How messages call it: `key "ci"`."""
    limits: Limits = Limits()
    budgets: tuple[Budget, ...] = ()

    @property
    def is_booked_monthly(self) -> bool:
        """What a key or a team spends in a month is booked without a budget for it, too."""
        return self.id.startswith(("key:", "team:")) and all(b.per != "month" for b in self.budgets)


ScopeKind = Literal["key", "team", "route", "target"]


def scope_of(
    kind: ScopeKind,
    name: str,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    budgets: tuple[Budget, ...] = (),
    *,
    label: str | None = None,
) -> Scope:
    """The scope of a named thing. `label` where the name is an id that nobody reads."""
    return Scope(f"{kind}:{name}", f'{kind} "{label or name}"', limits, budgets)


def checked(limits: Limits, budgets: Sequence[Budget], where: str) -> None:
    """Raise `InvalidInput` for what the types alone let through; `where` opens the message."""
    for field in Limits.__struct_fields__:
        value: int | None = getattr(limits, field)
        if value is not None and not 1 <= value <= 1_000_000_000_000:
            raise InvalidInput(
                f"{where}: {field} is {value}; give 1 to a million million, or leave it out"
            )
    seen: set[str] = set()
    for budget in budgets:
        if not budget.usd.is_finite() or not 0 <= budget.usd <= MOST_USD:
            raise InvalidInput(f"{where}: a budget of {budget.usd} USD; give 0 to {MOST_USD} USD")
        if budget.per in seen:
            raise InvalidInput(f"{where}: two budgets per {budget.per}; keep one")
        seen.add(budget.per)


def period_of(per: Per, at_us: int) -> tuple[str, int]:
    """The period's name in UTC (`2026-11-25`, `2026-11`, `total`) and when it ends (Unix µs)."""
    if per == "total":
        return "total", FOREVER_US
    at = datetime.fromtimestamp(at_us // 1_000_000, tz=UTC)
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if per == "day":
        return f"{day:%Y-%m-%d}", _us(day + timedelta(days=1))
    after = day.replace(day=28) + timedelta(days=4)
    return f"{day:%Y-%m}", _us(after.replace(day=1))


def _us(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


Counted = Literal[
    "requests_per_minute",
    "requests_per_day",
    "input_tokens_per_minute",
    "output_tokens_per_minute",
    "tokens_per_minute",
    "concurrency",
    "budget",
    "duplicate",
    "limiter",
]
"""What refused. `duplicate`: this attempt is being answered already; `limiter`: nobody can count."""


class Refused(Struct, frozen=True, kw_only=True):
    """No, and why. Nothing was consumed anywhere."""

    by: Counted
    scope: str
    """The label of the scope that refused."""
    message: str
    """What, where, what now. Holds no secret."""
    limit: int = 0
    """Pico-dollars where `by` is budget, else a count."""
    remaining: int = 0
    retry_after_s: float | None = None
    """None: waiting does not help (the request is larger than the limit, a total budget is spent)."""

    @property
    def limit_usd(self) -> Decimal | None:
        """The budget, where one refused."""
        return usd(self.limit) if self.by == "budget" else None

    @property
    def remaining_usd(self) -> Decimal | None:
        """What is left of the budget that refused."""
        return usd(self.remaining) if self.by == "budget" else None


class Room(Struct, frozen=True):
    """How much of a limit is left."""

    limit: int
    remaining: int
    reset_s: float
    """When all of it is there again, if nothing more is used."""


class Rooms(Struct, frozen=True):
    """The tightest limit of each kind among the scopes of a request; None = not limited."""

    requests: Room | None = None
    tokens: Room | None = None


class Account(Struct, frozen=True):
    """A budget's purse: whose, and of which period (as `period_of` names it)."""

    scope_id: str
    period: str


class Granted(Struct, frozen=True):
    """What a draw came to."""

    pico_usd: int
    """Now this holder's to spend; 0 when less than the least was free."""
    left_pico_usd: int
    """Free for anybody after this draw."""


class Spent(Struct, frozen=True):
    """What a holder did with an account since it last said so."""

    account: Account
    spent_pico_usd: int
    returned_pico_usd: int = 0
    """Drawn, not needed, and given back."""


class BudgetStore(Protocol):
    """The durable truth of budgets for all that share the database. Every method is one transaction, on disk when it returns.

    Processes draw allotments and spend them from memory; what is drawn counts as used for all others. A
    holder that stops saying it lives loses what it has drawn and not reported. Raises `StoreError`.
    """

    def draw(
        self, holder: str, account: Account, *, limit: int, least: int, now_us: int, until_us: int
    ) -> Granted:
        """Take at least `least` pico-USD, or nothing; held until `until_us` unless renewed."""
        ...

    def report(self, holder: str, spent: Sequence[Spent], *, until_us: int) -> None:
        """Book spending and returns, and renew all that `holder` has drawn until `until_us`."""
        ...

    def leave(self, holder: str) -> None:
        """Give back everything `holder` has drawn and not spent."""
        ...

    def spent(self, account: Account) -> int:
        """Pico-USD booked."""
        ...

    def spending(self, scope_id: str | None = None) -> list[tuple[Account, int]]:
        """All that is booked, of one scope or of all, ordered by scope and period."""
        ...
