"""Cases in words: what was asked, what was wanted, and what each candidate said, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.prove.render.html.markup import Markup, element
from pilothouse.prove.report.labels import LabelDifference
from pilothouse.prove.report.shown import ShownAnswer, ShownCase
from pilothouse.prove.report.variance import RIGHT


def cases(shown: Sequence[ShownCase], lead: str) -> Markup:
    """A fold for each case; buttons unfold all."""
    buttons = element(
        "p",
        element("button", "Unfold all", type="button", data_open="1"),
        element("button", "Fold all", type="button", data_open="0"),
        class_="tools",
    )
    return element("div", element("p", lead, class_="soft"), buttons, *(_case(c) for c in shown))


def label_differences(found: Sequence[LabelDifference]) -> list[Markup]:
    """Table rows."""
    return [
        element(
            "tr",
            element("th", d.case_id, scope="row"),
            element("td", d.candidate),
            element("td", _right(d.is_right)),
            element("td", _right(d.published)),
            element("td", d.read or ""),
            element("td", d.expected or ""),
        )
        for d in found
    ]


def _case(case: ShownCase) -> Markup:
    signs = " · ".join(f"{a.candidate} {_sign(a)}" for a in case.answers)
    tags = f" [{', '.join(case.tags)}]" if case.tags else ""
    asked = None if case.prompt is None else element("pre", case.prompt)
    wanted = (
        None
        if not case.expected
        else element("p", element("strong", "Wanted: "), element("code", case.expected))
    )
    answers = element("div", *(_answer(a) for a in case.answers), class_="columns")
    return element(
        "details",
        element("summary", element("strong", case.case_id), f"{tags} {signs}"),
        element("div", asked, wanted, answers),
    )


def _answer(answer: ShownAnswer) -> Markup:
    if answer.error_class is not None:
        body = element("pre", f"failed: {answer.error_class}\n{answer.detail or ''}".rstrip())
        return element("div", element("h3", answer.candidate), body)
    text = "(the text was not kept)" if answer.text is None else answer.text
    read = element("small", f"scorer: {answer.detail}", class_="soft") if answer.detail else None
    return element(
        "div", element("h3", f"{answer.candidate} {_sign(answer)}"), read, element("pre", text)
    )


def _sign(answer: ShownAnswer) -> str:
    if answer.error_class is not None:
        return "failed"
    if answer.value is None:
        return "ungraded"
    if answer.value in (0.0, 1.0):
        return _right(answer.value >= RIGHT)
    return f"{answer.value:.2f}"


def _right(is_right: bool) -> str:
    return "✓" if is_right else "✗"
