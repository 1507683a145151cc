"""Kept answers as evidence: what a report needs of them, and the words that it shows."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade, Scorer
from pilothouse.core.pico import pico_usd
from pilothouse.core.ports import PaidAnswer
from pilothouse.prove.evidence import CaseFact, Evidence, Kept, Outcome
from pilothouse.prove.report.settings import AskedCandidate, ReportSettings
from pilothouse.prove.spec import Poc


def settings_of(poc: Poc, answers: Sequence[PaidAnswer]) -> ReportSettings:
    """What the report must know of `poc.yaml`."""
    notes: dict[str, str] = {}
    for answer in answers:
        if answer.call.cost_note:
            notes[answer.call.target] = min(
                answer.call.cost_note, notes.get(answer.call.target, answer.call.cost_note)
            )
    return ReportSettings(
        name=poc.file.name,
        candidates=tuple(
            AskedCandidate(name=c.name, model=c.model, cost_note=notes.get(c.name))
            for c in poc.file.candidates
        ),
        baseline=poc.baseline,
        criteria=poc.criteria,
        repeats=poc.file.repeats,
        excluded=poc.file.exclude_tag,
    )


def evidence_of(
    poc: Poc, cases: Sequence[Case], answers: Sequence[PaidAnswer], run_id: str
) -> Evidence:
    """The main scorer's grades are kept with the answers; the other scorers look at them now."""
    places = {case.id: i for i, case in enumerate(cases)}
    names = tuple(c.name for c in poc.file.candidates)
    also = [scorer for _, scorer in poc.also]
    return Evidence(
        run_id=run_id,
        cases=[
            CaseFact(id=c.id, tags=c.tags, cluster=c.cluster, is_synthetic=c.is_synthetic)
            for c in cases
        ],
        candidates=names,
        scorers=(poc.scorer_name, *(name for name, _ in poc.also)),
        scorer_words=(poc.scorer_name, *(name for name, _ in poc.also)),
        outcomes=[
            _outcome(a, places[a.call.case_id or ""], names.index(a.call.target), cases, also)
            for a in answers
        ],
    )


class PaidShelf:
    """Cases and answers in memory as the store of a report's words."""

    def __init__(self, cases: Sequence[Case], answers: Sequence[PaidAnswer]) -> None:
        self._cases = {case.id: case for case in cases}
        self._answers = {answer.call.id: answer for answer in answers}

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        """Whole cases by id."""
        return {i: self._cases[i] for i in ids if i in self._cases}

    def kept(self, call_ids: Sequence[str]) -> dict[str, Kept]:
        """Answers by call id."""
        return {i: _kept(self._answers[i]) for i in call_ids if i in self._answers}


def _outcome(
    answer: PaidAnswer, case: int, candidate: int, cases: Sequence[Case], also: Sequence[Scorer]
) -> Outcome:
    call = answer.call
    values: tuple[float, ...] = ()
    if answer.text is not None:
        given = Given(text=answer.text, finish_reason=call.finish_reason)
        others = [scorer.score(given, cases[case]).value for scorer in also]
        values = (answer.scores[0].value if answer.scores else 0.0, *others)
    return Outcome(
        case=case,
        candidate=candidate,
        repeat=call.repeat,
        call_id=call.id,
        at_us=call.at_us,
        error_class=None if answer.text is not None else call.error_class or "garbage",
        values=values,
        cost_pico_usd=None if call.cost_usd is None else pico_usd(call.cost_usd),
        latency_ms=call.latency_ms,
        ttft_ms=call.ttft_ms,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        is_usage_estimated=call.is_usage_estimated,
        attempts=call.attempt,
    )


def _kept(answer: PaidAnswer) -> Kept:
    call = answer.call
    return Kept(
        case_id=call.case_id or "",
        candidate=call.target,
        repeat=call.repeat,
        given=None if answer.text is None else Given(text=answer.text),
        error=call.error,
        grades={s.scorer: Grade(value=s.value, detail=s.detail) for s in answer.scores},
    )
