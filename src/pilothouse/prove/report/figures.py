"""What was measured of one candidate: quality, failures, money, time."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from pilothouse.core.stats.judge_error import JudgeCounts
from pilothouse.core.stats.mean_interval import MeanInterval, mean_interval
from pilothouse.prove.evidence import Evidence, Stopped
from pilothouse.prove.report.answers import MAIN, Answers, score
from pilothouse.prove.report.confusion import ConfusionTable, confusion_table
from pilothouse.prove.report.costs import CostFigures, cost_figures
from pilothouse.prove.report.failures import FailureFigures, failure_figures
from pilothouse.prove.report.judged_rate import JudgedRate, judged_rate
from pilothouse.prove.report.labels import LabelDifference, labels
from pilothouse.prove.report.latency import LatencyFigures, latency_figures
from pilothouse.prove.report.passes import Passes, passes
from pilothouse.prove.report.settings import PublishedLabel, ReportSettings
from pilothouse.prove.report.variance import RIGHT, Variance, variance


class ScorerFigures(Struct, frozen=True, kw_only=True):
    """One scorer over all answers of a candidate."""

    scorer: str
    words: str
    """The scorer with its options."""
    right: int
    """Answers of at least 0.5."""
    graded: int
    """Answers that it could grade, failures (0) included."""
    ungraded: int
    mean: MeanInterval | None
    """None = it could grade nothing."""
    judged: JudgedRate | None = None
    """Corrected for its judge's errors, where those are known."""
    passes: tuple[Passes, ...] = ()
    """pass@k and pass^k; empty without repeats, and where values stand between right and wrong."""


class CandidateFigures(Struct, frozen=True, kw_only=True):
    """Shares are 0-1, money is USD, times are milliseconds."""

    name: str
    model: str
    answers: int
    """Questions asked, those without an answer included."""
    cases: int
    right: int
    accuracy: MeanInterval | None
    """The main scorer's mean; a failure is 0. None = nothing could be graded."""
    scorers: tuple[ScorerFigures, ...]
    """All scorers, the main one first."""
    summaries: dict[str, dict[str, float]]
    """Scorer to figures of all its answers that are no means: corpus BLEU, macro F1."""
    failures: FailureFigures
    costs: CostFigures
    cost_note: str | None
    latency: LatencyFigures
    variance: Variance | None
    confusion: ConfusionTable | None
    stopped: Stopped | None
    """The run ended early for this candidate, because the evidence was enough."""
    labelled: int
    """Answers for which somebody published a label."""
    label_differences: tuple[LabelDifference, ...]


def candidate_figures(
    evidence: Evidence,
    answers: Answers,
    settings: ReportSettings,
    published: PublishedLabel,
    labels_wanted: Mapping[str, int],
) -> CandidateFigures:
    """All figures of `answers`. `labels_wanted` is of `label_order`."""
    name, model = answers.name, settings.model_of(answers.name)
    scorers = tuple(
        scorer_figures(evidence, answers, i, settings.judged_scorers.get(scorer))
        for i, scorer in enumerate(evidence.scorers)
    )
    labelled, differences = labels(answers, model, published)
    return CandidateFigures(
        name=name,
        model=model,
        answers=len(answers.outcomes),
        cases=len({o.case for o in answers.outcomes}),
        right=scorers[MAIN].right,
        accuracy=scorers[MAIN].mean,
        scorers=scorers,
        summaries=evidence.summaries.get(name, {}),
        failures=failure_figures(answers),
        costs=cost_figures(answers, scorers[MAIN].right),
        cost_note=settings.cost_note_of(name),
        latency=latency_figures(answers),
        variance=variance(answers),
        confusion=confusion_table(answers, labels_wanted),
        stopped=next((s for s in evidence.stopped if s.candidate == name), None),
        labelled=labelled,
        label_differences=differences,
    )


def scorer_figures(
    evidence: Evidence, answers: Answers, scorer: int, judge: JudgeCounts | None
) -> ScorerFigures:
    """One scorer's mean with its interval; corrected when it asks a `judge` that was measured."""
    values, clusters = answers.column(lambda outcome: score(outcome, scorer))
    mean = mean_interval(values, clusters) if values else None
    return ScorerFigures(
        scorer=evidence.scorers[scorer],
        words=evidence.scorer_words[scorer],
        right=sum(v >= RIGHT for v in values),
        graded=len(values),
        ungraded=len(answers.outcomes) - len(values),
        mean=mean,
        judged=None if judge is None else judged_rate(answers, scorer, judge),
        passes=passes(answers, scorer, mean),
    )
