"""What became of requests that were asked again elsewhere: begun, shed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

_ZERO = Decimal(0)


class CopyCounts(Struct, kw_only=True):
    """Of one route since the start. `full`, `budget`, `no_price` and `closing` are those that were shed."""

    requests: int = 0
    """All that the route answered."""
    not_sampled: int = 0
    full: int = 0
    """`most_in_flight` were under way."""
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


C = TypeVar("C", bound=CopyCounts)


def summed(kind: type[C], parts: Iterable[Mapping[str, C]]) -> dict[str, C]:
    """Several workers' counts together, by route."""
    found: dict[str, C] = {}
    for part in parts:
        for route, counts in part.items():
            whole = found.setdefault(route, kind())
            for name in kind.__struct_fields__:
                setattr(whole, name, getattr(whole, name) + getattr(counts, name))
    return found
