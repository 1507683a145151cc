"""What a reader must know before trusting the figures: the guide's pitfalls, looked for in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from msgspec import Struct

from pilothouse.core.case import CONTAMINATED, EDGE
from pilothouse.prove.evidence import Evidence
from pilothouse.prove.overlap import shared_words
from pilothouse.prove.report.answers import Answers, score
from pilothouse.prove.report.figures import CandidateFigures
from pilothouse.prove.report.settings import ReportSettings

FEW_CASES = 100
"""Below this the report warns: the guide asks for at least so many representative cases."""
FEW_HOURS = 3
"""Answers from fewer different hours of day than this say nothing of the others."""
_HOUR_US = 3_600_000_000


class Caveat(Struct, frozen=True, kw_only=True):
    """One warning. `kind` is a short word for machines; `unproven` is what it leaves open, in words."""

    kind: str
    text: str
    unproven: str | None = None


def caveats(
    settings: ReportSettings,
    evidence: Evidence,
    answers: Sequence[Answers],
    figures: Sequence[CandidateFigures],
    contamination: Mapping[str, str],
) -> tuple[Caveat, ...]:
    """All that apply, the gravest kinds first."""
    return (
        *_of_budget(settings, evidence, figures),
        *_of_grading(settings, evidence, figures),
        *_of_contamination(evidence, answers, contamination),
        *_of_cases(settings, evidence),
        *_of_runs(settings, answers, figures),
    )


def _of_cases(settings: ReportSettings, evidence: Evidence) -> list[Caveat]:
    cases, found = evidence.cases, list[Caveat]()
    if len(cases) < FEW_CASES:
        text = f"only {len(cases)} cases: fewer than {FEW_CASES} prove little"
        found.append(
            Caveat(kind="few_cases", text=text, unproven="that the cases stand for real use")
        )
    if not any(EDGE in case.tags for case in cases):
        text = f'no edge cases: no case has the tag "{EDGE}" (odd inputs, failure modes, what must be refused)'
        found.append(Caveat(kind="no_edge_cases", text=text, unproven="how edge cases are handled"))
    if cases and all(case.is_synthetic for case in cases):
        text = "every case is synthetic: real questions may be harder, or of other kinds"
        found.append(
            Caveat(kind="synthetic_only", text=text, unproven="anything about real questions")
        )
    if not any(_is_beside_quality(c.metric) for c in settings.criteria):
        text = "only quality has a criterion: nothing is asked of cost, speed or failures"
        found.append(Caveat(kind="only_quality", text=text))
    return found


def _is_beside_quality(metric: str) -> bool:
    return metric.startswith(("cost", "latency", "ttft", "failure", "tokens"))


def _of_runs(
    settings: ReportSettings, answers: Sequence[Answers], figures: Sequence[CandidateFigures]
) -> list[Caveat]:
    found: list[Caveat] = []
    if not any(o.repeat for a in answers for o in a.outcomes):
        text = "one run only: how much answers change from run to run is not known (set repeats: 3)"
        found.append(
            Caveat(kind="one_run", text=text, unproven="that another run would say the same")
        )
    timed = [a for a, f in zip(answers, figures, strict=True) if f.latency.recorded]
    hours = {o.at_us // _HOUR_US % 24 for a in timed for o in a.outcomes}
    if timed and len(hours) < FEW_HOURS:
        when = " and ".join(f"{hour:02}:00" for hour in sorted(hours))
        text = f"one time of day only: all answers were asked in the hour of {when} UTC"
        found.append(
            Caveat(kind="one_time_of_day", text=text, unproven="speed and failures at other hours")
        )
    for figure in figures:
        if (stopped := figure.stopped) is not None:
            saved = "" if stopped.saved_usd is None else f", about {stopped.saved_usd:.4f} USD"
            text = (
                f"{figure.name} was stopped after {stopped.answers} answers: {stopped.why} "
                f"(saved {stopped.saved_answers} answers{saved}); its plain figures lean a little to that side"
            )
            found.append(Caveat(kind="stopped_early", text=text))
    return found


def _of_budget(
    settings: ReportSettings, evidence: Evidence, figures: Sequence[CandidateFigures]
) -> list[Caveat]:
    wanted = len(evidence.cases) * settings.repeats
    asked = {f.name: f.answers for f in figures}
    stopped = {s.candidate for s in evidence.stopped}
    found = [
        Caveat(
            kind="budget",
            text=f"{name}: {asked.get(name, 0)} of {wanted} answers were asked for (budget)",
            unproven=f"how {name} does on the cases that were not asked",
        )
        for name in evidence.candidates
        if asked.get(name, 0) < wanted and name not in stopped
    ]
    if settings.is_cut_by_budget and not found:
        text = "the budget ended the run before every question was asked"
        found.append(Caveat(kind="budget", text=text))
    return found


def _of_grading(
    settings: ReportSettings, evidence: Evidence, figures: Sequence[CandidateFigures]
) -> list[Caveat]:
    found = [
        Caveat(
            kind="unvalidated_judge",
            text=f'judge "{judge}": nobody measured how often it agrees with people',
            unproven=f'that what "{judge}" calls good is good',
        )
        for judge in settings.unvalidated_judges
    ]
    for figure in figures:
        for scorer in figure.scorers:
            if not scorer.ungraded:
                continue
            first = next(iter(evidence.ungraded.get(scorer.scorer, ())), None)
            why = "" if first is None else f', e.g. case {first[0]}: "{first[1]}"'
            total = scorer.graded + scorer.ungraded
            reached = (scorer.mean.value if scorer.mean else 0.0) * scorer.graded
            text = (
                f"{figure.name}: {scorer.ungraded} of {total} answers could not be graded by "
                f"{scorer.scorer} and count nowhere{why}; were all of them wrong it would have "
                f"{100 * reached / total:.2f} %, were all right "
                f"{100 * (reached + scorer.ungraded) / total:.2f} %"
            )
            found.append(Caveat(kind="ungraded", text=text))
    return found


def _of_contamination(
    evidence: Evidence, answers: Sequence[Answers], contamination: Mapping[str, str]
) -> list[Caveat]:
    found = [
        Caveat(
            kind="contamination",
            text=f"{name}: contamination suspected: {why}",
            unproven=f"that {name} has not seen these cases in training",
        )
        for name, why in contamination.items()
    ]
    tagged = {i for i, case in enumerate(evidence.cases) if CONTAMINATED in case.tags}
    if tagged:
        text = (
            f'{len(tagged)} cases are tagged "{CONTAMINATED}": models may have seen them in training.'
            f"{_without(tagged, answers)} (leave them out: exclude_tag: {CONTAMINATED})"
        )
        found.append(Caveat(kind="contamination", text=text))
    ids = {case.id: i for i, case in enumerate(evidence.cases) if case.id in evidence.overlaps}
    if ids:
        text = (
            f"contamination suspected: {shared_words(evidence.overlaps, ids, len(evidence.cases))}: "
            f"a model may have seen them in training.{_without(set(ids.values()), answers)}"
        )
        unproven = "that no model has seen these cases in training"
        found.append(Caveat(kind="contamination", text=text, unproven=unproven))
    return found


def _without(left_out: Set[int], answers: Sequence[Answers]) -> str:
    scores: list[str] = []
    for each in answers:
        values = [
            v for o in each.outcomes if o.case not in left_out and (v := score(o)) is not None
        ]
        if values:
            scores.append(f"{each.name} {100 * sum(values) / len(values):.2f} %")
    return f" Without them: {', '.join(scores)}" if scores else ""
