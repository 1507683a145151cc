"""Success criteria such as `accuracy: ">= 0.80"`, and what evidence says of them.

A criterion is met only when the whole interval stands on its right side, and not met only when the
whole interval stands on its wrong side. In between it is not yet proven.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.stats.proportion import Interval

METRICS = (
    "accuracy",
    "cost_per_request",
    "failure_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "ttft_p95_ms",
)
"""Shares are 0-1, money is USD, times are milliseconds."""

Verdict = Literal["met", "not met", "not yet proven"]
_FORM = re.compile(r"^\s*(>=|<=|>|<)\s*([0-9]*\.?[0-9]+)\s*(%?)\s*$")


class Criterion(Struct, frozen=True, kw_only=True):
    """`metric` must be at least (`is_floor`) or at most `threshold`."""

    metric: str
    is_floor: bool
    threshold: float
    text: str
    """As written."""


class Judged(Struct, frozen=True, kw_only=True):
    """One criterion against its evidence."""

    criterion: Criterion
    verdict: Verdict
    why: str
    value: float | None = None
    interval: Interval | None = None


def parse_criterion(metric: str, text: str) -> Criterion:
    """Raises `InvalidInput` (without a place: the caller knows it)."""
    if metric not in METRICS:
        known = ", ".join(METRICS)
        raise InvalidInput(
            f'unknown metric "{metric}".{did_you_mean(metric, METRICS)} Known: {known}'
        )
    found = _FORM.match(text)
    if not found:
        raise InvalidInput(f'"{text}" is not a criterion: write for example ">= 0.80" or "<= 0.02"')
    threshold = float(found[2]) / (100 if found[3] else 1)
    if metric in ("accuracy", "failure_rate") and threshold > 1:
        raise InvalidInput(f'"{text}": a share is between 0 and 1 (or write it with a % sign)')
    return Criterion(metric=metric, is_floor=found[1][0] == ">", threshold=threshold, text=text)


def judge(criterion: Criterion, value: float, interval: Interval, what: str) -> Judged:
    """`what` describes the evidence in words, for the reason."""
    low, high, limit = interval.low, interval.high, criterion.threshold
    is_right = low >= limit if criterion.is_floor else high <= limit
    is_wrong = high < limit if criterion.is_floor else low > limit
    verdict: Verdict = "met" if is_right else "not met" if is_wrong else "not yet proven"
    return Judged(criterion=criterion, verdict=verdict, why=what, value=value, interval=interval)


def unproven(criterion: Criterion, why: str) -> Judged:
    """A criterion on something that nobody recorded."""
    return Judged(criterion=criterion, verdict="not yet proven", why=why)
