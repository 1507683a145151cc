"""What a call costs: exact Decimal arithmetic on catalogue prices, or the reason why there is none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.core.errors import NotFound
from pilothouse.core.model import Claim, Model
from pilothouse.core.ports import Priced, PriceOf
from pilothouse.core.request import Usage
from pilothouse.core.route import Target

_MTOK = Decimal(1_000_000)


class Tier(Struct, frozen=True):
    """USD per token for the whole request when it has more than `above` input tokens."""

    above: int
    per_input: Decimal
    per_output: Decimal
    per_cached: Decimal | None


class Rates(Struct, frozen=True):
    """Tiers by size, the dearest first; the last one starts at 0 tokens."""

    tiers: tuple[Tier, ...]

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal | None:
        """USD, exact. `input_tokens` includes the cached ones. None: no price of cached input."""
        for tier in self.tiers:
            if input_tokens > tier.above or not tier.above:
                cost = (input_tokens - cached_tokens) * tier.per_input
                cost += output_tokens * tier.per_output
                if not cached_tokens:
                    return cost
                if tier.per_cached is None:
                    return None
                return cost + cached_tokens * tier.per_cached
        return None


def rates(winning: Mapping[str, Claim]) -> Rates | None:
    """From the winning claim of each field. None: nobody says what input or output costs.

    Tiers count only when they are of the source that says the price: sources differ on them.
    """
    per_input, per_output, per_cached = (
        _per_token(claim.value) if (claim := winning.get(f"price_{kind}_per_mtok")) else None
        for kind in ("input", "output", "cached_input")
    )
    if per_input is None or per_output is None:
        return None
    tiers = [Tier(0, per_input, per_output, per_cached)]
    above = winning.get("price_tiers")
    if above is not None and above.source == winning["price_input_per_mtok"].source:
        for text in above.value if isinstance(above.value, list) else []:
            start, *prices = text.split()
            below = tiers[-1]
            found = [None if p == "-" else _per_token(p) for p in prices]
            tiers.append(
                Tier(
                    int(start),
                    found[0] or below.per_input,
                    found[1] or below.per_output,
                    found[2] or below.per_cached,
                )
            )
    return Rates(tuple(reversed(tiers)))


def price_of(catalog: Catalog) -> PriceOf:
    """A pricing function that reads each model's rates once, with the days on which they changed."""
    known: dict[str, tuple[list[int], list[Rates | None]] | Priced] = {}

    def price(target: Target, usage: Usage, at_us: int) -> Priced:
        name = target.priced_as
        history = known.get(name)
        if history is None:
            history = known[name] = _history(catalog, name)
        if isinstance(history, Priced):
            return history
        starts, all_rates = history
        then = all_rates[bisect_right(starts, at_us)] if starts else all_rates[0]
        if then is None:
            return Priced(None, f'not priced: nobody says what "{name}" cost then')
        cost = then.cost(usage.input_tokens, usage.output_tokens, usage.cached_input_tokens)
        if cost is None:
            return Priced(None, f'not priced: no price of cached input for "{name}"')
        return Priced(cost)

    return price


def _history(catalog: Catalog, name: str) -> tuple[list[int], list[Rates | None]] | Priced:
    """Times at which prices changed, and the rates before, between and after them."""
    try:
        model = catalog.find(name)
    except NotFound:
        return Priced(None, f'not priced: the catalogue has no model "{name}"')
    claims = [c for c in model.claims if c.field.startswith("price_")]
    days = sorted({c.valid_from for c in claims if c.valid_from is not None})
    all_rates = [rates(_winning(catalog, model, day)) for day in [date.min, *days]]
    if not any(all_rates):
        return Priced(None, f'not priced: nobody says what "{name}" costs')
    starts = [
        int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) * 1_000_000 for d in days
    ]
    return starts, all_rates


def _winning(catalog: Catalog, model: Model, day: date) -> dict[str, Claim]:
    winning: dict[str, Claim] = {}
    for claim in catalog.claims(model, as_of=day):
        winning.setdefault(claim.field, claim)
    return winning


def _per_token(per_mtok: object) -> Decimal:
    return Decimal(str(per_mtok)) / _MTOK
