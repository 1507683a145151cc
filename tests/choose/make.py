"""Offers and needs for the tests of choosing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from pilothouse.catalog.prices import Rates, Tier
from pilothouse.choose.decision import Decision
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer
from pilothouse.core.model import Measured
from pilothouse.core.need import Need

DAY = date(2026, 1, 1)


def offer(name: str, *, cost: str | None = "1", **facts: Any) -> Offer:
    """`cost` is USD per million tokens, in and out."""
    rates = None
    if cost is not None:
        rate = Decimal(cost) / 1_000_000
        rates = Rates((Tier(0, rate, rate, None),))
    scores = facts.pop("benchmarks", {"exam": 0.5})
    usual: dict[str, Any] = {
        "vendor": "v",
        "host": facts.get("vendor", "v"),
        "released_on": date(2025, 1, 1),
        "context_tokens": 100_000,
        "inputs": frozenset({"text"}),
        "benchmarks": {
            name: Measured(value=score) if isinstance(score, int | float) else score
            for name, score in scores.items()
        },
    }
    return Offer(
        id=name, name=name, api_id=name, first_seen_on=DAY, rates=rates, **{**usual, **facts}
    )


def need(**given: Any) -> Need:
    """A need as a file would give it."""
    whole = {
        "name": "n",
        "volume_per_day": 1000,
        "tokens": {"input": 800, "output": 200},
        **given,
    }
    return msgspec.convert(whole, Need, strict=False)


def choose(offers: list[Offer], as_of: date = DAY, **given: Any) -> Decision:
    """A decision on `offers`."""
    return decide(need(**given), offers, as_of=as_of, catalogue="test")


def reasons(decision: Decision, name: str) -> list[str]:
    """Every reason why `name` is excluded."""
    return [f.text for e in decision.excluded if e.id == name for f in e.failures]
