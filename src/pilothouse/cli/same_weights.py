"""Who serves the same weights at an API, and for how much: the honest thing to hold own machines against."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.prices import rates
from pilothouse.core.errors import NotFound
from pilothouse.core.model import Model


class Served(Struct, frozen=True, kw_only=True):
    """One host's price of one request."""

    id: str
    request_usd: Decimal


def request_usd(
    catalog: Catalog, model: Model, input_tokens: int, output_tokens: int, day: date
) -> Decimal | None:
    """None where nobody says what it costs, or where it costs nothing."""
    winning = {c.field: c for c in reversed(catalog.claims(model, as_of=day))}
    found = rates(winning)
    cost = found.cost(input_tokens, output_tokens) if found else None
    return cost or None


def same_weights(
    catalog: Catalog, name: str, input_tokens: int, output_tokens: int, day: date
) -> list[Served]:
    """Every host with a price, cheapest first; of retired offers none. Empty for a model not in the catalogue."""
    try:
        wanted = catalog.find(name).id
    except NotFound:
        return []
    found: list[Served] = []
    for offer in (m for m in catalog.hosted() if m.of == wanted):
        end = catalog.retired_on(offer)
        cost = request_usd(catalog, offer, input_tokens, output_tokens, day)
        if cost is not None and (end is None or end > day):
            found.append(Served(id=offer.id, request_usd=cost))
    return sorted(found, key=lambda s: (s.request_usd, s.id))


def middle(served: list[Served]) -> Served:
    """The median by price; of an even number the cheaper of the two."""
    return served[(len(served) - 1) // 2]
