"""Puts words to the cases that a report shows, from the store. What is long is cut, and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pilothouse.core.case import Case
from pilothouse.prove.evidence import Evidence, Kept, Shelf
from pilothouse.prove.report.labels import LabelDifference
from pilothouse.prove.report.shown import ShownAnswer, ShownCase

if TYPE_CHECKING:
    from pilothouse.prove.report.proof import Report

MOST_LABEL_DIFFERENCES = 60
MOST_CHARACTERS = 220_000
"""Of all shown texts together: it keeps a page under two megabytes even when each becomes five bytes."""
_LONGEST = 2_000


def with_words(report: Report, evidence: Evidence, shelf: Shelf) -> Report:
    """The report with prompts, answers and what the main scorer read in them. `evidence` is the report's."""
    shown = report.shown
    differences = [d for c in report.candidates for d in c.label_differences]
    looked_up = differences[:MOST_LABEL_DIFFERENCES]
    every = [*shown.disagreements, *shown.worst]
    ids = dict.fromkeys([*(c.case_id for c in every), *(d.case_id for d in looked_up)])
    wanted = {(c.case_id, a.candidate, a.repeat) for c in every for a in c.answers}
    wanted |= {(d.case_id, d.candidate, d.repeat) for d in looked_up}
    calls = _calls(evidence, wanted)
    cases, by_call = shelf.cases(list(ids)), shelf.kept(list(calls.values()))
    kept = {place: by_call[call] for place, call in calls.items() if call in by_call}
    texts = sum(len(c.answers) + 1 for c in every)
    longest = min(_LONGEST, MOST_CHARACTERS // max(1, texts))
    words = _Words(cases, kept, report.scorer_name, longest)
    return replace(
        report,
        shown=replace(
            shown,
            disagreements=tuple(words.of_case(c) for c in shown.disagreements),
            worst=tuple(words.of_case(c) for c in shown.worst),
        ),
        candidates=tuple(
            replace(c, label_differences=tuple(words.of_label(d) for d in c.label_differences))
            for c in report.candidates
        ),
    )


_Place = tuple[str, str, int]
"""Case, candidate and repeat."""


def _calls(evidence: Evidence, wanted: set[_Place]) -> dict[_Place, str]:
    """The call of each wanted answer."""
    ids = {case_id for case_id, _, _ in wanted}
    places = {i for i, case in enumerate(evidence.cases) if case.id in ids}
    found: dict[_Place, str] = {}
    for o in evidence.outcomes:
        if o.case in places:
            place = (evidence.cases[o.case].id, evidence.candidates[o.candidate], o.repeat)
            if place in wanted:
                found[place] = o.call_id
    return found


class _Words:
    """What was looked up."""

    def __init__(
        self, cases: Mapping[str, Case], kept: Mapping[_Place, Kept], scorer: str, longest: int
    ) -> None:
        self._cases = cases
        self._kept = kept
        self._scorer = scorer
        self._longest = longest

    def of_case(self, shown: ShownCase) -> ShownCase:
        case = self._cases.get(shown.case_id)
        return replace(
            shown,
            prompt=None if case is None else self._cut(_asked(case))[0],
            expected=None if case is None else self._cut(_wanted(case))[0],
            answers=tuple(self._of_answer(shown.case_id, a) for a in shown.answers),
        )

    def of_label(self, difference: LabelDifference) -> LabelDifference:
        case = self._cases.get(difference.case_id)
        return replace(
            difference,
            read=self._detail(
                self._kept.get((difference.case_id, difference.candidate, difference.repeat))
            ),
            expected=None if case is None else case.expected,
        )

    def _of_answer(self, case_id: str, shown: ShownAnswer) -> ShownAnswer:
        kept = self._kept.get((case_id, shown.candidate, shown.repeat))
        if kept is None:
            return shown
        if kept.given is None:
            return replace(shown, detail=kept.error)
        text, is_cut = self._cut(_said(kept))
        return replace(shown, text=text, is_cut=is_cut, detail=self._detail(kept))

    def _detail(self, kept: Kept | None) -> str | None:
        grade = None if kept is None else kept.grades.get(self._scorer)
        return None if grade is None or grade.detail is None else self._cut(grade.detail)[0]

    def _cut(self, text: str) -> tuple[str, bool]:
        if len(text) <= self._longest:
            return text, False
        head = self._longest * 2 // 3
        tail = self._longest - head
        return (
            f"{text[:head]}\n[... {len(text) - head - tail:,} characters ...]\n{text[-tail:]}",
            True,
        )


def _asked(case: Case) -> str:
    """What the case asks, later turns included."""
    before = [f"{m.role}: {m.text}" for m in case.messages]
    lines = [*before, case.prompt, *(f"({i}) {choice}" for i, choice in enumerate(case.choices, 1))]
    return "\n".join([*lines, *(f"then: {turn}" for turn in case.then)])


def _wanted(case: Case) -> str:
    return " | ".join(case.right_answers)


def _said(kept: Kept) -> str:
    if kept.given is None:
        return ""
    calls: Sequence[str] = [f"{use.name}({use.arguments})" for use in kept.given.tool_uses]
    return "\n".join([part for part in (kept.given.text, *calls) if part])
