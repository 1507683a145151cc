"""The few shapes that the plots are made of, and scales from data to a drawing's units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, isfinite, log10

from msgspec import Struct

from pilothouse.prove.render.html.markup import Markup, element, joined
from pilothouse.prove.render.html.style import SERIES

DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 5", "1 3", "12 4")
"""A second sign beside colour."""


class Scale(Struct, frozen=True, kw_only=True):
    """From values to places; logarithmic when the values span much."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """The place of `value`, kept inside the drawing."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            part = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            part = (value - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Round values inside the scale."""
        return _log_ticks(self.low, self.high) if self.is_log else _ticks(self.low, self.high)


def scale(
    values: Sequence[float],
    start: float,
    end: float,
    *,
    may_log: bool = False,
    bounds: tuple[float, float] | None = None,
) -> Scale:
    """Around `values` with a little room; `bounds` are never left."""
    finite = [v for v in values if isfinite(v)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if may_log and low > 0 and high / low >= 3:
        return Scale(low=low / 1.25, high=high * 1.25, start=start, end=end, is_log=True)
    room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    low, high = low - room, high + room
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Scale(low=low, high=high, start=start, end=end)


def drawing(title: str, width: int, height: int, *parts: str, class_: str | None = None) -> Markup:
    """An SVG with the title that a screen reader says."""
    return element(
        "svg",
        element("title", title),
        *parts,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=title,
        class_=class_,
    )


def axes(
    x: Scale, y: Scale, x_words: Callable[[float], str], y_words: Callable[[float], str], name: str
) -> Markup:
    """Grid, ticks and the name of the horizontal axis."""
    bottom, left = y.start, x.start
    parts: list[str] = []
    for value in y.ticks():
        at = y.at(value)
        parts.append(line(left, at, x.end, at, "grid"))
        parts.append(text(left - 6, at + 4, y_words(value), "tick", "end"))
    for value in x.ticks():
        at = x.at(value)
        parts.append(line(at, bottom, at, y.end, "grid"))
        parts.append(text(at, bottom + 16, x_words(value), "tick", "middle"))
    parts.append(line(left, bottom, x.end, bottom, "axis"))
    parts.append(text((left + x.end) / 2, bottom + 34, name, "tick", "middle"))
    return joined(parts)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(x: float, y: float, words: str, class_: str | None, anchor: str = "start") -> Markup:
    """Words at a place; `anchor` is start, middle or end."""
    return element("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def dot(x: float, y: float, series: int, words: str, radius: float = 5) -> Markup:
    """A point that says what it is."""
    return element(
        "circle", element("title", words), cx=x, cy=y, r=radius, class_=f"k-fill {colour(series)}"
    )


def colour(series: int) -> str:
    """The class of a series' colour."""
    return f"k{series % SERIES}"


def legend(names: Sequence[str]) -> Markup:
    """Which line is whose."""
    items = [
        element(
            "li",
            element(
                "svg",
                element(
                    "path",
                    d="M1 5H35",
                    class_=f"k-line {colour(i)}",
                    stroke_dasharray=DASHES[i % len(DASHES)] or None,
                ),
                viewBox="0 0 36 10",
                aria_hidden="true",
            ),
            name,
        )
        for i, name in enumerate(names)
    ]
    return element("ul", *items, class_="legend")


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    power = 10 ** floor(log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough)
    first = ceil(low / step)
    return [round(i * step, 12) for i in range(first, floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    steps = (1, 2, 5) if high / low < 100 else (1, 3) if high / low < 1000 else (1,)
    first, last = floor(log10(low)), ceil(log10(high))
    powers = range(first, last + 1, max(1, (last - first) // 6))
    found = [s * 10.0**p for p in powers for s in steps]
    return [float(f"{v:.6g}") for v in found if low <= v <= high]
