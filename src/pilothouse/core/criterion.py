"""Success criteria such as `accuracy: ">= 0.80"`, and what evidence says of them.

A criterion is met only when the whole interval stands on its right side, and not met only when the
whole interval stands on its wrong side. In between it is not yet proven.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.stats.proportion import Interval

SHARES = ("accuracy", "accuracy_loss", "failure_rate", "ungraded_rate")
TIMES = (
    *("latency_p50_ms", "latency_p95_ms", "latency_p99_ms"),
    *("ttft_p50_ms", "ttft_p95_ms"),
)
METRICS = (*SHARES, *TIMES, "cost_per_request", "tokens_per_second_p50")
"""Shares are 0-1, money is USD, times are milliseconds. `accuracy_loss`: how much worse than the baseline."""

Verdict = Literal["met", "not met", "not yet proven"]
_FORM = re.compile(
    r"^\s*(>=|<=|>|<)\s*(\$?)\s*([0-9]*\.?[0-9]+)\s*(%|ms|s|USD|usd|points|tokens/s)?\s*$"
)
_SCALE = {"%": 0.01, "points": 0.01, "s": 1000.0}


class Criterion(Struct, frozen=True, kw_only=True):
    """`metric` must be at least (`is_floor`) or at most `threshold`."""

    metric: str
    """One of `METRICS`, or a scorer's name."""
    is_floor: bool
    threshold: float
    text: str
    """As written."""
    tag: str | None = None
    """Only over cases with this tag."""

    @property
    def name(self) -> str:
        """As a file has it: `accuracy@edge`."""
        return self.metric if self.tag is None else f"{self.metric}@{self.tag}"

    @property
    def is_share(self) -> bool:
        """Whether its values are 0-1."""
        return self.metric in SHARES or self.metric not in METRICS


class Judged(Struct, frozen=True, kw_only=True):
    """One criterion against its evidence."""

    criterion: Criterion
    verdict: Verdict
    why: str
    value: float | None = None
    interval: Interval | None = None
    more: int | None = None
    """About so many further cases would settle it, if things stay as they are; None = settled, or no number does."""


def parse_criterion(metric: str, text: str, scorers: Sequence[str] = ()) -> Criterion:
    """`scorers`: names that may stand for a metric, too. Raises `InvalidInput` (without a place)."""
    name, _, tag = metric.partition("@")
    known = (*METRICS, *(s for s in scorers if s not in METRICS))
    if name not in known:
        hint = did_you_mean(name, known)
        raise InvalidInput(f'unknown metric "{name}".{hint} Known: {", ".join(known)}')
    if tag and name in ("cost_per_request", "tokens_per_second_p50", *TIMES):
        raise InvalidInput(f'"{metric}": only shares can be asked of the cases with one tag')
    found = _FORM.match(text)
    if not found:
        raise InvalidInput(f'"{text}" is not a criterion: write for example ">= 0.80" or "<= 0.02"')
    unit = "USD" if found[2] else found[4]
    allowed = _units(name)
    if unit is not None and unit not in allowed:
        said = f"it is in {' or '.join(allowed)}" if allowed else "it has no unit"
        raise InvalidInput(f'"{text}": {name} has another unit: {said}')
    threshold = float(found[3]) * _SCALE.get(unit or "", 1.0)
    is_floor = found[1][0] == ">"
    criterion = Criterion(
        metric=name, is_floor=is_floor, threshold=threshold, text=text, tag=tag or None
    )
    if criterion.is_share and threshold > 1:
        raise InvalidInput(f'"{text}": a share is between 0 and 1 (or write it with a % sign)')
    if name == "accuracy_loss" and is_floor:
        raise InvalidInput(f'"{text}": a loss is bounded from above: write for example "<= 0.02"')
    return criterion


def judge(
    criterion: Criterion, value: float, interval: Interval, what: str, more: int | None = None
) -> Judged:
    """`what` describes the evidence in words, for the reason; `more` is told only where it is open."""
    low, high, limit = interval.low, interval.high, criterion.threshold
    is_right = low >= limit if criterion.is_floor else high <= limit
    is_wrong = high < limit if criterion.is_floor else low > limit
    verdict: Verdict = "met" if is_right else "not met" if is_wrong else "not yet proven"
    is_open = verdict == "not yet proven"
    return Judged(
        criterion=criterion,
        verdict=verdict,
        why=what,
        value=value,
        interval=interval,
        more=more if is_open else None,
    )


def unproven(criterion: Criterion, why: str, more: int | None = None) -> Judged:
    """A criterion on something that nobody recorded, or that so few answers cannot bound."""
    return Judged(criterion=criterion, verdict="not yet proven", why=why, more=more)


def _units(metric: str) -> tuple[str, ...]:
    if metric in TIMES:
        return ("ms", "s")
    if metric == "cost_per_request":
        return ("USD", "usd")
    if metric == "tokens_per_second_p50":
        return ("tokens/s",)
    return ("%", "points")
