"""What each way of saving would save, alone and all together. Shares multiply; they do not add up. Exact."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from pilothouse.catalog.prices import Rates

Kind = Literal[
    "answer_cache", "prompt_cache", "batch", "output_cap", "prompt_trim", "routing", "right_size"
]


class Usage(Struct, frozen=True, kw_only=True):
    """A month of calls to one model."""

    requests: int
    input_tokens: int
    output_tokens: int
    rates: Rates
    batch_rates: Rates | None = None
    """None: nobody says what a batch costs."""
    cheaper_rates: Rates | None = None
    """Of the smaller model that questions could be routed to, or that could take over."""


class Lever(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way of saving and how far it is pulled, as a share 0-1: of requests answered from the cache, of the prompt
    that is cached, of requests that may wait, of output or input left out, of requests routed."""

    kind: Kind
    share: Decimal


class Saved(Struct, frozen=True, kw_only=True):
    """What one lever does by itself."""

    kind: str
    share: Decimal
    month_usd: Decimal | None
    """The bill with this lever alone; None = it cannot be priced."""
    saves_usd: Decimal | None
    needs: str


class Stack(Struct, frozen=True, kw_only=True):
    """All levers: alone, and together."""

    month_usd: Decimal
    alone: tuple[Saved, ...]
    together_usd: Decimal
    """With every lever that can be priced pulled at once."""

    @property
    def saves_usd(self) -> Decimal:
        """Together; less than the sum of the single savings where levers touch the same tokens."""
        return self.month_usd - self.together_usd


NEEDS: dict[str, str] = {
    "answer_cache": "equal questions come again, and an old answer is still right",
    "prompt_cache": "prompts begin alike, and the vendor prices cached input",
    "batch": "these answers may take hours, and the vendor prices batches",
    "output_cap": "max_tokens cuts words that nobody reads, not the answer",
    "prompt_trim": "what is left out of the prompt does not change the answer: prove it",
    "routing": "a check or a router knows which questions are simple: prove it",
    "right_size": "the smaller model passes the same proof of concept",
}


def pull(usage: Usage, levers: Sequence[Lever]) -> Stack:
    """Each lever alone and all at once."""
    plain = _bill(usage, [])
    if plain is None:
        raise ValueError("usage without a price")
    alone: list[Saved] = []
    usable: list[Lever] = []
    for lever in levers:
        cost = _bill(usage, [lever])
        if cost is not None:
            usable.append(lever)
        alone.append(
            Saved(
                kind=lever.kind,
                share=lever.share,
                month_usd=cost,
                saves_usd=None if cost is None else plain - cost,
                needs=NEEDS[lever.kind],
            )
        )
    together = _bill(usage, usable)
    return Stack(
        month_usd=plain, alone=tuple(alone), together_usd=plain if together is None else together
    )


def _bill(usage: Usage, levers: Sequence[Lever]) -> Decimal | None:
    share = {lever.kind: lever.share for lever in levers}

    def left(kind: Kind) -> Decimal:
        return 1 - share.get(kind, Decimal(0))

    given = int(usage.input_tokens * left("prompt_trim"))
    got = int(usage.output_tokens * left("output_cap"))
    cached = int(given * share.get("prompt_cache", Decimal(0)))
    full = usage.rates.cost(given, got, cached)
    small = None
    if usage.cheaper_rates is not None:
        small = usage.cheaper_rates.cost(given, got, 0)
    moved = 1 - left("routing") * left("right_size")
    if moved and small is None:
        return None
    if full is None:
        return None
    each = full * (1 - moved) + (small or Decimal(0)) * moved
    if waits := share.get("batch"):
        in_batch = usage.batch_rates.cost(given, got, 0) if usage.batch_rates else None
        if in_batch is None:
            return None
        each = each * (1 - waits) + min(in_batch, each) * waits
    return usage.requests * left("answer_cache") * each


def tier_of(month_usd: Decimal) -> str:
    """The guide's name for a budget a month (lines 205-209); two gaps have none there."""
    if month_usd < 100:
        return "below the guide's tiers (startup from 100)"
    if month_usd <= 500:
        return "startup / MVP"
    if month_usd < 1000:
        return "between the guide's tiers (startup up to 500, growing product from 1,000)"
    if month_usd <= 10_000:
        return "growing product"
    if month_usd < 50_000:
        return "between the guide's tiers (growing product up to 10,000, enterprise from 50,000)"
    return "enterprise"
