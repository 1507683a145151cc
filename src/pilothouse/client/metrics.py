"""Counts every attempt as it is recorded: what `/metrics` shows. Bounded, whatever callers send.

A series is one (source, route, target) of the configuration. No key, user or text is in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from pilothouse.core.call import Call
from pilothouse.core.ports import Recorder

BOUNDS_MS = (
    *(5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0),
    *(2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0, 120_000.0),
)
"""Upper bounds of the histograms' buckets; one more bucket is above the last."""
MOST_SERIES = 2_000
_REST = "(others)"
_ZERO = Decimal(0)


class Histogram(Struct):
    """Counts by bucket, not cumulative, and the sum in milliseconds."""

    counts: list[int]
    sum_ms: float = 0.0

    def add(self, value_ms: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS_MS, value_ms)] += 1
        self.sum_ms += value_ms


class Series(Struct):
    """What one source did at one target of one route."""

    source: str
    route: str
    target: str
    latency: Histogram
    ttft: Histogram
    outcomes: dict[str, int]
    """Attempts by error class; `""` = answered."""
    requests: int = 0
    """First attempts."""
    retries: int = 0
    """All further ones."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = _ZERO
    unpriced: int = 0
    """Answers without a price: what `cost_usd` leaves out."""


class GuardDeeds(Struct, frozen=True):
    """How often one guard did one thing."""

    guard: str
    deed: str
    count: int


class CheckVerdicts(Struct, frozen=True):
    """How often a route's check said one thing of a target's answers."""

    route: str
    target: str
    verdict: str
    """taken, refused, or failed: it could not be checked, so it was refused."""
    count: int


class MeteredRecorder:
    """Implements `Recorder`: counts a call and hands it on. Belongs to one event loop."""

    def __init__(self, recorder: Recorder) -> None:
        self._record = recorder.record
        self._series: dict[tuple[str, str, str], Series] = {}
        self._guards: dict[tuple[str, str], int] = {}
        self._checks: dict[tuple[str, str, str], int] = {}

    @property
    def guards(self) -> list[GuardDeeds]:
        """What guards did since the start."""
        return [GuardDeeds(guard, deed, count) for (guard, deed), count in self._guards.items()]

    @property
    def checks(self) -> list[CheckVerdicts]:
        """What checks said since the start."""
        return [CheckVerdicts(*key, count) for key, count in self._checks.items()]

    def checked(self, route: str, target: str, verdict: str) -> None:
        """Count what a check said. Names are the configuration's; past the most they count together."""
        key = (route, target, verdict)
        if key not in self._checks and len(self._checks) >= MOST_SERIES:
            key = (_REST, _REST, verdict)
        self._checks[key] = self._checks.get(key, 0) + 1

    def guarded(self, guard: str, deed: str, count: int) -> None:
        """Count what a guard did. Names are the configuration's; past the most they count together."""
        key = (guard, deed)
        if key not in self._guards and len(self._guards) >= MOST_SERIES:
            key = (_REST, deed)
        self._guards[key] = self._guards.get(key, 0) + count

    @property
    def series(self) -> list[Series]:
        """As counted since the start."""
        return list(self._series.values())

    def record(self, call: Call) -> None:
        """Count and queue one row. Never blocks, never raises."""
        self._record(call)
        found = self._series.get((call.source, call.route, call.target))
        if found is None:
            found = self._new(call)
        outcomes = found.outcomes
        error_class = call.error_class or ("" if call.status == "ok" else "unknown")
        outcomes[error_class] = outcomes.get(error_class, 0) + 1
        if call.attempt == 1:
            found.requests += 1
        else:
            found.retries += 1
        if call.input_tokens is not None:
            found.input_tokens += call.input_tokens
            found.output_tokens += call.output_tokens or 0
        if call.cost_usd is not None:
            found.cost_usd += call.cost_usd
        elif not error_class:
            found.unpriced += 1
        if call.latency_ms is not None and not error_class:
            found.latency.add(call.latency_ms)
        if call.ttft_ms is not None:
            found.ttft.add(call.ttft_ms)

    def _new(self, call: Call) -> Series:
        """Reloads may bring ever new names: past the most, they count together."""
        key = (call.source, call.route, call.target)
        if len(self._series) >= MOST_SERIES:
            key = (call.source, _REST, _REST)
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = empty(*key)
        return found


def empty(source: str, route: str, target: str) -> Series:
    """Nothing counted yet."""
    slots = len(BOUNDS_MS) + 1
    return Series(source, route, target, Histogram([0] * slots), Histogram([0] * slots), {})


def summed_guards(parts: Iterable[GuardDeeds]) -> list[GuardDeeds]:
    """Several workers' together, in order of their names."""
    found: Counter[tuple[str, str]] = Counter()
    for part in parts:
        found[part.guard, part.deed] += part.count
    return [GuardDeeds(guard, deed, count) for (guard, deed), count in sorted(found.items())]


def summed_checks(parts: Iterable[CheckVerdicts]) -> list[CheckVerdicts]:
    """Several workers' together, in order of their names."""
    found: Counter[tuple[str, str, str]] = Counter()
    for part in parts:
        found[part.route, part.target, part.verdict] += part.count
    return [CheckVerdicts(*key, count) for key, count in sorted(found.items())]


def summed(parts: Iterable[Series]) -> list[Series]:
    """Several workers' counts together, in order of their names."""
    found: dict[tuple[str, str, str], Series] = {}
    for part in parts:
        key = (part.source, part.route, part.target)
        whole = found.get(key)
        if whole is None:
            whole = found[key] = empty(*key)
        for name in ("latency", "ttft"):
            into: Histogram = getattr(whole, name)
            more: Histogram = getattr(part, name)
            into.counts = [a + b for a, b in zip(into.counts, more.counts, strict=True)]
            into.sum_ms += more.sum_ms
        for error_class, count in part.outcomes.items():
            whole.outcomes[error_class] = whole.outcomes.get(error_class, 0) + count
        for name in (
            "requests",
            "retries",
            "input_tokens",
            "output_tokens",
            "cost_usd",
            "unpriced",
        ):
            setattr(whole, name, getattr(whole, name) + getattr(part, name))
    return [found[key] for key in sorted(found)]
