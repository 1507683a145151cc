"""What if a price falls, a vendor is down, a context grows, a model ends: the same need, decided again. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from pilothouse.catalog.prices import rates
from pilothouse.choose.decision import Decision, Pick
from pilothouse.choose.facts import Offer
from pilothouse.core.errors import InvalidInput
from pilothouse.core.model import Claim

_SHARE = re.compile(r"([+-]?\d+(?:\.\d+)?)%")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kKmM]?)")
_DAYS = re.compile(r"(\d+)d(?:ays)?")


class Change(Struct, frozen=True, kw_only=True):
    """One thing that might happen to a model, or to everything a vendor or host serves."""

    kind: Literal["price", "down", "context", "retires"]
    whom: str
    factor: Decimal = Decimal(1)
    tokens: int = 0
    on: date | None = None

    @property
    def text(self) -> str:
        """In words."""
        if self.kind == "price":
            return f"{self.whom} costs {self.factor:.0%} of today"
        if self.kind == "down":
            return f"{self.whom} is down"
        if self.kind == "context":
            return f"{self.whom} has a context of {self.tokens:,} tokens"
        return f"{self.whom} retires {self.on}"


class Moved(Struct, frozen=True, kw_only=True):
    """How a decision differs from the one before."""

    changes: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    entered: tuple[str, ...]
    left: dict[str, str]
    """Who is no longer on the shortlist, and why."""
    cost_per_month_usd: dict[str, tuple[Decimal | None, Decimal | None]]
    """Of whoever is on both: before and after."""

    @property
    def has_flipped(self) -> bool:
        """Whether the shortlist or its order is another one."""
        return self.before != self.after


def price_change(whom: str, text: str) -> Change:
    """`-30%`, `+10%`. Raises `InvalidInput`."""
    match = _SHARE.fullmatch(text.strip())
    factor = 1 + Decimal(match[1]) / 100 if match else None
    if factor is None or factor < 0:
        raise InvalidInput(f'--price {whom}={text}: write a change in percent, e.g. "-30%"')
    return Change(kind="price", whom=whom, factor=factor)


def context_change(whom: str, text: str) -> Change:
    """`1M`, `200k`, `131072`. Raises `InvalidInput`."""
    match = _SIZE.fullmatch(text.strip())
    tokens = 0
    if match:
        tokens = int(Decimal(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()])
    if not 1 <= tokens <= 1_000_000_000:
        raise InvalidInput(f'--context {whom}={text}: write a number of tokens, e.g. "1M"')
    return Change(kind="context", whom=whom, tokens=tokens)


def retirement(whom: str, text: str, today: date) -> Change:
    """`60d` or `2026-12-31`. Raises `InvalidInput`."""
    days = _DAYS.fullmatch(text.strip())
    try:
        on = today + timedelta(days=int(days[1])) if days else date.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise InvalidInput(
            f'--retires {whom}={text}: write days or a date, e.g. "60d" or "2027-01-31"'
        ) from None
    return Change(kind="retires", whom=whom, on=on)


def apply(changes: Sequence[Change], offers: Iterable[Offer]) -> list[Offer]:
    """The offers as they would be. Those of a vendor or host that is down are gone."""
    found: list[Offer] = []
    for offer in offers:
        changed: Offer | None = offer
        for change in changes:
            if changed is not None and change.whom in (
                offer.id,
                offer.of,
                offer.vendor,
                offer.host,
            ):
                changed = _changed(changed, change)
        if changed is not None:
            found.append(changed)
    return found


def moved(changes: Sequence[Change], before: Decision, after: Decision) -> Moved:
    """What the changes do to a decision."""
    old = {p.id: p for p in before.shortlist}
    new = {p.id: p for p in after.shortlist}
    return Moved(
        changes=tuple(c.text for c in changes),
        before=tuple(old),
        after=tuple(new),
        entered=tuple(i for i in new if i not in old),
        left={i: _down(old[i], changes) or why_not(i, after) for i in old if i not in new},
        cost_per_month_usd={i: (_month(old[i]), _month(new[i])) for i in old if i in new},
    )


def why_not(model_id: str, decision: Decision) -> str:
    """Why a model is not on the shortlist of a decision."""
    for excluded in decision.excluded:
        if excluded.id == model_id:
            return "; ".join(f.text for f in excluded.failures)
    for beaten in decision.dominated:
        if beaten.id == model_id:
            return f"dominated by {beaten.by}: {beaten.why}"
    for rank, pick in enumerate(decision.runners_up, len(decision.shortlist) + 1):
        if pick.id == model_id:
            return f"ranked {rank}, behind {', '.join(p.id for p in decision.shortlist)}"
    return "no longer offered"


def _down(pick: Pick, changes: Sequence[Change]) -> str | None:
    """What took it off the market, if one of the changes did."""
    names = (pick.id, pick.vendor, pick.id.partition("/")[0])
    return next((c.text for c in changes if c.kind == "down" and c.whom in names), None)


def _month(pick: Pick) -> Decimal | None:
    return pick.cost_per_month_usd


def _changed(offer: Offer, change: Change) -> Offer | None:
    if change.kind == "down":
        return None
    if change.kind == "context":
        return msgspec.structs.replace(offer, context_tokens=change.tokens)
    if change.kind == "retires":
        return msgspec.structs.replace(offer, retired_on=change.on)
    claims = {field: _scaled(claim, change.factor) for field, claim in offer.claims.items()}
    return msgspec.structs.replace(offer, claims=claims, rates=rates(claims))


def _scaled(claim: Claim, factor: Decimal) -> Claim:
    if not claim.field.startswith("price_") or "_per_" not in claim.field:
        return claim
    return msgspec.structs.replace(
        claim,
        value=f"{(Decimal(str(claim.value)) * factor).normalize():f}",
        note=f"{claim.value} as of now, changed by what is asked",
    )
