"""A judge's pass rate corrected for its own errors, with an interval that holds them.

Only answers that the judge saw carry its error: a failed attempt is not right whoever judges. Where cases
share clusters or repeats, as many independent answers are counted as would know as much.
"""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.stats.judge_error import JudgeCounts, corrected_rate
from pilothouse.core.stats.mean_interval import mean_interval
from pilothouse.core.stats.proportion import Interval
from pilothouse.prove.report.answers import Answers, score
from pilothouse.prove.report.variance import RIGHT


class JudgedRate(Struct, frozen=True, kw_only=True):
    """The share of all questions that people would call right."""

    said: float
    """By the judge."""
    value: float
    interval: Interval
    sensitivity: float
    """Of what people pass, the part that the judge passes."""
    specificity: float
    """Of what people fail, the part that it fails."""
    labels: int
    """Human labels that the two rest on."""


def judged_rate(answers: Answers, scorer: int, judge: JudgeCounts) -> JudgedRate | None:
    """None when nothing was judged, or when the judge says no more than a coin."""
    judged = [
        (o.case, float(value >= RIGHT))
        for o in answers.outcomes
        if o.error_class is None and (value := score(o, scorer)) is not None
    ]
    if not judged:
        return None
    keys = answers.keys
    marks = [mark for _, mark in judged]
    around = mean_interval(marks, None if keys is None else [keys[case] for case, _ in judged])
    n = max(1, round(around.effective_n))
    try:
        found = corrected_rate(round(around.value * n), n, judge)
    except ValueError:
        return None
    failed = sum(o.error_class is not None for o in answers.outcomes)
    part = len(judged) / (len(judged) + failed)
    return JudgedRate(
        said=around.value * part,
        value=found.value * part,
        interval=Interval(found.interval.low * part, found.interval.high * part),
        sensitivity=judge.sensitivity,
        specificity=judge.specificity,
        labels=judge.passes + judge.fails,
    )
