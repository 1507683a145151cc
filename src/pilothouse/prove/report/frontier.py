"""Who is worth a look: candidates that no other beats in quality, cost and time at once.

Dominated *for sure* asks that every one of the three be better beyond its interval; by the point figures
alone a chance difference would throw a candidate out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.report.comparisons import Comparison
from pilothouse.prove.report.figures import CandidateFigures

Dimension = str
QUALITY, COST, LATENCY = "quality", "cost", "latency"


class FrontierPoint(Struct, frozen=True, kw_only=True):
    """One candidate. `cost` is USD a request, `latency` the median in milliseconds."""

    candidate: str
    quality: float
    quality_interval: Interval
    cost: float | None
    cost_interval: Interval | None
    latency: float | None
    latency_interval: Interval | None
    is_on_frontier: bool = True
    """By the point figures."""
    dominated_by: tuple[str, ...] = ()
    surely_dominated_by: tuple[str, ...] = ()


class Frontier(Struct, frozen=True, kw_only=True):
    """`dimensions`: what was measured of every candidate, and so was compared."""

    dimensions: tuple[Dimension, ...] = ()
    points: tuple[FrontierPoint, ...] = ()


def frontier(candidates: Sequence[CandidateFigures], comparisons: Sequence[Comparison]) -> Frontier:
    """Of the candidates whose quality is known."""
    points = [p for c in candidates if (p := _point(c)) is not None]
    dimensions = [QUALITY]
    dimensions += [COST] if points and all(p.cost is not None for p in points) else []
    dimensions += [LATENCY] if points and all(p.latency is not None for p in points) else []
    real = {(c.a, c.b): c.difference for c in comparisons if c.is_real}
    real |= {(b, a): -difference for (a, b), difference in real.items()}
    return Frontier(
        dimensions=tuple(dimensions),
        points=tuple(_placed(p, points, dimensions, real) for p in points),
    )


def _point(figures: CandidateFigures) -> FrontierPoint | None:
    if figures.accuracy is None:
        return None
    costs, median = figures.costs, figures.latency.p50_ms
    cost = costs.per_request_usd if costs.is_complete else None
    return FrontierPoint(
        candidate=figures.name,
        quality=figures.accuracy.value,
        quality_interval=figures.accuracy.interval,
        cost=None if cost is None else float(cost),
        cost_interval=None if cost is None else costs.interval,
        latency=median.value if median else None,
        latency_interval=Interval(median.low, median.high)
        if median and median.low is not None and median.high is not None
        else None,
    )


def _placed(
    point: FrontierPoint,
    points: Sequence[FrontierPoint],
    dimensions: Sequence[Dimension],
    real: Mapping[tuple[str, str], float],
) -> FrontierPoint:
    rivals = [p for p in points if p is not point]
    dominated = tuple(p.candidate for p in rivals if _dominates(p, point, dimensions))
    surely = tuple(
        p.candidate
        for p in rivals
        if real.get((p.candidate, point.candidate), 0.0) > 0
        and all(_is_surely_less(p, point, d) for d in dimensions if d != QUALITY)
    )
    return replace(
        point,
        is_on_frontier=not dominated,
        dominated_by=dominated,
        surely_dominated_by=surely,
    )


def _worth(point: FrontierPoint, dimension: Dimension) -> float:
    """More is better."""
    value = {QUALITY: point.quality, COST: point.cost, LATENCY: point.latency}[dimension]
    return (value or 0.0) if dimension == QUALITY else -(value or 0.0)


def _dominates(a: FrontierPoint, b: FrontierPoint, dimensions: Sequence[Dimension]) -> bool:
    pairs = [(_worth(a, d), _worth(b, d)) for d in dimensions]
    return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)


def _is_surely_less(a: FrontierPoint, b: FrontierPoint, dimension: Dimension) -> bool:
    ours = a.cost_interval if dimension == COST else a.latency_interval
    theirs = b.cost_interval if dimension == COST else b.latency_interval
    return ours is not None and theirs is not None and ours.high < theirs.low
