"""A criterion as a picture: the interval, the value, and the threshold it must not touch."""

from __future__ import annotations

from pilothouse.core.criterion import Judged
from pilothouse.prove.render.html.markup import Markup, element
from pilothouse.prove.render.html.svg import drawing, line, scale
from pilothouse.prove.report.numbers import measured

_WIDTH, _HEIGHT = 160, 22


def interval_bar(judged: Judged) -> Markup | None:
    """None when nothing was measured."""
    if judged.value is None or judged.interval is None:
        return None
    limit = judged.criterion.threshold
    low, high = judged.interval.low, judged.interval.high
    x = scale([low, high, limit, judged.value], 4, _WIDTH - 4)
    middle = _HEIGHT / 2
    kind = f"v-{judged.verdict.replace(' ', '-')}"
    title = f"{judged.criterion.name}: {measured(judged)}, threshold {limit:g}, {judged.verdict}"
    return drawing(
        title,
        _WIDTH,
        _HEIGHT,
        line(x.at(low), middle, x.at(high), middle, f"k-line {kind}"),
        element("circle", cx=x.at(judged.value), cy=middle, r=4, class_=f"k-fill {kind}"),
        line(x.at(limit), 2, x.at(limit), _HEIGHT - 2, "limit"),
    )
