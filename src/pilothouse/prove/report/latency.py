"""How long answers took: quantiles with order-statistic intervals, the whole curve, and hours of day."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from msgspec import Struct

from pilothouse.core.stats.quantile import Quantile, quantile
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.report.answers import Answers

CURVE_POINTS = 120
"""Points of the curve that a reader sees; the last ones lie close together, where the tail is."""
_HOUR_US = 3_600_000_000


class HourOfDay(Struct, frozen=True, kw_only=True):
    """Answers whose attempt began in one hour of day, UTC."""

    hour: int
    answers: int
    p50_ms: float
    p95_ms: float


class LatencyFigures(Struct, frozen=True, kw_only=True):
    """Times of the answers that came, in milliseconds; None = not recorded."""

    recorded: int
    p50_ms: Quantile | None = None
    p95_ms: Quantile | None = None
    p99_ms: Quantile | None = None
    ttft_p50_ms: Quantile | None = None
    ttft_p95_ms: Quantile | None = None
    tokens_per_second_p50: Quantile | None = None
    tokens_per_second_how: str | None = None
    curve: tuple[tuple[float, float], ...] = ()
    """(milliseconds, share of answers at or below), rising."""
    hours: tuple[HourOfDay, ...] = ()


def latency_figures(answers: Answers) -> LatencyFigures:
    """Of all answered outcomes that have a time."""
    timed = [o for o in answers.outcomes if o.error_class is None and o.latency_ms is not None]
    if not timed:
        return LatencyFigures(recorded=0)
    times = sorted(_ms(o) for o in timed)
    first = sorted(o.ttft_ms for o in timed if o.ttft_ms is not None)
    speeds, how = _speeds(timed)
    return LatencyFigures(
        recorded=len(times),
        p50_ms=quantile(times, 0.5),
        p95_ms=quantile(times, 0.95),
        p99_ms=quantile(times, 0.99),
        ttft_p50_ms=quantile(first, 0.5) if first else None,
        ttft_p95_ms=quantile(first, 0.95) if first else None,
        tokens_per_second_p50=quantile(speeds, 0.5) if speeds else None,
        tokens_per_second_how=how if speeds else None,
        curve=_curve(times),
        hours=_hours(timed),
    )


def _ms(outcome: Outcome) -> float:
    return outcome.latency_ms or 0.0


def _speeds(timed: Sequence[Outcome]) -> tuple[list[float], str]:
    """After the first token where that was recorded of every answer, else over the whole answer."""
    is_streamed = all(o.ttft_ms is not None for o in timed)
    speeds: list[float] = []
    for outcome in timed:
        seconds = (_ms(outcome) - ((outcome.ttft_ms or 0.0) if is_streamed else 0.0)) / 1000
        tokens = (outcome.output_tokens or 0) - is_streamed
        if tokens > 0 and seconds > 0:
            speeds.append(tokens / seconds)
    how = "after the first token" if is_streamed else "over the whole answer, waiting included"
    return speeds, how


def _curve(ordered: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """The empirical distribution: at most `CURVE_POINTS` of its steps, every one when there are few."""
    n = len(ordered)
    if n <= CURVE_POINTS:
        ranks = range(1, n + 1)
    else:
        half = CURVE_POINTS // 2
        even = {ceil(n * i / half) for i in range(1, half + 1)}
        tail = {n - ceil(n * 0.1 * 0.9**i) for i in range(half)}
        ranks = sorted({1} | even | {r for r in tail if r > 0})
    return tuple((round(ordered[r - 1], 3), round(r / n, 6)) for r in ranks)


def _hours(timed: Sequence[Outcome]) -> tuple[HourOfDay, ...]:
    by_hour: dict[int, list[float]] = {}
    for outcome in timed:
        by_hour.setdefault(outcome.at_us // _HOUR_US % 24, []).append(_ms(outcome))
    found: list[HourOfDay] = []
    for hour in sorted(by_hour):
        times = sorted(by_hour[hour])
        p50, p95 = (times[max(1, ceil(p * len(times))) - 1] for p in (0.5, 0.95))
        found.append(HourOfDay(hour=hour, answers=len(times), p50_ms=p50, p95_ms=p95))
    return tuple(found)
