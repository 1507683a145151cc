"""From kept answers to figures, intervals, comparisons and a verdict for each criterion. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from pilothouse.core.criterion import Criterion, Judged, Verdict, judge, unproven
from pilothouse.core.errors import RETRYABLE
from pilothouse.core.stats.paired import Paired, paired
from pilothouse.core.stats.proportion import (
    Interval,
    cases_needed,
    mean_and_error,
    normal_interval,
    wilson,
)
from pilothouse.core.stats.quantile import Quantile, quantile
from pilothouse.prove.evidence import CaseFact, Evidence, Outcome, Shelf
from pilothouse.prove.spec import Candidate, Poc

FEW_CASES = 100
"""Below this the report warns: the guide asks for at least so many representative cases."""


class LabelDifference(Struct, frozen=True, kw_only=True):
    """An answer that our grader and the published label see differently."""

    case_id: str
    candidate: str
    is_right: bool
    published: bool
    read: str | None
    expected: str | None


class CandidateReport(Struct, frozen=True, kw_only=True):
    """One candidate's figures. Money in USD, times in milliseconds, shares 0-1."""

    name: str
    model: str
    answers: int
    cases: int
    right: int
    accuracy: float
    accuracy_interval: Interval
    failed: int
    failure_rate: float
    failure_interval: Interval
    cost_usd: Decimal
    cost_per_request: Decimal | None
    cost_interval: Interval | None
    not_priced: int
    cost_note: str | None
    input_tokens: int
    output_tokens: int
    is_usage_estimated: bool
    latency_p50_ms: Quantile | None
    latency_p95_ms: Quantile | None
    ttft_p95_ms: Quantile | None
    also: dict[str, int]
    """Right answers under the other scorers."""
    judged: tuple[Judged, ...]
    verdict: Verdict
    against_baseline: Paired | None
    """This candidate (a) against the baseline (b); None for the baseline itself."""
    labelled: int
    """Answers for which somebody published a label."""
    label_differences: tuple[LabelDifference, ...]
    may_pass: int
    """Failed answers of a kind that another try may not meet."""


class Report(Struct, frozen=True, kw_only=True):
    """The whole proof."""

    name: str
    run_id: str
    scorer: str
    cases: int
    excluded: str | None
    baseline: str
    candidates: tuple[CandidateReport, ...]
    warnings: tuple[str, ...]

    @property
    def passed(self) -> tuple[str, ...]:
        """Candidates that meet every criterion."""
        return tuple(c.name for c in self.candidates if c.verdict == "met")


PublishedLabel = Callable[[str, str], bool | None]
"""Case id and model to the label its publishers gave, where there is one."""


def report(poc: Poc, evidence: Evidence, shelf: Shelf, published: PublishedLabel) -> Report:
    """The same answers give the same report, to the byte."""
    cases = evidence.cases
    grouped = {
        c.name: [o for o in evidence.outcomes if o.candidate == i]
        for i, c in enumerate(poc.file.candidates)
    }
    baseline = _first_repeat(grouped[poc.baseline])
    reports = [
        _candidate(poc, candidate, evidence, grouped[candidate.name], baseline, published, shelf)
        for candidate in poc.file.candidates
        if grouped[candidate.name]
    ]
    excluded = f'cases tagged "{poc.file.exclude_tag}"' if poc.file.exclude_tag else None
    return Report(
        name=poc.file.name,
        run_id=evidence.run_id,
        scorer=evidence.scorer_words[0],
        cases=len(cases),
        excluded=excluded,
        baseline=poc.baseline,
        candidates=tuple(reports),
        warnings=_warnings(poc, cases, grouped),
    )


def _warnings(
    poc: Poc, cases: Sequence[CaseFact], grouped: Mapping[str, Sequence[Outcome]]
) -> tuple[str, ...]:
    found: list[str] = []
    if len(cases) < FEW_CASES:
        found.append(f"only {len(cases)} cases: fewer than {FEW_CASES} prove little")
    wanted = len(cases) * poc.file.repeats
    for name, answers in grouped.items():
        if len(answers) < wanted:
            found.append(f"{name}: {len(answers)} of {wanted} answers were asked for (budget)")
    if poc.file.repeats > 1:
        found.append("several repeats: the paired comparison uses the first of each case")
    return tuple(found)


def _candidate(
    poc: Poc,
    candidate: Candidate,
    evidence: Evidence,
    answers: Sequence[Outcome],
    baseline: Mapping[int, bool],
    published: PublishedLabel,
    shelf: Shelf,
) -> CandidateReport:
    n = len(answers)
    right = sum(_is_right(a) for a in answers)
    failed = sum(a.error_class is not None for a in answers)
    costs = [a.cost_usd for a in answers if a.cost_usd is not None]
    total = sum(costs, Decimal(0))
    cost_interval = normal_interval(*mean_and_error([float(c) for c in costs])) if costs else None
    figures = {
        "accuracy": (right / n, _accuracy_interval(answers)),
        "failure_rate": (failed / n, wilson(failed, n)),
    }
    latencies = _times(answers, "latency_ms")
    first_tokens = _times(answers, "ttft_ms")
    quantiles = {
        "latency_p50_ms": quantile(latencies, 0.5) if latencies else None,
        "latency_p95_ms": quantile(latencies, 0.95) if latencies else None,
        "ttft_p95_ms": quantile(first_tokens, 0.95) if first_tokens else None,
    }
    if cost_interval and len(costs) == n - failed:
        figures["cost_per_request"] = (float(total / len(costs)), cost_interval)
    judged = tuple(_judged(c, figures, quantiles, n) for c in poc.criteria)
    return CandidateReport(
        name=candidate.name,
        model=candidate.model,
        answers=n,
        cases=len({a.case for a in answers}),
        right=right,
        accuracy=figures["accuracy"][0],
        accuracy_interval=figures["accuracy"][1],
        failed=failed,
        failure_rate=figures["failure_rate"][0],
        failure_interval=figures["failure_rate"][1],
        cost_usd=total,
        cost_per_request=total / len(costs) if costs else None,
        cost_interval=cost_interval,
        not_priced=n - failed - len(costs),
        cost_note=None,
        input_tokens=sum(a.input_tokens or 0 for a in answers),
        output_tokens=sum(a.output_tokens or 0 for a in answers),
        is_usage_estimated=any(a.is_usage_estimated for a in answers),
        latency_p50_ms=quantiles["latency_p50_ms"],
        latency_p95_ms=quantiles["latency_p95_ms"],
        ttft_p95_ms=quantiles["ttft_p95_ms"],
        also={
            evidence.scorer_words[i]: sum(_value(a, i) >= 0.5 for a in answers)
            for i in range(1, len(evidence.scorers))
        },
        judged=judged,
        verdict=_overall(judged),
        against_baseline=_paired(candidate, poc, answers, baseline),
        labelled=sum(
            published(evidence.cases[a.case].id, candidate.model) is not None for a in answers
        ),
        label_differences=_differences(candidate, answers, evidence, published, shelf),
        may_pass=sum(a.error_class in RETRYABLE for a in answers),
    )


def _judged(
    criterion: Criterion,
    figures: Mapping[str, tuple[float, Interval]],
    quantiles: Mapping[str, Quantile | None],
    n: int,
) -> Judged:
    metric = criterion.metric
    if metric in quantiles:
        found = quantiles[metric]
        if found is None:
            return unproven(criterion, "no times were recorded")
        if found.high is None and not criterion.is_floor:
            return unproven(criterion, f"{n} answers give this quantile no upper bound")
        high = found.high if found.high is not None else found.value
        bounds = Interval(found.low if found.low is not None else 0.0, high)
        return judge(criterion, found.value, bounds, "order-statistic interval")
    if metric not in figures:
        return unproven(criterion, "not every answer could be priced")
    value, interval = figures[metric]
    judged = judge(criterion, value, interval, "95 % interval")
    if judged.verdict != "not yet proven" or metric == "cost_per_request":
        return judged
    needed = cases_needed(value, criterion.threshold)
    more = (
        "no number of cases would do" if needed is None else f"about {needed} answers would decide"
    )
    return Judged(
        criterion=criterion,
        verdict="not yet proven",
        why=f"the interval holds {criterion.threshold:g}: {more}",
        value=value,
        interval=interval,
    )


def _overall(judged: Sequence[Judged]) -> Verdict:
    verdicts = {j.verdict for j in judged}
    if "not met" in verdicts:
        return "not met"
    return "not yet proven" if "not yet proven" in verdicts else "met"


def _accuracy_interval(answers: Sequence[Outcome]) -> Interval:
    """Wilson's; with repeats, the spread between cases, because repeats of one case are not new cases."""
    by_case: dict[int, list[bool]] = {}
    for answer in answers:
        by_case.setdefault(answer.case, []).append(_is_right(answer))
    if len(by_case) == len(answers):
        return wilson(sum(map(_is_right, answers)), len(answers))
    means = [sum(values) / len(values) for values in by_case.values()]
    around = normal_interval(*mean_and_error(means))
    return Interval(max(0.0, around.low), min(1.0, around.high))


def _paired(
    candidate: Candidate, poc: Poc, answers: Sequence[Outcome], baseline: Mapping[int, bool]
) -> Paired | None:
    ours = _first_repeat(answers)
    common = [case_id for case_id in ours if case_id in baseline]
    if candidate.name == poc.baseline or len(common) < 2:
        return None
    return paired([ours[c] for c in common], [baseline[c] for c in common])


def _differences(
    candidate: Candidate,
    answers: Sequence[Outcome],
    evidence: Evidence,
    published: PublishedLabel,
    shelf: Shelf,
) -> tuple[LabelDifference, ...]:
    found: list[Outcome] = []
    for answer in answers:
        label = published(evidence.cases[answer.case].id, candidate.model)
        if label is not None and label != _is_right(answer):
            found.append(answer)
    kept = shelf.kept([a.call_id for a in found])
    cases = shelf.cases([evidence.cases[a.case].id for a in found])
    differences: list[LabelDifference] = []
    for answer in found:
        case = cases[evidence.cases[answer.case].id]
        grade = kept[answer.call_id].grades.get(evidence.scorers[0])
        differences.append(
            LabelDifference(
                case_id=case.id,
                candidate=candidate.name,
                is_right=_is_right(answer),
                published=not _is_right(answer),
                read=None if grade is None else grade.detail,
                expected=case.expected,
            )
        )
    return tuple(differences)


def _first_repeat(answers: Sequence[Outcome]) -> dict[int, bool]:
    return {a.case: _is_right(a) for a in answers if a.repeat == 0}


def _is_right(answer: Outcome) -> bool:
    """A failed attempt is not a right answer."""
    return _value(answer, 0) >= 0.5


def _value(answer: Outcome, scorer: int) -> float:
    return (answer.values[scorer] or 0.0) if answer.values else 0.0


def _times(answers: Sequence[Outcome], field: str) -> list[float]:
    values = [getattr(a, field) for a in answers if a.error_class is None]
    return [v for v in values if v is not None]
