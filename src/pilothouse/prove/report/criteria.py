"""Each criterion against what was measured.

A metric is `accuracy` or a scorer's name, `failure_rate`, `cost_per_request`, a quantile such as
`latency_p95_ms` or `ttft_p95_ms`, or `accuracy_loss` (the baseline's accuracy less the candidate's, paired);
`@tag` behind it asks only for the cases with that tag. Verdicts on shares stand on the exact interval.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import ceil, log

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.criterion import Criterion, Judged, Verdict, judge, unproven
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval, cases_needed
from pilothouse.core.stats.quantile import quantile
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.report.answers import MAIN, Answers, score
from pilothouse.prove.report.comparisons import paired_difference
from pilothouse.prove.report.costs import cost_figures
from pilothouse.prove.report.failures import is_failed

MAIN_NAME = "accuracy"
_QUANTILE = re.compile(r"(latency|ttft)_p(\d{1,2}(?:\.\d+)?)_ms")
_TAIL = 0.025


class CandidateVerdict(Struct, frozen=True, kw_only=True):
    """A candidate against every criterion; `verdict` is the worst of them."""

    candidate: str
    judged: tuple[Judged, ...]
    further: tuple[int | None, ...]
    """For each criterion, about how many more answers would decide it, if what was seen stays; None = it
    is decided, or no number would do."""
    verdict: Verdict


class Asked(Struct, frozen=True, kw_only=True):
    """What a criterion is judged from."""

    answers: Answers
    baseline: Answers | None
    """None when the baseline was asked nothing."""
    scorers: Sequence[str]


def verdict_of(criteria: Sequence[Criterion], asked: Asked) -> CandidateVerdict:
    """All criteria, in their order."""
    found = [_judged(criterion, asked) for criterion in criteria]
    return CandidateVerdict(
        candidate=asked.answers.name,
        judged=tuple(judged for judged, _ in found),
        further=tuple(further for _, further in found),
        verdict=overall([judged for judged, _ in found]),
    )


def overall(judged: Sequence[Judged]) -> Verdict:
    """The worst of them."""
    verdicts = {j.verdict for j in judged}
    if "not met" in verdicts:
        return "not met"
    return "not yet proven" if "not yet proven" in verdicts else "met"


_Found = tuple[Judged, int | None]


def _judged(criterion: Criterion, asked: Asked) -> _Found:
    metric, tag = criterion.metric, criterion.tag or ""
    answers = _tagged(asked.answers, tag)
    if not answers.outcomes:
        return unproven(criterion, f'no case with the tag "{tag}" was asked'), None
    if found := _QUANTILE.fullmatch(metric):
        return _of_quantile(criterion, answers, found[1], float(found[2]) / 100)
    if metric == "cost_per_request":
        return _of_cost(criterion, answers)
    if metric == "failure_rate":
        return _of_mean(criterion, answers, is_failed)
    if metric == "ungraded_rate":
        return _of_mean(criterion, answers, _is_ungraded)
    if metric == "tokens_per_second_p50":
        return _of_speed(criterion, answers)
    if metric == "accuracy_loss":
        baseline = None if asked.baseline is None else _tagged(asked.baseline, tag)
        return _of_loss(criterion, answers, baseline)
    scorer = _scorer(metric, asked.scorers)
    if scorer is None:
        return unproven(criterion, f'this run has no scorer "{metric}"'), None
    return _of_mean(criterion, answers, lambda outcome: score(outcome, scorer))


def _tagged(answers: Answers, tag: str) -> Answers:
    if not tag:
        return answers
    return replace(
        answers, outcomes=[o for o in answers.outcomes if tag in answers.cases[o.case].tags]
    )


def _scorer(metric: str, scorers: Sequence[str]) -> int | None:
    if metric in scorers:
        return scorers.index(metric)
    return MAIN if metric == MAIN_NAME else None


def _of_mean(
    criterion: Criterion, answers: Answers, read: Callable[[Outcome], float | None]
) -> _Found:
    values, clusters = answers.column(read)
    if not values:
        return unproven(criterion, "nothing could be graded"), None
    found = mean_interval(values, clusters)
    judged = judge(criterion, found.value, found.promise, f"95 % interval ({_exact(found.how)})")
    if judged.verdict != "not yet proven":
        return judged, None
    needed = cases_needed(found.value, criterion.threshold)
    if needed is None:
        return _open(judged, criterion, "no number of cases would do"), None
    total = ceil(needed * found.n / found.effective_n)
    return _open(judged, criterion, f"about {total:,} answers would decide"), max(
        1, total - found.n
    )


def _of_cost(criterion: Criterion, answers: Answers) -> _Found:
    found = cost_figures(answers, 0)
    if found.per_request_usd is None or found.interval is None or not found.is_complete:
        return unproven(criterion, "not every answer could be priced"), None
    value = float(found.per_request_usd)
    judged = judge(criterion, value, found.interval, "95 % interval (Student's t)")
    return _spread(judged, criterion, len(answers.outcomes))


def _of_loss(criterion: Criterion, answers: Answers, baseline: Answers | None) -> _Found:
    if baseline is None:
        return unproven(criterion, "the baseline was asked nothing"), None
    if baseline.name == answers.name:
        return judge(criterion, 0.0, Interval(0.0, 0.0), "it is the baseline"), None
    found = paired_difference(baseline, baseline.by_case(score), answers.by_case(score))
    if found is None:
        return unproven(criterion, "fewer than two cases were graded on both sides"), None
    judged = judge(criterion, found.value, found.interval, f"paired, 95 % interval ({found.how})")
    return _spread(judged, criterion, len(answers.outcomes))


def _of_quantile(criterion: Criterion, answers: Answers, what: str, part: float) -> _Found:
    times = [
        o.latency_ms if what == "latency" else o.ttft_ms
        for o in answers.outcomes
        if not o.error_class
    ]
    values = [ms for ms in times if ms is not None]
    if not values:
        return unproven(criterion, "no times were recorded"), None
    found = quantile(values, part)
    if found.high is None and not criterion.is_floor:
        needed = ceil(log(_TAIL) / log(part))
        why = f"{len(values)} answers give this quantile no upper bound: it takes at least {needed}"
        return unproven(criterion, why), max(1, needed - len(values))
    bounds = Interval(
        0.0 if found.low is None else found.low,
        found.value if found.high is None else found.high,
    )
    judged = judge(criterion, found.value, bounds, "95 % order-statistic interval")
    return _spread(judged, criterion, len(values))


def _of_speed(criterion: Criterion, answers: Answers) -> _Found:
    speeds = [
        1000 * o.output_tokens / (o.latency_ms - o.ttft_ms)
        for o in answers.outcomes
        if o.output_tokens and o.latency_ms and o.ttft_ms and o.latency_ms > o.ttft_ms
    ]
    if not speeds:
        return unproven(criterion, "no token was timed: say `stream: true`"), None
    found = quantile(speeds, 0.5)
    low = 0.0 if found.low is None else found.low
    bounds = Interval(low, max(speeds) if found.high is None else found.high)
    judged = judge(criterion, found.value, bounds, "95 % order-statistic interval")
    return _spread(judged, criterion, len(speeds))


def _is_ungraded(outcome: Outcome) -> float | None:
    """Of answers; a failure has nothing to grade."""
    return None if outcome.error_class else float(None in outcome.values)


def _spread(judged: Judged, criterion: Criterion, n: int) -> _Found:
    """An open verdict with the answers that would narrow its interval down to the threshold."""
    if judged.verdict != "not yet proven" or judged.value is None or judged.interval is None:
        return judged, None
    distance = criterion.threshold - judged.value
    if distance == 0:
        return _open(judged, criterion, "no number of cases would do"), None
    reach = (
        judged.interval.high - judged.value if distance > 0 else judged.value - judged.interval.low
    )
    total = ceil(n * (reach / distance) ** 2) + 1
    return _open(judged, criterion, f"about {total:,} answers would decide"), max(1, total - n)


def _open(judged: Judged, criterion: Criterion, words: str) -> Judged:
    return replace(judged, why=f"the interval holds {criterion.threshold:g}: {words}")


def _exact(how: str) -> str:
    """The words of the exact interval that belongs to a Wilson one."""
    return how.replace("Wilson", "Clopper-Pearson")
