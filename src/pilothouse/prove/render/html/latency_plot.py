"""How long answers take: each candidate's whole distribution, with its p50 and p95 and their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.stats.quantile import Quantile
from pilothouse.prove.render.html.markup import Markup, element
from pilothouse.prove.render.html.svg import (
    DASHES,
    Scale,
    axes,
    colour,
    dot,
    drawing,
    legend,
    line,
    scale,
)
from pilothouse.prove.report.figures import CandidateFigures
from pilothouse.prove.report.numbers import milliseconds, quantile_range

_WIDTH, _HEIGHT = 470, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 455, 14, 284


def latency_plot(candidates: Sequence[CandidateFigures]) -> Markup | None:
    """None when nothing was timed."""
    if not any(c.latency.curve for c in candidates):
        return None
    times = [ms for c in candidates for ms, _ in c.latency.curve]
    x = scale(times, _LEFT, _RIGHT, may_log=True)
    y = Scale(low=0.0, high=1.0, start=_BOTTOM, end=_TOP)
    parts: list[str] = [
        axes(x, y, milliseconds, lambda v: f"{100 * v:.0f} %", "time of the whole answer")
    ]
    for i, candidate in enumerate(candidates):
        if candidate.latency.curve:
            parts += [_curve(candidate.latency.curve, x, y, i)]
            parts += _mark(candidate.name, "p50", candidate.latency.p50_ms, 0.5, x, y, i)
            parts += _mark(candidate.name, "p95", candidate.latency.p95_ms, 0.95, x, y, i)
    title = "Share of answers within a time: " + "; ".join(
        f"{c.name} p50 {milliseconds(c.latency.p50_ms.value)}, p95 {milliseconds(c.latency.p95_ms.value)}"
        for c in candidates
        if c.latency.p50_ms and c.latency.p95_ms
    )
    scale_word = "logarithmic time" if x.is_log else "time"
    note = f"Share of answers within a {scale_word}; dots: p50 and p95 with 95 % intervals."
    return element(
        "figure",
        drawing(title, _WIDTH, _HEIGHT, *parts),
        legend([c.name for c in candidates]),
        element("figcaption", note),
        class_="plot",
    )


def _curve(curve: Sequence[tuple[float, float]], x: Scale, y: Scale, series: int) -> Markup:
    """Steps from each time to the share that has come by then."""
    path = f"M{x.at(curve[0][0])} {y.at(0.0)}"
    path += "".join(f"H{x.at(ms)}V{y.at(part)}" for ms, part in curve)
    dashes = DASHES[series % len(DASHES)] or None
    return element("path", d=path, class_=f"k-line {colour(series)}", stroke_dasharray=dashes)


def _mark(
    name: str, what: str, found: Quantile | None, part: float, x: Scale, y: Scale, series: int
) -> list[Markup]:
    if found is None:
        return []
    low = x.low if found.low is None else found.low
    high = x.high if found.high is None else found.high
    at = y.at(part)
    said = f"{name} {what}: {quantile_range(found)}"
    return [
        line(x.at(low), at, x.at(high), at, f"k-thin {colour(series)}"),
        dot(x.at(found.value), at, series, said, 4),
    ]
