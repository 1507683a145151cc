"""Is the current run worse than the baseline by more than is allowed? For CI and for every week.

Each guard has a margin. *Not worse*: the whole 95 % interval stays within it. *Regressed*: the whole
interval lies beyond it. In between it is *not yet proven*. Saying *regressed* when one of several guards
does so would raise false alarms, so that side uses 1 - 0.05 / guards (Bonferroni); *not worse* asks all of
them at once and needs no correction (an intersection-union test).

A ratio of two quantiles gets its interval from theirs by MOVER, on logarithms. Source: G. Y. Zou and A.
Donner, Statistics in Medicine 27 (2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, log, sqrt
from typing import Literal

from msgspec import Struct

from pilothouse.core.stats.difference import difference
from pilothouse.core.stats.proportion import Interval
from pilothouse.core.stats.quantile import Quantile, quantile
from pilothouse.prove.diff import CommonCases, RunDiff, common_cases, diff, matched
from pilothouse.prove.evidence import Evidence, Outcome
from pilothouse.prove.report.answers import Answers, score
from pilothouse.prove.report.costs import cost
from pilothouse.prove.report.failures import is_failed

RegressVerdict = Literal["not worse", "regressed", "not yet proven"]
EXIT_CODES: dict[RegressVerdict, int] = {"not worse": 0, "regressed": 1, "not yet proven": 3}


class Margins(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much worse is still fine; None = not guarded. Shares 0-1; ratios are current over baseline."""

    accuracy: float | None = 0.02
    failure_rate: float | None = 0.02
    cost_ratio: float | None = None
    latency_p50_ratio: float | None = None
    latency_p95_ratio: float | None = None


USUAL = Margins()


class Guarded(Struct, frozen=True, kw_only=True):
    """One guard of one candidate. `value`, `interval` and `limit` are in the guard's own unit."""

    candidate: str
    guard: str
    verdict: RegressVerdict
    limit: float
    value: float | None
    interval: Interval | None
    baseline: float | None
    current: float | None
    why: str


class Regression(Struct, frozen=True, kw_only=True):
    """The verdict with all it rests on."""

    verdict: RegressVerdict
    guards: tuple[Guarded, ...]
    changes: RunDiff
    failed_cases: tuple[tuple[str, str, str], ...]
    """(candidate, case id, error class) of the current run, the first failure of each case."""
    case_ids: tuple[str, ...]
    """All cases that both runs asked."""

    @property
    def exit_code(self) -> int:
        """0 not worse, 1 regressed, 3 not yet proven."""
        return EXIT_CODES[self.verdict]


def regress(
    baseline: Evidence,
    current: Evidence,
    margins: Margins = USUAL,
    names: Mapping[str, str] = {},
) -> Regression:
    """`names` as in `diff`. Raises `InvalidInput` when nothing can be compared."""
    changes = diff(baseline, current, names)
    pairs = matched(baseline, current, names)
    asked = sum(getattr(margins, name) is not None for name in margins.__struct_fields__)
    confidence = 1 - 0.05 / max(1, asked * len(pairs))
    guards = [g for old, new in pairs for g in _guards(old, new, margins, confidence)]
    ids = {case.id for case in baseline.cases}
    return Regression(
        verdict=_overall(guards),
        guards=tuple(guards),
        changes=changes,
        failed_cases=tuple(f for _, new in pairs for f in _failed(new)),
        case_ids=tuple(case.id for case in current.cases if case.id in ids),
    )


def _overall(guards: Sequence[Guarded]) -> RegressVerdict:
    verdicts = {g.verdict for g in guards}
    if "regressed" in verdicts:
        return "regressed"
    return "not yet proven" if "not yet proven" in verdicts or not verdicts else "not worse"


def _guards(old: Answers, new: Answers, margins: Margins, confidence: float) -> list[Guarded]:
    found: list[Guarded] = []
    if margins.accuracy is not None:
        common = common_cases(old, new, score)
        found.append(_of_means(new.name, "accuracy", common, -margins.accuracy, confidence))
    if margins.failure_rate is not None:
        common = common_cases(old, new, is_failed)
        found.append(_of_means(new.name, "failure_rate", common, margins.failure_rate, confidence))
    if margins.cost_ratio is not None:
        found.append(_of_cost(old, new, margins.cost_ratio, confidence))
    for part, limit in ((0.5, margins.latency_p50_ratio), (0.95, margins.latency_p95_ratio)):
        if limit is not None:
            found.append(_of_times(old, new, part, limit, confidence))
    return found


def _of_means(
    name: str, guard: str, common: CommonCases, limit: float, confidence: float
) -> Guarded:
    """Current less baseline, paired; `limit` is negative where more is better."""
    if len(common.facts) < 2:
        return _unproven(name, guard, limit, "fewer than two cases were graded in both runs")
    after, before = common.after, common.before
    usual = difference(after, before, common.clusters)
    strict = difference(after, before, common.clusters, confidence).interval
    sign = -1 if guard == "accuracy" else 1
    verdict = _verdict(_signed(usual.interval, sign), _signed(strict, sign), sign * limit)
    room = sign * limit - sign * usual.value
    return Guarded(
        candidate=name,
        guard=guard,
        verdict=verdict,
        limit=limit,
        value=usual.value,
        interval=usual.interval,
        baseline=sum(before) / len(before),
        current=sum(after) / len(after),
        why=usual.how if verdict != "not yet proven" else _more(usual.interval, room, usual.n),
    )


def _of_cost(old: Answers, new: Answers, limit: float, confidence: float) -> Guarded:
    """Current less `limit` times the baseline, paired: at most zero."""
    common = common_cases(old, new, cost)
    before, after = sum(common.before), sum(common.after)
    if len(common.facts) < 2 or before <= 0:
        why = "fewer than two cases have a price in both runs"
        return _unproven(new.name, "cost_ratio", limit, why)
    allowed = [limit * value for value in common.before]
    usual = difference(common.after, allowed, common.clusters).interval
    strict = difference(common.after, allowed, common.clusters, confidence).interval
    mean = before / len(common.facts)
    return Guarded(
        candidate=new.name,
        guard="cost_ratio",
        verdict=_verdict(usual, strict, 0.0),
        limit=limit,
        value=after / before,
        interval=Interval(limit + usual.low / mean, limit + usual.high / mean),
        baseline=mean,
        current=after / len(common.facts),
        why="USD a request, paired by case, against the baseline's own mean",
    )


def _of_times(old: Answers, new: Answers, part: float, limit: float, confidence: float) -> Guarded:
    guard = f"latency_p{100 * part:.0f}_ratio"
    before, after = _times(old), _times(new)
    if not before or not after:
        return _unproven(new.name, guard, limit, "no times were recorded in one of the runs")
    b, a = quantile(before, part), quantile(after, part)
    usual = _ratio(a, b)
    strict = _ratio(quantile(after, part, confidence), quantile(before, part, confidence))
    return Guarded(
        candidate=new.name,
        guard=guard,
        verdict=_verdict(usual, strict, limit),
        limit=limit,
        value=a.value / b.value if b.value > 0 else None,
        interval=usual if usual.high < inf else None,
        baseline=b.value,
        current=a.value,
        why="milliseconds; ratio of the two quantiles (MOVER on order-statistic intervals)"
        if usual.high < inf
        else f"{min(len(before), len(after))} answers give this quantile no upper bound",
    )


def _ratio(a: Quantile, b: Quantile) -> Interval:
    """Of a over b; without finite bounds it reaches from 0 to infinity."""
    if None in (a.low, a.high, b.low, b.high) or min(a.low or 0, b.low or 0) <= 0:
        return Interval(0.0, inf)
    at = log(a.value) - log(b.value)
    below = sqrt(log(a.value / (a.low or 1)) ** 2 + log((b.high or 1) / b.value) ** 2)
    above = sqrt(log((a.high or 1) / a.value) ** 2 + log(b.value / (b.low or 1)) ** 2)
    return Interval(exp(at - below), exp(at + above))


def _verdict(usual: Interval, strict: Interval, limit: float) -> RegressVerdict:
    """Of something that must be at most `limit`."""
    if strict.low > limit:
        return "regressed"
    return "not worse" if usual.high <= limit else "not yet proven"


def _signed(interval: Interval, sign: int) -> Interval:
    low, high = sorted((sign * interval.low, sign * interval.high))
    return Interval(low, high)


def _more(interval: Interval, room: float, n: int) -> str:
    """How many cases would decide, if the difference stays."""
    half = (interval.high - interval.low) / 2
    if room == 0:
        return "the difference stands on the margin: no number of cases would do"
    needed = max(n + 1, round(n * (half / room) ** 2) + 1)
    return f"the interval holds the margin: about {needed:,} cases would decide"


def _unproven(name: str, guard: str, limit: float, why: str) -> Guarded:
    return Guarded(
        candidate=name,
        guard=guard,
        verdict="not yet proven",
        limit=limit,
        value=None,
        interval=None,
        baseline=None,
        current=None,
        why=why,
    )


def _times(answers: Answers) -> list[float]:
    return sorted(
        o.latency_ms for o in answers.outcomes if o.error_class is None and o.latency_ms is not None
    )


def _failed(answers: Answers) -> list[tuple[str, str, str]]:
    first: dict[int, Outcome] = {}
    for outcome in answers.outcomes:
        if outcome.error_class is not None:
            first.setdefault(outcome.case, outcome)
    return [
        (answers.name, answers.cases[case].id, outcome.error_class or "")
        for case, outcome in sorted(first.items())
    ]
