"""What became of shadow copies, by route: made, shed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

_ZERO = Decimal(0)


class ShadowCounts(Struct, kw_only=True):
    """Since the start. `requests` is all that a route with shadows answered. From `full` on, each target's
    copy counts by itself; `full`, `budget`, `no_price` and `closing` are those that were shed."""

    requests: int = 0
    not_sampled: int = 0
    full: int = 0
    """`most_in_flight` copies were under way."""
    budget: int = 0
    """The day's budget would not bear it."""
    no_price: int = 0
    """There is a budget and the target has no price."""
    closing: int = 0
    """We were shutting down."""
    started: int = 0
    answered: int = 0
    failed: int = 0
    in_flight: int = 0
    spent_today_usd: Decimal = _ZERO


def summed_shadows(parts: Iterable[Mapping[str, ShadowCounts]]) -> dict[str, ShadowCounts]:
    """Several workers' counts together, by route."""
    found: dict[str, ShadowCounts] = {}
    for part in parts:
        for route, counts in part.items():
            whole = found.setdefault(route, ShadowCounts())
            for name in ShadowCounts.__struct_fields__:
                setattr(whole, name, getattr(whole, name) + getattr(counts, name))
    return found
