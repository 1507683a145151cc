"""Tables of the page: each has a caption, scrolls inside itself, and can be sorted."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.prove.render.html.interval_bar import interval_bar
from pilothouse.prove.render.html.markup import Markup, element
from pilothouse.prove.render.rows import Table
from pilothouse.prove.report.confusion import ConfusionTable
from pilothouse.prove.report.numbers import measured, points, points_range, share, share_range
from pilothouse.prove.report.proof import Report
from pilothouse.prove.report.tags import TagCell, TagEffect

_MARKS = {"met": "✓", "not met": "✗", "not yet proven": "?"}
_SHOWN_TAGS = 60


def plain(found: Table, caption: str) -> Markup:
    """Text cells; the first column heads its row."""
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", c) for c in row[1:]))
        for row in found.rows
    ]
    return framed(found.header, body, caption)


def framed(header: Sequence[str], body: Sequence[Markup], caption: str) -> Markup:
    """A table in a frame that scrolls by itself, so that the page never does sideways."""
    head = element("tr", *(element("th", name, scope="col") for name in header))
    table = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", head),
        element("tbody", *body),
        class_="sorts" if len(body) > 1 else None,
    )
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=caption)


def badge(verdict: str) -> Markup:
    """The verdict with a sign and a colour."""
    words = f"{_MARKS[verdict]} {verdict}"
    return element("span", words, class_=f"badge {verdict.replace(' ', '-')}")


def verdicts(report: Report) -> Markup:
    """A row for each candidate and criterion, with a picture of its interval."""
    body = [
        element(
            "tr",
            element("th", c.name, scope="row"),
            element("td", badge(j.verdict)),
            element("td", f"{j.criterion.name} {j.criterion.text}", class_="n"),
            element("td", interval_bar(j), element("small", measured(j)), class_="bar"),
            element("td", j.why),
        )
        for c in report.candidates
        for j in c.judged
    ]
    header = ("candidate", "verdict", "criterion", "measured", "why")
    return framed(
        header,
        body,
        "Met only when the whole 95 % interval is on the right side of the dashed line",
    )


def tags(report: Report) -> Markup | None:
    """The heat map: darker is more accurate; arrows mark what stands out from the others."""
    if not report.tags.rows:
        return None
    effects = {(e.tag, e.candidate): e for e in report.tags.effects if e.stands_out}
    body = [
        element(
            "tr",
            element("th", row.tag, scope="row"),
            element("td", str(row.cases), data_v=row.cases),
            *(_tag_cell(cell, effects.get((row.tag, cell.candidate))) for cell in row.cells),
        )
        for row in report.tags.rows[:_SHOWN_TAGS]
    ]
    header = ("tag", "cases", *(c.name for c in report.candidates))
    caption = (
        "Accuracy by tag with 95 % intervals, darker is better; ▲ ▼: better or worse than the mean of "
        "the others (paired, Benjamini–Hochberg at 5 %)"
    )
    return framed(header, body, caption)


def _tag_cell(cell: TagCell, effect: TagEffect | None) -> Markup:
    if cell.accuracy is None:
        return element("td", "–", data_v=-1)
    mark = None
    if effect is not None:
        is_better = effect.difference > 0
        mark = element(
            "span",
            " ▲" if is_better else " ▼",
            class_="good" if is_better else "bad",
            title=f"{points(effect.difference)} points ({points_range(effect.interval)})",
        )
    value = cell.accuracy.value
    return element(
        "td",
        share(value),
        mark,
        element("small", share_range(cell.accuracy.interval)),
        class_="heat n",
        style=f"--v:{value:.3f}",
        data_v=f"{value:.6f}",
    )


def confusion(name: str, found: ConfusionTable) -> Markup:
    """Rows wanted, columns read; shaded by the share of the row."""
    body = [
        element(
            "tr",
            element("th", label, scope="row"),
            *(_count_cell(count, sum(row)) for count in row),
        )
        for label, row in zip(found.labels, found.counts, strict=True)
    ]
    caption = (
        f"{name}: rows were wanted, columns were read, darker is a larger part of the row; "
        f"macro F1 {found.macro_f1:.3f}, micro F1 {found.micro_f1:.3f}"
    )
    return framed(("wanted \\ read", *found.labels), body, caption)


def _count_cell(count: int, total: int) -> Markup:
    if not count:
        return element("td", "0")
    return element("td", str(count), class_="heat", style=f"--v:{count / total:.2f}")
