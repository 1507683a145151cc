"""Total cost of owning a choice: API + development + maintenance + infrastructure, each low, likely and high.

The terms are the guide's (lines 195-203). Each is drawn from a PERT distribution (a beta between low and high that
leans on the likely value four times as much as on the ends), which unlike a triangle does not overweigh its ends.
All candidates are drawn with the same random numbers, so their differences are of the candidates, not of luck.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

DRAWS = 10_000


class Range(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Low, likely, high."""

    low: float
    likely: float
    high: float


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is planned, for one candidate. Everything uncertain is a `Range`."""

    requests_per_day: Range
    growth_per_month: Range
    """Factor from one month to the next: 1.0 = none."""
    development_hours: Range
    maintenance_hours_per_month: Range
    hour_usd: Range
    infrastructure_usd_per_month: Range
    """Monitoring, logging, stores, machines."""
    input_tokens: Range
    output_tokens: Range


class Prices(Struct, frozen=True, kw_only=True):
    """USD per token."""

    per_input: float
    per_output: float


class Spread(Struct, frozen=True, kw_only=True):
    """USD over the whole time."""

    p10: Decimal
    p50: Decimal
    p90: Decimal


class Swing(Struct, frozen=True, kw_only=True):
    """What the total is when one input is at its low and its high and all others are likely."""

    name: str
    low_usd: Decimal
    high_usd: Decimal

    @property
    def width_usd(self) -> Decimal:
        """How much depends on it."""
        return abs(self.high_usd - self.low_usd)


class Total(Struct, frozen=True, kw_only=True):
    """One candidate over the months."""

    name: str
    months: int
    total: Spread
    parts: dict[str, Spread]
    likely_usd: Decimal
    likely_month_usd: Decimal
    tornado: tuple[Swing, ...]
    """Widest first."""
    cheaper_than: dict[str, float]
    """Another candidate to the share of draws in which this one costs less."""


def totals(
    plans: Mapping[str, tuple[Plan, Prices]], months: int, *, draws: int = DRAWS, seed: int = 7
) -> list[Total]:
    """Every candidate, the cheapest median first. The same seed gives the same figures."""
    quantiles = _quantiles(draws, seed)
    simulated = {
        name: [_costs(_drawn(plan, q), prices, months) for q in quantiles]
        for name, (plan, prices) in plans.items()
    }
    sums = {name: [sum(c.values()) for c in rows] for name, rows in simulated.items()}
    found = [
        _total(name, *plans[name], months, simulated[name], sums) for name in sorted(simulated)
    ]
    return sorted(found, key=lambda t: (t.total.p50, t.name))


def _total(
    name: str,
    plan: Plan,
    prices: Prices,
    months: int,
    rows: Sequence[Mapping[str, float]],
    sums: Mapping[str, Sequence[float]],
) -> Total:
    likely = {field: getattr(plan, field).likely for field in plan.__struct_fields__}
    likely_usd = sum(_costs(likely, prices, months).values())
    swings: list[Swing] = []
    for field in plan.__struct_fields__:
        span: Range = getattr(plan, field)
        if span.low == span.high:
            continue
        ends = [
            sum(_costs({**likely, field: value}, prices, months).values())
            for value in (span.low, span.high)
        ]
        swings.append(Swing(name=field, low_usd=_usd(ends[0]), high_usd=_usd(ends[1])))
    return Total(
        name=name,
        months=months,
        total=_spread(sums[name]),
        parts={part: _spread([row[part] for row in rows]) for part in rows[0]},
        likely_usd=_usd(likely_usd),
        likely_month_usd=_usd(likely_usd / months),
        tornado=tuple(sorted(swings, key=lambda s: (-s.width_usd, s.name))),
        cheaper_than={
            other: round(sum(a < b for a, b in zip(sums[name], theirs, strict=True)) / len(rows), 4)
            for other, theirs in sums.items()
            if other != name
        },
    )


def _costs(values: Mapping[str, float], prices: Prices, months: int) -> dict[str, float]:
    a_month = values["requests_per_day"] * 30
    growth = values["growth_per_month"]
    requests = sum(a_month * growth**m for m in range(months))
    each = values["input_tokens"] * prices.per_input + values["output_tokens"] * prices.per_output
    return {
        "api": requests * each,
        "development": values["development_hours"] * values["hour_usd"],
        "maintenance": values["maintenance_hours_per_month"] * values["hour_usd"] * months,
        "infrastructure": values["infrastructure_usd_per_month"] * months,
    }


def _quantiles(draws: int, seed: int) -> list[dict[str, float]]:
    """One uniform number a draw and field, shared by all candidates."""
    rng = random.Random(seed)
    return [{name: rng.random() for name in Plan.__struct_fields__} for _ in range(draws)]


def _drawn(plan: Plan, uniforms: Mapping[str, float]) -> dict[str, float]:
    return {name: _pert(getattr(plan, name), u) for name, u in uniforms.items()}


def _pert(span: Range, u: float) -> float:
    """The quantile of a PERT at `u`: a beta with a = 1 + 4 mode and b = 1 + 4 (1 - mode), stretched to the range."""
    width = span.high - span.low
    if width <= 0:
        return span.likely
    mode = (span.likely - span.low) / width
    a = 1 + 4 * mode
    b = 1 + 4 * (1 - mode)
    return span.low + width * _beta_quantile(a, b, u)


_GRID = 256


def _beta_quantile(a: float, b: float, u: float) -> float:
    table = _cumulated(a, b)
    high = min(bisect_right(table, u), _GRID)
    step = table[high] - table[high - 1]
    return (high - 1 + ((u - table[high - 1]) / step if step else 0.0)) / _GRID


@lru_cache(maxsize=256)
def _cumulated(a: float, b: float) -> list[float]:
    """The beta's distribution function on a grid, by the trapezoid rule."""
    heights = [(i / _GRID) ** (a - 1) * (1 - i / _GRID) ** (b - 1) for i in range(_GRID + 1)]
    sums = [0.0]
    for left, right in pairwise(heights):
        sums.append(sums[-1] + (left + right) / 2)
    return [s / sums[-1] for s in sums]


def _spread(values: Sequence[float]) -> Spread:
    ordered = sorted(values)

    def at(p: float) -> Decimal:
        return _usd(ordered[min(len(ordered) - 1, int(p * len(ordered)))])

    return Spread(p10=at(0.1), p50=at(0.5), p90=at(0.9))


def _usd(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(Decimal("0.01"))
