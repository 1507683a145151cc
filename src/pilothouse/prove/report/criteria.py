"""Each criterion against what was measured.

Verdicts on shares stand on the exact interval, those on times on order statistics. `accuracy_loss` is the
baseline's accuracy less the candidate's, paired. An open verdict says how many answers would decide it, if
what was seen stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import ceil, log

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.criterion import Criterion, Judged, Verdict, judge, unproven
from pilothouse.core.stats.judge_error import JudgeCounts
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval, cases_needed
from pilothouse.core.stats.quantile import quantile
from pilothouse.prove.evidence import Outcome
from pilothouse.prove.report.answers import MAIN, Answers, score
from pilothouse.prove.report.comparisons import paired_difference
from pilothouse.prove.report.costs import cost_figures
from pilothouse.prove.report.failures import is_failed
from pilothouse.prove.report.judged_rate import judged_rate
from pilothouse.prove.report.latency import speeds_of

MAIN_NAME = "accuracy"
_QUANTILE = re.compile(r"(latency|ttft)_p(\d{1,2}(?:\.\d+)?)_ms")
_TAIL = 0.025
_UNMEASURED = "graded by a judge that nobody has compared with people: calibrate it, or say that it is trusted"


class CandidateVerdict(Struct, frozen=True, kw_only=True):
    """A candidate against every criterion; `verdict` is the worst of them."""

    candidate: str
    judged: tuple[Judged, ...]
    verdict: Verdict


class Asked(Struct, frozen=True, kw_only=True):
    """What a criterion is judged from."""

    answers: Answers
    baseline: Answers | None
    """None when the baseline was asked nothing."""
    scorers: Sequence[str]
    judges: Mapping[str, JudgeCounts | None] = {}
    """Of the scorers that ask one: how it did against people; None = nobody has measured it."""
    trusts_judges: bool = False
    """A judge that nobody has measured may decide."""
    sequences: Mapping[str, Interval] = {}
    """Of a candidate that was stopped early: intervals that hold at any time of looking, by criterion."""


def verdict_of(criteria: Sequence[Criterion], asked: Asked) -> CandidateVerdict:
    """All criteria, in their order."""
    judged = tuple(_in_sequence(_judged(criterion, asked), asked) for criterion in criteria)
    return CandidateVerdict(candidate=asked.answers.name, judged=judged, verdict=overall(judged))


def overall(judged: Sequence[Judged]) -> Verdict:
    """The worst of them; where nothing was asked, nothing is proven."""
    verdicts = {j.verdict for j in judged}
    if "not met" in verdicts:
        return "not met"
    return "not yet proven" if "not yet proven" in verdicts or not verdicts else "met"


def _in_sequence(judged: Judged, asked: Asked) -> Judged:
    """Who stops when the figures look decided needs an interval that allows for it."""
    around = asked.sequences.get(judged.criterion.name)
    if around is None or judged.value is None:
        return judged
    why = "95 % confidence sequence: asking was stopped early"
    return judge(judged.criterion, judged.value, around, why)


def _judged(criterion: Criterion, asked: Asked) -> Judged:
    metric, tag = criterion.metric, criterion.tag
    answers = _tagged(asked.answers, tag)
    if not answers.outcomes:
        return unproven(criterion, f'no case with the tag "{tag}" was asked')
    if found := _QUANTILE.fullmatch(metric):
        return _of_times(criterion, answers, found[1], float(found[2]) / 100)
    if metric == "accuracy_loss":
        baseline = None if asked.baseline is None else _tagged(asked.baseline, tag)
        return _of_loss(criterion, answers, baseline)
    if metric == "cost_per_request":
        return _of_cost(criterion, answers)
    if metric == "tokens_per_second_p50":
        return _of_speed(criterion, answers)
    if metric in _COUNTED:
        return _of_mean(criterion, answers, _COUNTED[metric])
    scorer = _scorer(metric, asked.scorers)
    if scorer is None:
        return unproven(criterion, f'this run has no scorer "{metric}"')
    name = asked.scorers[scorer]
    if name in asked.judges:
        judge_counts = asked.judges[name]
        if judge_counts is not None:
            return _of_judge(criterion, answers, scorer, judge_counts)
        if not asked.trusts_judges:
            return unproven(criterion, _UNMEASURED)
    return _of_mean(criterion, answers, lambda outcome: score(outcome, scorer))


def _is_ungraded(outcome: Outcome) -> float | None:
    """Of answers; a failure has nothing to grade."""
    return None if outcome.error_class else float(None in outcome.values)


_COUNTED: dict[str, Callable[[Outcome], float | None]] = {
    "failure_rate": is_failed,
    "ungraded_rate": _is_ungraded,
}


def _tagged(answers: Answers, tag: str | None) -> Answers:
    if tag is None:
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
) -> Judged:
    values, clusters = answers.column(read)
    if not values:
        return unproven(criterion, "nothing could be graded")
    found = mean_interval(values, clusters)
    judged = judge(criterion, found.value, found.promise, f"95 % interval ({_exact(found.how)})")
    if judged.verdict != "not yet proven":
        return judged
    needed = cases_needed(found.value, criterion.threshold)
    total = None if needed is None else ceil(needed * found.n / found.effective_n)
    return _open(judged, total, found.n)


def _of_judge(criterion: Criterion, answers: Answers, scorer: int, counts: JudgeCounts) -> Judged:
    found = judged_rate(answers, scorer, counts)
    if found is None:
        return unproven(criterion, "its judge says no more of these answers than a coin")
    why = (
        f"corrected for its judge's errors: sensitivity {100 * found.sensitivity:.0f} %, specificity "
        f"{100 * found.specificity:.0f} % on {found.labels} human labels"
    )
    judged = judge(criterion, found.value, found.interval, why)
    if judged.verdict != "not yet proven":
        return judged
    return replace(judged, why=f"{why}; the interval holds {criterion.threshold:g}")


def _of_cost(criterion: Criterion, answers: Answers) -> Judged:
    found = cost_figures(answers, 0)
    if found.per_request_usd is None or found.interval is None or not found.is_complete:
        return unproven(criterion, "not every answer could be priced")
    value = float(found.per_request_usd)
    judged = judge(criterion, value, found.interval, "95 % interval (Student's t)")
    return _spread(judged, len(answers.outcomes))


def _of_loss(criterion: Criterion, answers: Answers, baseline: Answers | None) -> Judged:
    if baseline is None:
        return unproven(criterion, "the baseline was asked nothing")
    if baseline.name == answers.name:
        return judge(criterion, 0.0, Interval(0.0, 0.0), "it is the baseline")
    found = paired_difference(baseline, baseline.by_case(score), answers.by_case(score))
    if found is None:
        return unproven(criterion, "fewer than two cases were graded on both sides")
    judged = judge(criterion, found.value, found.interval, f"paired, 95 % interval ({found.how})")
    return _spread(judged, len(answers.outcomes))


def _of_times(criterion: Criterion, answers: Answers, what: str, part: float) -> Judged:
    times = [
        o.latency_ms if what == "latency" else o.ttft_ms
        for o in answers.outcomes
        if o.error_class is None
    ]
    values = [ms for ms in times if ms is not None]
    if not values:
        return unproven(criterion, "no times were recorded")
    return _of_quantile(criterion, values, part)


def _of_speed(criterion: Criterion, answers: Answers) -> Judged:
    speeds, how = speeds_of(answers.outcomes)
    if not speeds:
        return unproven(criterion, "no answer has both its time and its tokens")
    judged = _of_quantile(criterion, speeds, 0.5)
    return replace(judged, why=f"{judged.why} ({how})")


def _of_quantile(criterion: Criterion, values: Sequence[float], part: float) -> Judged:
    found = quantile(values, part)
    if (found.low if criterion.is_floor else found.high) is None:
        side, tail = ("lower", 1 - part) if criterion.is_floor else ("upper", part)
        needed = ceil(log(_TAIL) / log(tail))
        why = (
            f"{len(values)} answers give this quantile no {side} bound: it takes at least {needed}"
        )
        return unproven(criterion, why, max(1, needed - len(values)))
    bounds = Interval(
        0.0 if found.low is None else found.low,
        max(values) if found.high is None else found.high,
    )
    judged = judge(criterion, found.value, bounds, "95 % order-statistic interval")
    return _spread(judged, len(values))


def _spread(judged: Judged, n: int) -> Judged:
    """An open verdict with the answers that would narrow its interval down to the threshold."""
    if judged.verdict != "not yet proven" or judged.value is None or judged.interval is None:
        return judged
    distance = judged.criterion.threshold - judged.value
    if distance == 0:
        return _open(judged, None, n)
    side = judged.interval.high if distance > 0 else judged.interval.low
    return _open(judged, ceil(n * ((side - judged.value) / distance) ** 2) + 1, n)


def _open(judged: Judged, total: int | None, n: int) -> Judged:
    """`total` answers would decide, of which there are `n`; None = no number would."""
    words = (
        "no number of cases would do" if total is None else f"about {total:,} answers would decide"
    )
    return replace(
        judged,
        why=f"the interval holds {judged.criterion.threshold:g}: {words}",
        more=None if total is None else max(1, total - n),
    )


def _exact(how: str) -> str:
    """The words of the exact interval that belongs to a Wilson one."""
    return how.replace("Wilson", "Clopper-Pearson")
