"""The whole proof as one value, from a run's evidence. Pure: the same evidence gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from pilothouse.core.criterion import Judged, Verdict
from pilothouse.core.pico import pico_usd, usd
from pilothouse.prove.evidence import Evidence
from pilothouse.prove.report.answers import answers_by_candidate
from pilothouse.prove.report.checklist import Item, checklist
from pilothouse.prove.report.comparisons import Comparison, comparisons
from pilothouse.prove.report.confusion import label_order
from pilothouse.prove.report.criteria import Asked, CandidateVerdict, verdict_of
from pilothouse.prove.report.figures import CandidateFigures, candidate_figures
from pilothouse.prove.report.frontier import Frontier, frontier
from pilothouse.prove.report.qualities import Qualitative, qualities
from pilothouse.prove.report.recommendation import Recommendation, recommend
from pilothouse.prove.report.settings import PublishedLabel, ReportSettings
from pilothouse.prove.report.shown import Shown, choose_shown
from pilothouse.prove.report.spots import Spot, spots
from pilothouse.prove.report.tags import TagEffect, TagFigures, tag_figures
from pilothouse.prove.report.warnings import Caveat, caveats


class GuideMetrics(Struct, frozen=True, kw_only=True):
    """The guide's fields under the guide's names. Latencies in seconds, money in USD; None = not recorded."""

    accuracy_mean: float | None
    latency_p50: float | None
    latency_p95: float | None
    cost_per_request: Decimal | None
    failure_rate: float


class CandidateReport(CandidateFigures, frozen=True, kw_only=True):
    """A candidate's figures with what they mean."""

    metrics: GuideMetrics
    qualitative: Qualitative
    spots: tuple[Spot, ...]
    """Its most frequent tags against its other cases."""
    judged: tuple[Judged, ...]
    verdict: Verdict
    against_baseline: Comparison | None
    """This candidate (a) against the baseline (b); None for the baseline itself."""

    @property
    def cost_per_request(self) -> Decimal | None:
        """Mean of the priced answers, USD."""
        return self.costs.per_request_usd


class Report(Struct, frozen=True, kw_only=True):
    """The whole proof."""

    name: str
    run_id: str
    scorer: str
    """The main scorer with its options."""
    scorer_name: str
    protocol: str | None
    cases: int
    answers: int
    """Questions asked of all candidates together."""
    excluded: str | None
    baseline: str
    recommendation: Recommendation
    candidates: tuple[CandidateReport, ...]
    comparisons: tuple[Comparison, ...]
    tags: TagFigures
    frontier: Frontier
    warnings: tuple[Caveat, ...]
    checklist: tuple[Item, ...]
    spent_usd: Decimal
    """Paid in this run, judges included."""
    judge_usd: Decimal
    reused: int
    """Answers that an earlier run had paid for."""
    shown: Shown

    @property
    def passed(self) -> tuple[str, ...]:
        """Candidates that meet every criterion."""
        return tuple(c.name for c in self.candidates if c.verdict == "met")


def report(
    settings: ReportSettings,
    evidence: Evidence,
    published: PublishedLabel = lambda case_id, model: None,
    contamination: Mapping[str, str] = {},
) -> Report:
    """`contamination` maps a candidate or a suite to why its cases may have been seen in training.

    Raises `ValueError` when nothing was asked: there is no report of no answers.
    """
    if not evidence.outcomes:
        raise ValueError("no answer, no report")
    answers = answers_by_candidate(evidence)
    wanted = label_order(answers)
    figures = [candidate_figures(evidence, a, settings, published, wanted) for a in answers]
    pairs = comparisons(answers, settings.baseline)
    baseline = next((a for a in answers if a.name == settings.baseline), None)
    sequences = {s.candidate: s.intervals for s in evidence.stopped}
    verdicts = [
        verdict_of(
            settings.criteria,
            Asked(
                answers=a,
                baseline=baseline,
                scorers=evidence.scorers,
                judges=settings.judged_scorers,
                trusts_judges=settings.trusts_judges,
                sequences=sequences.get(a.name, {}),
            ),
        )
        for a in answers
    ]
    tags = tag_figures(evidence.cases, answers)
    own = [spots(a, f.accuracy, tags.rows) for a, f in zip(answers, figures, strict=True)]
    front = frontier(figures, pairs)
    warned = caveats(settings, evidence, answers, figures, contamination)
    advice = recommend(figures, verdicts, pairs, front, warned)
    return Report(
        name=settings.name,
        run_id=evidence.run_id,
        scorer=evidence.scorer_words[0],
        scorer_name=evidence.scorers[0],
        protocol=settings.protocol,
        cases=len(evidence.cases),
        answers=len(evidence.outcomes),
        excluded=f'cases tagged "{settings.excluded}"' if settings.excluded else None,
        baseline=settings.baseline,
        recommendation=advice,
        candidates=_candidates(figures, verdicts, pairs, tags.effects, own, settings.baseline),
        comparisons=pairs,
        tags=tags,
        frontier=front,
        warnings=warned,
        checklist=checklist(settings.criteria, evidence.cases, figures, advice, evidence.run_id),
        spent_usd=usd(pico_usd(evidence.spent_usd)),  # 0.10 and 0.1 are the same bytes
        judge_usd=usd(pico_usd(evidence.judge_usd)),
        reused=evidence.reused,
        shown=choose_shown(evidence.cases, answers),
    )


def asked_between(evidence: Evidence) -> str:
    """When the first and the last attempt began. No part of a report: a resumed run has other times."""
    times = [o.at_us for o in evidence.outcomes]
    first, last = (
        datetime.fromtimestamp(at_us / 1e6, tz=UTC).strftime("%Y-%m-%d %H:%M")
        for at_us in (min(times), max(times))
    )
    return f"asked {first} UTC" if first == last else f"asked {first} to {last} UTC"


def _candidates(
    figures: Sequence[CandidateFigures],
    verdicts: Sequence[CandidateVerdict],
    pairs: Sequence[Comparison],
    effects: Sequence[TagEffect],
    own: Sequence[tuple[Spot, ...]],
    baseline: str,
) -> tuple[CandidateReport, ...]:
    return tuple(
        CandidateReport(
            **{field: getattr(f, field) for field in f.__struct_fields__},
            metrics=_metrics(f),
            qualitative=qualities(f, [o for o in figures if o is not f], pairs, effects, mine),
            spots=mine,
            judged=v.judged,
            verdict=v.verdict,
            against_baseline=next((c for c in pairs if (c.a, c.b) == (f.name, baseline)), None),
        )
        for f, v, mine in zip(figures, verdicts, own, strict=True)
    )


def _metrics(figures: CandidateFigures) -> GuideMetrics:
    p50, p95 = figures.latency.p50_ms, figures.latency.p95_ms
    return GuideMetrics(
        accuracy_mean=figures.accuracy.value if figures.accuracy else None,
        latency_p50=p50.value / 1000 if p50 else None,
        latency_p95=p95.value / 1000 if p95 else None,
        cost_per_request=figures.costs.per_request_usd,
        failure_rate=figures.failures.rate.value,
    )
