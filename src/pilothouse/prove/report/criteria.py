"""Each criterion against what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.core.criterion import Criterion, Judged, Verdict, judge, unproven
from pilothouse.core.stats.proportion import Interval, cases_needed
from pilothouse.prove.evidence import Evidence
from pilothouse.prove.report.answers import Answers
from pilothouse.prove.report.figures import CandidateFigures
from pilothouse.prove.report.settings import ReportSettings


class CandidateVerdict(Struct, frozen=True, kw_only=True):
    """A candidate against every criterion; `verdict` is the worst of them."""

    candidate: str
    judged: tuple[Judged, ...]
    verdict: Verdict


def verdict_of(
    settings: ReportSettings,
    evidence: Evidence,
    answers: Answers,
    every: Sequence[Answers],
    figures: CandidateFigures,
) -> CandidateVerdict:
    judged = tuple(_judged(c, figures) for c in settings.criteria)
    return CandidateVerdict(candidate=figures.name, judged=judged, verdict=overall(judged))


def _judged(criterion: Criterion, figures: CandidateFigures) -> Judged:
    metric = criterion.metric
    q = {
        "latency_p50_ms": figures.latency.p50_ms,
        "latency_p95_ms": figures.latency.p95_ms,
        "ttft_p95_ms": figures.latency.ttft_p95_ms,
    }
    if metric in q:
        found = q[metric]
        if found is None:
            return unproven(criterion, "no times were recorded")
        if found.high is None and not criterion.is_floor:
            return unproven(
                criterion, f"{figures.latency.recorded} answers give this quantile no upper bound"
            )
        high = found.high if found.high is not None else found.value
        bounds = Interval(found.low if found.low is not None else 0.0, high)
        return judge(criterion, found.value, bounds, "order-statistic interval")
    if metric == "cost_per_request":
        if not figures.costs.is_complete:
            return unproven(criterion, "not every answer could be priced")
        return judge(
            criterion, float(figures.costs.per_request_usd), figures.costs.interval, "95 % interval"
        )
    m = figures.failures.rate if metric == "failure_rate" else figures.accuracy
    if m is None:
        return unproven(criterion, "nothing could be graded")
    j = judge(criterion, m.value, m.interval, "95 % interval")
    if j.verdict == "not yet proven":
        needed = cases_needed(m.value, criterion.threshold)
        more = (
            "no number of cases would do"
            if needed is None
            else f"about {needed} answers would decide"
        )
        j = Judged(
            criterion=criterion,
            verdict=j.verdict,
            why=f"the interval holds {criterion.threshold:g}: {more}",
            value=m.value,
            interval=m.interval,
        )
    return j


def overall(judged: Sequence[Judged]) -> Verdict:
    """The worst of them."""
    verdicts = {j.verdict for j in judged}
    if "not met" in verdicts:
        return "not met"
    return "not yet proven" if "not yet proven" in verdicts else "met"
