"""From kept answers to figures, intervals, comparisons and a verdict for each criterion. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.criterion import Criterion, Judged, Verdict, judge, unproven
from pilothouse.core.errors import RETRYABLE
from pilothouse.core.grade import Given, Scorer
from pilothouse.core.ports import PaidAnswer
from pilothouse.core.stats.paired import Paired, paired
from pilothouse.core.stats.proportion import (
    Interval,
    cases_needed,
    mean_and_error,
    normal_interval,
    wilson,
)
from pilothouse.core.stats.quantile import Quantile, quantile
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


def report(
    poc: Poc,
    cases: Sequence[Case],
    answers: Sequence[PaidAnswer],
    run_id: str,
    published: PublishedLabel,
) -> Report:
    """The same answers give the same report, to the byte."""
    by_id = {case.id: case for case in cases}
    grouped = {c.name: [a for a in answers if a.call.target == c.name] for c in poc.file.candidates}
    baseline = _first_repeat(grouped[poc.baseline])
    reports = [
        _candidate(poc, candidate, by_id, grouped[candidate.name], baseline, published)
        for candidate in poc.file.candidates
        if grouped[candidate.name]
    ]
    excluded = f'cases tagged "{poc.file.exclude_tag}"' if poc.file.exclude_tag else None
    return Report(
        name=poc.file.name,
        run_id=run_id,
        scorer=poc.scorer_name,
        cases=len(cases),
        excluded=excluded,
        baseline=poc.baseline,
        candidates=tuple(reports),
        warnings=_warnings(poc, cases, grouped),
    )


def _warnings(
    poc: Poc, cases: Sequence[Case], grouped: Mapping[str, Sequence[PaidAnswer]]
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
    cases: Mapping[str, Case],
    answers: Sequence[PaidAnswer],
    baseline: Mapping[str, bool],
    published: PublishedLabel,
) -> CandidateReport:
    n = len(answers)
    right = sum(_is_right(a) for a in answers)
    failed = sum(a.text is None for a in answers)
    costs = [a.call.cost_usd for a in answers if a.call.cost_usd is not None]
    total = sum(costs, Decimal(0))
    cost_interval = normal_interval(*mean_and_error([float(c) for c in costs])) if costs else None
    notes = {a.call.cost_note for a in answers if a.call.cost_note}
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
        cases=len({a.call.case_id for a in answers}),
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
        cost_note=min(notes) if notes else None,
        input_tokens=sum(a.call.input_tokens or 0 for a in answers),
        output_tokens=sum(a.call.output_tokens or 0 for a in answers),
        is_usage_estimated=any(a.call.is_usage_estimated for a in answers),
        latency_p50_ms=quantiles["latency_p50_ms"],
        latency_p95_ms=quantiles["latency_p95_ms"],
        ttft_p95_ms=quantiles["ttft_p95_ms"],
        also={name: _right_by(scorer, answers, cases) for name, scorer in poc.also},
        judged=judged,
        verdict=_overall(judged),
        against_baseline=_paired(candidate, poc, answers, baseline),
        labelled=sum(published(a.call.case_id or "", candidate.model) is not None for a in answers),
        label_differences=_differences(candidate, answers, cases, published),
        may_pass=sum(a.text is None and a.call.error_class in RETRYABLE for a in answers),
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


def _accuracy_interval(answers: Sequence[PaidAnswer]) -> Interval:
    """Wilson's; with repeats, the spread between cases, because repeats of one case are not new cases."""
    by_case: dict[str, list[bool]] = {}
    for answer in answers:
        by_case.setdefault(answer.call.case_id or "", []).append(_is_right(answer))
    if len(by_case) == len(answers):
        return wilson(sum(map(_is_right, answers)), len(answers))
    means = [sum(values) / len(values) for values in by_case.values()]
    around = normal_interval(*mean_and_error(means))
    return Interval(max(0.0, around.low), min(1.0, around.high))


def _paired(
    candidate: Candidate, poc: Poc, answers: Sequence[PaidAnswer], baseline: Mapping[str, bool]
) -> Paired | None:
    ours = _first_repeat(answers)
    common = [case_id for case_id in ours if case_id in baseline]
    if candidate.name == poc.baseline or len(common) < 2:
        return None
    return paired([ours[c] for c in common], [baseline[c] for c in common])


def _differences(
    candidate: Candidate,
    answers: Sequence[PaidAnswer],
    cases: Mapping[str, Case],
    published: PublishedLabel,
) -> tuple[LabelDifference, ...]:
    found: list[LabelDifference] = []
    for answer in answers:
        case_id = answer.call.case_id or ""
        label = published(case_id, candidate.model)
        if label is None or label == _is_right(answer):
            continue
        found.append(
            LabelDifference(
                case_id=case_id,
                candidate=candidate.name,
                is_right=_is_right(answer),
                published=label,
                read=answer.scores[0].detail if answer.scores else None,
                expected=cases[case_id].expected,
            )
        )
    return tuple(found)


def _right_by(scorer: Scorer, answers: Sequence[PaidAnswer], cases: Mapping[str, Case]) -> int:
    return sum(
        scorer.score(Given(text=a.text), cases[a.call.case_id or ""]).value >= 0.5
        for a in answers
        if a.text is not None
    )


def _first_repeat(answers: Sequence[PaidAnswer]) -> dict[str, bool]:
    return {a.call.case_id or "": _is_right(a) for a in answers if a.call.repeat == 0}


def _is_right(answer: PaidAnswer) -> bool:
    """A failed attempt is not a right answer."""
    return bool(answer.scores) and answer.scores[0].value >= 0.5


def _times(answers: Sequence[PaidAnswer], field: str) -> list[float]:
    values = [getattr(a.call, field) for a in answers if a.text is not None]
    return [v for v in values if v is not None]
