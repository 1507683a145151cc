"""The row of an answer that was given again: it cost nothing, and says what asking would have cost."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from pilothouse.client.attempt import Asked
from pilothouse.client.cache.entry import Entry
from pilothouse.core.call import Call
from pilothouse.core.route import Route

NOTHING = Decimal(0)


class Saved(Struct, frozen=True, kw_only=True):
    """What the cache did for one request, for its record."""

    is_near: bool
    """Whether the question only said nearly the same."""
    usd: Decimal | None
    """What the answer cost when it was asked for; None = that was not priced."""
    age_s: float


def call_of_hit(
    entry: Entry,
    saved: Saved,
    route: Route,
    asked: Asked,
    *,
    id: str,
    request_id: str,
    at_us: int,
    latency_ms: float,
    is_stream: bool,
) -> Call:
    """One row. Its tokens are none, for nobody was asked; and no rollout counts it, for an answer given
    again says nothing about how quick or sound its model is now."""
    return Call(
        id=id,
        request_id=request_id,
        at_us=at_us,
        source="serve",
        route=route.name,
        arm=route.arm,
        target=entry.target,
        provider=entry.provider,
        model=entry.model,
        status="ok",
        is_stream=is_stream,
        finish_reason="stop",
        latency_ms=latency_ms,
        ttft_ms=latency_ms if is_stream else None,
        input_tokens=0,
        output_tokens=0,
        cost_usd=NOTHING,
        cost_note="from the cache"
        if saved.usd is not None
        else "from the cache; its price is not known",
        cache="near" if saved.is_near else "exact",
        saved_usd=saved.usd,
        key_id=asked.key_id,
        team=asked.team,
        tag=asked.tag,
    )
