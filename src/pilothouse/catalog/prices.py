"""What a call costs: exact Decimal arithmetic on catalogue prices, or the reason why there is none."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.catalog.catalog import Catalog
from pilothouse.core.errors import NotFound
from pilothouse.core.ports import Priced, PriceOf
from pilothouse.core.request import Usage
from pilothouse.core.route import Target

_MTOK = Decimal(1_000_000)
Rates = tuple[Decimal, Decimal, Decimal | None]
"""USD per token: input, output, cached input (None = nobody says)."""


def price_of(catalog: Catalog) -> PriceOf:
    """A pricing function that reads each target's rates once.

    Prices of the bundled catalogue are the last known ones of each model.
    """
    known: dict[str, Rates | Priced] = {}

    def price(target: Target, usage: Usage, at_us: int) -> Priced:
        name = target.priced_as
        rates = known.get(name)
        if rates is None:
            rates = known[name] = _rates(catalog, name)
        if isinstance(rates, Priced):
            return rates
        per_input, per_output, per_cached = rates
        cached = usage.cached_input_tokens
        cost = (usage.input_tokens - cached) * per_input + usage.output_tokens * per_output
        if not cached:
            return Priced(cost)
        if per_cached is None:
            return Priced(None, f'not priced: no price of cached input for "{name}"')
        return Priced(cost + cached * per_cached)

    return price


def _rates(catalog: Catalog, name: str) -> Rates | Priced:
    try:
        model = catalog.find(name)
    except NotFound:
        return Priced(None, f'not priced: the catalogue has no model "{name}"')
    found = [
        catalog.value(model, f"price_{kind}_per_mtok")
        for kind in ("input", "output", "cached_input")
    ]
    per_token = [None if value is None else Decimal(str(value)) / _MTOK for value in found]
    if per_token[0] is None or per_token[1] is None:
        return Priced(None, f'not priced: nobody says what "{name}" costs')
    return per_token[0], per_token[1], per_token[2]
