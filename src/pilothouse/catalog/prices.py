"""What a text call costs, fast: rates read once a model, with the days on which they changed.

Every dimension, with its lines: `catalog/bill.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.core.answer import Usage
from pilothouse.core.errors import NotFound
from pilothouse.core.model import Alias, Claim
from pilothouse.core.ports import Priced, PriceOf
from pilothouse.core.route import Target

_MTOK = Decimal(1_000_000)
_BASE = {
    "per_input": "price_input_per_mtok",
    "per_output": "price_output_per_mtok",
    "per_cached": "price_cached_input_per_mtok",
}


class Tier(Struct, frozen=True):
    """USD per token for the whole request when it has more than `above` input tokens."""

    above: int
    per_input: Decimal
    per_output: Decimal
    per_cached: Decimal | None


class Rates(Struct, frozen=True):
    """Tiers by size, the dearest first; the last one starts at 0 tokens."""

    tiers: tuple[Tier, ...]
    has_output: bool = True
    """False: nobody says what output costs (a model of embeddings has none), and `per_output` is 0."""

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal | None:
        """USD, exact. `input_tokens` includes the cached ones. None: cached input or output has no price."""
        if output_tokens and not self.has_output:
            return None
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


def rates(
    winning: Mapping[str, Claim], service: str | None = None, *, needs_output: bool = True
) -> Rates | None:
    """From the winning claim of each field. None: nobody says what input or output costs (in USD).
    Without `needs_output` a price of input is enough for a call that has no output.

    `service` is batch, flex or priority. Tiers count only when they are of the source that says the price:
    sources differ on them.
    """
    currency = winning.get("price_currency")
    if currency is not None and currency.value != "USD":
        return None
    at = f"@{service}" if service else ""
    names = {key: field + at for key, field in _BASE.items()}
    base = {key: _per_token(winning, field) for key, field in names.items()}
    per_input, per_output = base["per_input"], base["per_output"]
    if per_input is None or (per_output is None and needs_output):
        return None
    has_output = per_output is not None
    per_output = per_output or Decimal(0)
    source = winning[names["per_input"]].source
    tiers = [Tier(0, per_input, per_output, base["per_cached"])]
    for above in _thresholds(winning, names, source):
        below = tiers[-1]
        found = {key: _per_token(winning, f"{field}>{above}") for key, field in names.items()}
        tiers.append(
            Tier(
                above,
                found["per_input"] or below.per_input,
                found["per_output"] or below.per_output,
                found["per_cached"] or below.per_cached,
            )
        )
    return Rates(tuple(reversed(tiers)), has_output)


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
            what = "cached input" if then.has_output else "output"
            return Priced(None, f'not priced: no price of {what} for "{name}"')
        return Priced(cost)

    return price


def _history(catalog: Catalog, name: str) -> tuple[list[int], list[Rates | None]] | Priced:
    """Times at which prices changed, and the rates before, between and after them.

    A moving name (`-latest`) changes its prices when it moves, too.
    """
    spans = catalog.history(name)
    try:
        models = [catalog.find(s.model) for s in spans] or [catalog.find(name)]
    except NotFound:
        return Priced(None, f'not priced: the catalogue has no model "{name}"')
    turns = {d for m in models for c in m.claims for d in _turns(c)} | _moves(spans)
    days = sorted(turns)
    all_rates = [_rates_on(catalog, name, day) for day in [date.min, *days]]
    if not any(all_rates):
        return Priced(None, f'not priced: nobody says what "{name}" costs')
    starts = [
        int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) * 1_000_000 for d in days
    ]
    return starts, all_rates


def _rates_on(catalog: Catalog, name: str, day: date) -> Rates | None:
    try:
        model = catalog.find(name, day)
    except NotFound:
        return None
    winning: dict[str, Claim] = {}
    for claim in catalog.claims(model, as_of=day):
        if claim.field.startswith("price_"):
            winning.setdefault(claim.field, claim)
    return rates(winning, needs_output=False)


def _turns(claim: Claim) -> list[date]:
    if not claim.field.startswith("price_"):
        return []
    return [d for d in (claim.valid_from, claim.valid_to) if d is not None]


def _moves(spans: Sequence[Alias]) -> set[date]:
    return {d for span in spans for d in (span.valid_from, span.valid_to) if d is not None}


def _thresholds(winning: Mapping[str, Claim], names: Mapping[str, str], source: str) -> list[int]:
    found: set[int] = set()
    for field in winning:
        base, sign, above = field.partition(">")
        if sign and base in names.values() and winning[field].source == source:
            found.add(int(above))
    return sorted(found)


def _per_token(winning: Mapping[str, Claim], field: str) -> Decimal | None:
    claim = winning.get(field)
    return None if claim is None or claim.doubt else Decimal(str(claim.value)) / _MTOK
