"""What can be done with keys, as functions from JSON-able values to JSON-able values.

The command line and the admin API are doors to these. A secret is in `Created` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from pilothouse.core.errors import InvalidInput, NotFound, StoreError, did_you_mean
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.keys import (
    KeyScope,
    KeyStore,
    VirtualKey,
    key_problem,
    new_secret,
    revoked,
    rotated,
    secret_hash,
)
from pilothouse.core.limits import Account, Budget, BudgetStore, Limits, period_of
from pilothouse.core.pico import usd

Moment = Annotated[datetime, Meta(tz=True)]
_TRIES = 5


class NewKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: str
    team: str | None = None
    models: tuple[str, ...] = ("*",)
    scopes: tuple[KeyScope, ...] = ("call",)
    limits: Limits = Limits()
    budgets: tuple[Budget, ...] = ()
    expires_at: Moment | None = None
    metadata: dict[str, str] = {}


class KeyChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not given stays; null takes away where there is something to take away."""

    name: str | UnsetType = UNSET
    team: str | UnsetType | None = UNSET
    models: tuple[str, ...] | UnsetType = UNSET
    scopes: tuple[KeyScope, ...] | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET
    budgets: tuple[Budget, ...] | UnsetType = UNSET
    expires_at: Moment | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType = UNSET


class KeyView(Struct, frozen=True, kw_only=True):
    """A key as shown: no secret, no hash."""

    id: str
    name: str
    status: Literal["live", "expired", "revoked"]
    last4: str
    """The end of its secret, to tell keys apart."""
    team: str | None
    models: tuple[str, ...]
    scopes: tuple[KeyScope, ...]
    limits: Limits
    budgets: tuple[Budget, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    old_secret_until: datetime | None
    """Until when the secret before the last rotation is good too."""
    metadata: dict[str, str]


class Created(Struct, frozen=True, kw_only=True):
    """A key and its secret, which is shown here and never again."""

    key: KeyView
    secret: str


class SpendRow(Struct, frozen=True, kw_only=True):
    """Money of one period."""

    period: str
    spent_usd: Decimal
    budget_usd: Decimal | None
    left_usd: Decimal | None
    """Never below 0; what is held for requests in flight is not taken off."""


class Spend(Struct, frozen=True, kw_only=True):
    """What a key has spent, newest period first."""

    key: KeyView
    rows: tuple[SpendRow, ...]


def create(
    store: KeyStore, new: NewKey, now_us: int, *, id_bits: int, randomness: bytes
) -> Created:
    """Make a key. `randomness` is 32 bytes of the system's secure source. Raises `InvalidInput`."""
    secret = new_secret(randomness)
    key = VirtualKey(
        id=time_ordered_id(now_us, id_bits),
        name=new.name.strip(),
        secret_hash=secret_hash(secret.reveal()),
        last4=secret.reveal()[-4:],
        created_us=now_us,
        team=new.team,
        models=new.models,
        scopes=new.scopes,
        limits=new.limits,
        budgets=new.budgets,
        expires_us=None if new.expires_at is None else _us(new.expires_at),
        metadata=new.metadata,
    )
    key_problem(key)
    if not store.save_key(key):
        raise StoreError(f'the key "{key.name}" was not written: its id is taken; try again')
    return Created(key=view(key, now_us), secret=secret.reveal())


def listed(store: KeyStore, now_us: int, *, with_closed: bool = False) -> list[KeyView]:
    """Keys, oldest first; the live ones only, unless asked."""
    views = [view(key, now_us) for key in store.all_keys()]
    return [v for v in views if with_closed or v.status == "live"]


def shown(store: KeyStore, id_or_name: str, now_us: int) -> KeyView:
    """One key. Raises `NotFound`."""
    return view(_found(store, id_or_name), now_us)


def changed(store: KeyStore, id_or_name: str, change: KeyChange, now_us: int) -> KeyView:
    """Change what is given. Raises `NotFound` and `InvalidInput` (a revoked key stays as it is)."""
    values: dict[str, Any] = {}
    for field in ("name", "team", "models", "scopes", "limits", "budgets", "metadata"):
        value = getattr(change, field)
        if value is not UNSET:
            values[field] = value
    if change.expires_at is not UNSET:
        values["expires_us"] = None if change.expires_at is None else _us(change.expires_at)

    def apply(key: VirtualKey) -> VirtualKey:
        if key.revoked_us is not None:
            raise InvalidInput(f'the key "{key.name}" is revoked and stays so; make a new one')
        return structs.replace(key, **values, version=key.version + 1)

    return view(_saved(store, id_or_name, apply), now_us)


def rotate(
    store: KeyStore, id_or_name: str, now_us: int, *, overlap_us: int, randomness: bytes
) -> Created:
    """A new secret; the old one stays good for the overlap. Raises `NotFound` and `InvalidInput`."""
    secret = new_secret(randomness)
    key = _saved(store, id_or_name, lambda key: rotated(key, secret, now_us, overlap_us))
    return Created(key=view(key, now_us), secret=secret.reveal())


def revoke(store: KeyStore, id_or_name: str, now_us: int) -> KeyView:
    """Close a key for good; a second time changes nothing. Raises `NotFound`."""
    return view(_saved(store, id_or_name, lambda key: revoked(key, now_us)), now_us)


def spend(store: KeyStore, budgets: BudgetStore, id_or_name: str, now_us: int) -> Spend:
    """Money by period, with the budgets that hold now. Raises `NotFound`."""
    key = _found(store, id_or_name)
    scope_id = f"key:{key.id}"
    limits = {period_of(b.per, now_us)[0]: b.usd for b in key.budgets}
    booked = {account.period: pico for account, pico in budgets.spending(scope_id)}
    periods = {period: booked.get(period, 0) for period in (*limits, *booked)}
    rows = [_row(period, usd(pico), limits.get(period)) for period, pico in periods.items()]
    rows.sort(key=lambda row: row.period, reverse=True)
    return Spend(key=view(key, now_us), rows=tuple(rows))


def team_spend(budgets: BudgetStore, team: str) -> list[tuple[Account, Decimal]]:
    """What a team has spent, by period, oldest first."""
    return [(account, usd(pico)) for account, pico in budgets.spending(f"team:{team}")]


def view(key: VirtualKey, now_us: int) -> KeyView:
    """The key without what must not be shown."""
    is_old_good = key.old_hash is not None and key.old_until_us > now_us
    return KeyView(
        id=key.id,
        name=key.name,
        status=_status(key, now_us),
        last4=key.last4,
        team=key.team,
        models=key.models,
        scopes=key.scopes,
        limits=key.limits,
        budgets=key.budgets,
        created_at=_at(key.created_us),
        expires_at=None if key.expires_us is None else _at(key.expires_us),
        revoked_at=None if key.revoked_us is None else _at(key.revoked_us),
        old_secret_until=_at(key.old_until_us) if is_old_good else None,
        metadata=key.metadata,
    )


def _status(key: VirtualKey, now_us: int) -> Literal["live", "expired", "revoked"]:
    if key.revoked_us is not None:
        return "revoked"
    return "expired" if key.expires_us is not None and key.expires_us <= now_us else "live"


def _row(period: str, spent: Decimal, budget: Decimal | None) -> SpendRow:
    left = None if budget is None else max(budget - spent, Decimal(0))
    return SpendRow(period=period, spent_usd=spent, budget_usd=budget, left_usd=left)


def _found(store: KeyStore, id_or_name: str) -> VirtualKey:
    key = store.key(id_or_name)
    if key is None:
        names = [k.name for k in store.all_keys() if k.revoked_us is None]
        hint = did_you_mean(id_or_name, names)
        raise NotFound(f'no key "{id_or_name}".{hint} (list them: pilothouse keys list)')
    return key


def _saved(
    store: KeyStore, id_or_name: str, change: Callable[[VirtualKey], VirtualKey]
) -> VirtualKey:
    """Compare-and-swap: somebody else's change in between is kept, and ours made on top of it."""
    for _ in range(_TRIES):
        before = _found(store, id_or_name)
        after = change(before)
        if after is before:
            return before
        key_problem(after)
        if store.save_key(after):
            return after
    raise StoreError(f'the key "{id_or_name}" is being changed by others all the time; try again')


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _at(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, tz=UTC)
