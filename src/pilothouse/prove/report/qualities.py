"""Strengths and weaknesses in words, each found in the data and each with its figure.

Named are only differences that stand beyond chance: accuracy after Holm's correction, tags after
Benjamini-Hochberg, cost and speed where the two intervals do not meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.core.stats.proportion import Interval
from pilothouse.core.stats.quantile import Quantile
from pilothouse.prove.report.comparisons import Comparison
from pilothouse.prove.report.figures import CandidateFigures
from pilothouse.prove.report.tags import TagEffect

MOST_TAGS_NAMED = 5


class Qualitative(Struct, frozen=True, kw_only=True):
    """The guide's field of this name."""

    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]


def qualities(
    candidate: CandidateFigures,
    others: Sequence[CandidateFigures],
    comparisons: Sequence[Comparison],
    effects: Sequence[TagEffect],
) -> Qualitative:
    """Of `candidate` among `others`."""
    good: list[str] = []
    bad: list[str] = []
    for c in comparisons:
        if candidate.name in (c.a, c.b) and c.is_real:
            sign = 1 if c.a == candidate.name else -1
            low, high = sorted((sign * c.interval.low, sign * c.interval.high))
            other = c.b if sign == 1 else c.a
            better = sign * c.difference > 0
            (good if better else bad).append(
                f"{'more' if better else 'less'} accurate than {other}: "
                f"{_points(sign * c.difference)} points ({_points(low)} to {_points(high)})"
            )
    for other in others:
        for is_better, words in (*_money(candidate, other), *_speed(candidate, other)):
            (good if is_better else bad).append(words)
        for is_better, words in _failures(candidate, other):
            (good if is_better else bad).append(words)
    for is_better in (True, False):
        (good if is_better else bad).extend(_tags(candidate.name, effects, is_better))
    return Qualitative(strengths=tuple(good), weaknesses=tuple(bad))


def _tags(name: str, effects: Sequence[TagEffect], is_better: bool) -> list[str]:
    mine = [
        e
        for e in effects
        if e.candidate == name and e.stands_out and (e.difference > 0) == is_better
    ]
    mine.sort(key=lambda e: (-abs(e.difference), e.tag))
    word = "wins" if is_better else "loses"
    return [
        f"{word} on {e.tag}: {_points(e.difference)} points against the others "
        f"({_points(e.interval.low)} to {_points(e.interval.high)}, {e.cases} cases)"
        for e in mine[:MOST_TAGS_NAMED]
    ]


def _money(ours: CandidateFigures, theirs: CandidateFigures) -> list[tuple[bool, str]]:
    mine, other = ours.costs, theirs.costs
    if not (mine.is_complete and other.is_complete) or mine.interval is None:
        return []
    if other.interval is None or _meet(mine.interval, other.interval):
        return []
    a, b = float(mine.per_request_usd or 0), float(other.per_request_usd or 0)
    is_better = a < b
    low, high = sorted((a, b))
    times = f", {high / low:.1f} times" if low > 0 else ""
    word = "cheaper" if is_better else "more expensive"
    return [(is_better, f"{word} than {theirs.name}: {a:.6f} against {b:.6f} USD a request{times}")]


def _speed(ours: CandidateFigures, theirs: CandidateFigures) -> list[tuple[bool, str]]:
    found: dict[bool, list[str]] = {True: [], False: []}
    for name, mine, other in (
        ("p50", ours.latency.p50_ms, theirs.latency.p50_ms),
        ("p95", ours.latency.p95_ms, theirs.latency.p95_ms),
    ):
        a, b = _bounds(mine), _bounds(other)
        if mine is None or other is None or a is None or b is None or _meet(a, b):
            continue
        words = f"{name} {mine.value:.0f} against {other.value:.0f} ms"
        found[mine.value < other.value].append(words)
    return [
        (is_better, f"{'faster' if is_better else 'slower'} than {theirs.name}: {', '.join(words)}")
        for is_better, words in found.items()
        if words
    ]


def _failures(ours: CandidateFigures, theirs: CandidateFigures) -> list[tuple[bool, str]]:
    mine, other = ours.failures.rate, theirs.failures.rate
    if _meet(mine.interval, other.interval):
        return []
    is_better = mine.value < other.value
    word = "fails less often" if is_better else "fails more often"
    return [
        (
            is_better,
            f"{word} than {theirs.name}: {100 * mine.value:.2f} % against {100 * other.value:.2f} %",
        )
    ]


def _bounds(found: Quantile | None) -> Interval | None:
    if found is None or found.low is None or found.high is None:
        return None
    return Interval(found.low, found.high)


def _meet(a: Interval, b: Interval) -> bool:
    return a.low <= b.high and b.low <= a.high


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
