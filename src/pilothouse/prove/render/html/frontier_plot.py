"""Quality over cost with both intervals, and the line of those that no other beats in the two."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.render.html.markup import Markup, element
from pilothouse.prove.render.html.svg import Scale, axes, colour, dot, drawing, line, scale, text
from pilothouse.prove.report.frontier import COST, LATENCY, Frontier, FrontierPoint
from pilothouse.prove.report.numbers import dollars, milliseconds, share

_WIDTH, _HEIGHT = 470, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 455, 14, 284
_AXIS = {COST: "USD a request", LATENCY: "median time"}


def frontier_plot(front: Frontier) -> Markup:
    """Over cost; over the median time where cost is not known of all; without both, quality alone."""
    if COST in front.dimensions:
        return _plane(front, COST)
    if LATENCY in front.dimensions:
        return _plane(front, LATENCY)
    return _column(front.points)


def _plane(front: Frontier, dimension: str) -> Markup:
    points = front.points
    values = [v for p in points for v in _range(p, dimension)]
    x = scale(values, _LEFT, _RIGHT, may_log=True)
    y = _quality_scale(points, _BOTTOM, _TOP)
    words = dollars if dimension == COST else milliseconds
    is_cost = dimension == COST
    parts = [axes(x, y, _price if is_cost else milliseconds, _percent, _AXIS[dimension])]
    best = _best(points, dimension)
    if len(best) > 1:
        path = " ".join(f"{x.at(_value(p, dimension))},{y.at(p.quality)}" for p in best)
        parts.append(element("polyline", points=path, class_="front"))
    taken: list[tuple[float, float]] = []
    for i, point in enumerate(points):
        at_x, at_y = x.at(_value(point, dimension)), y.at(point.quality)
        low, high = _range(point, dimension)[1:]
        thin = f"k-thin {colour(i)}"
        parts.append(line(x.at(low), at_y, x.at(high), at_y, thin))
        parts.append(
            line(
                at_x,
                y.at(point.quality_interval.low),
                at_x,
                y.at(point.quality_interval.high),
                thin,
            )
        )
        said = f"{point.candidate}: {share(point.quality)} at {words(_value(point, dimension))}"
        parts.append(dot(at_x, at_y, i, said))
        parts.append(_name(point.candidate, at_x, at_y, taken))
    what = "cost" if is_cost else "time"
    title = f"Quality over {what}: " + "; ".join(
        f"{p.candidate} {share(p.quality)} at {words(_value(p, dimension))}" for p in points
    )
    note = f"Accuracy over {what} with 95 % intervals; dashed: nobody beats these in both."
    return _figure(drawing(title, _WIDTH, _HEIGHT, *parts), note)


def _column(points: Sequence[FrontierPoint]) -> Markup:
    """A row for each candidate."""
    height = 40 + 40 * len(points)
    values = [v for p in points for v in (p.quality_interval.low, p.quality_interval.high)]
    x = scale(values, 12, _RIGHT, bounds=(0.0, 1.0))
    y = Scale(low=0.0, high=1.0, start=height - 28, end=6)
    parts: list[str] = []
    for value in x.ticks():
        parts.append(line(x.at(value), y.start, x.at(value), y.end, "grid"))
        parts.append(text(x.at(value), height - 10, _percent(value), "tick", "middle"))
    for i, point in enumerate(points):
        at_y = 34 + 40 * i
        interval = point.quality_interval
        parts.append(
            line(x.at(interval.low), at_y, x.at(interval.high), at_y, f"k-thin {colour(i)}")
        )
        said = f"{point.candidate}: {share(point.quality)}"
        parts.append(dot(x.at(point.quality), at_y, i, said))
        parts.append(text(16, at_y - 12, point.candidate, None))
    title = "Accuracy: " + "; ".join(f"{p.candidate} {share(p.quality)}" for p in points)
    note = "Accuracy with 95 % intervals. Neither cost nor time is known of every candidate."
    return _figure(drawing(title, _WIDTH, height, *parts), note)


def _figure(picture: Markup, note: str) -> Markup:
    return element("figure", picture, element("figcaption", note), class_="plot")


def _quality_scale(points: Sequence[FrontierPoint], start: float, end: float) -> Scale:
    values = [v for p in points for v in (p.quality_interval.low, p.quality_interval.high)]
    return scale(values, start, end, bounds=(0.0, 1.0))


def _value(point: FrontierPoint, dimension: str) -> float:
    return (point.cost if dimension == COST else point.latency) or 0.0


def _range(point: FrontierPoint, dimension: str) -> tuple[float, float, float]:
    """Value, low, high; without an interval all the same."""
    value = _value(point, dimension)
    found = point.cost_interval if dimension == COST else point.latency_interval
    interval = found or Interval(value, value)
    return value, interval.low if interval.low > 0 else value, interval.high


def _best(points: Sequence[FrontierPoint], dimension: str) -> list[FrontierPoint]:
    """Those no other beats in these two, from the cheapest."""
    found: list[FrontierPoint] = []
    for point in sorted(points, key=lambda p: (_value(p, dimension), -p.quality)):
        if not found or point.quality > found[-1].quality:
            found.append(point)
    return found


def _name(name: str, x: float, y: float, taken: list[tuple[float, float]]) -> Markup:
    """Beside its dot, off the rising frontier, a line lower for each name that is there already."""
    is_right = x > (_LEFT + _RIGHT) / 2
    place = y - 8 if is_right else y + 17
    while any(abs(place - other) < 13 and abs(x - at) < 160 for at, other in taken):
        place += 14
    taken.append((x, place))
    shown = name if len(name) <= 26 else name[:25] + "…"
    return text(x - 9 if is_right else x + 9, place, shown, None, "end" if is_right else "start")


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def _price(value: float) -> str:
    return f"${value:g}"
