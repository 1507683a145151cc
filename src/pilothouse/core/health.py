"""How a target is doing: under way, how fast, failing, cooling down. The client owns one for each target.

The tracker holds what changes; what it means is decided by pure functions (here, `breaker.py`, `standing.py`).
Times are monotonic seconds, given in.
"""

from __future__ import annotations

from math import exp

from msgspec import Struct

from pilothouse.core.breaker import (
    CLOSED,
    Breaker,
    BreakerRules,
    after_failure,
    after_nothing,
    after_start,
    after_success,
    lets_through,
    phase,
)

FAILURES: frozenset[str] = frozenset({"provider_down", "timeout", "garbage", "cut"})
"""Error classes that are the target's fault. A 429 cools it down instead; a dead key is the key's."""
ALIVE: frozenset[str] = frozenset({"caller", "refused", "context_window"})
"""Error classes that only a living target gives."""


class HealthRules(Struct, frozen=True, kw_only=True):
    """For all targets alike."""

    breaker: BreakerRules = BreakerRules()
    latency_tau_s: float = 10.0
    """How fast a slow answer is forgotten. A slower one counts at once (peak EWMA)."""
    limited_s: float = 1.0
    """Cool-down after a 429 without `Retry-After`; doubles with each further one in a row."""
    cool_cap_s: float = 3600.0
    """No `Retry-After` is believed for longer."""
    panic_share: float = 0.3
    """When fewer than this part of a route's targets are closed, breakers are ignored."""


class Peak:
    """Peak EWMA of a duration: rises with a slow sample at once, falls back with time.

    Source: Twitter Finagle's `PeakEwma` load metric (idea).
    """

    __slots__ = ("_at_s", "seconds")

    def __init__(self) -> None:
        self.seconds: float | None = None
        """None = never measured."""
        self._at_s = 0.0

    def at(self, now_s: float, tau_s: float) -> float:
        """Now, faded: a target that is no longer asked is forgotten, and so tried again. 0 = unknown."""
        return 0.0 if self.seconds is None else self.seconds * exp((self._at_s - now_s) / tau_s)

    def add(self, now_s: float, sample_s: float, tau_s: float) -> None:
        """One more duration."""
        old_s = self.seconds
        if old_s is None or sample_s >= old_s:
            self.seconds = sample_s
        else:
            keep = exp((self._at_s - now_s) / tau_s)
            # Two answers in the same instant would not lower the peak at all without a floor.
            keep = min(keep, 0.9)
            self.seconds = old_s * keep + sample_s * (1.0 - keep)
        self._at_s = now_s


class TargetHealth:
    """One target, or one provider. Not thread-safe: it belongs to one event loop."""

    __slots__ = (
        "_limited_in_row",
        "_rules",
        "breaker",
        "cool_until_s",
        "errors",
        "in_flight",
        "latency",
        "successes",
        "ttft",
    )

    def __init__(self, rules: HealthRules | None = None) -> None:
        self._rules = rules or HealthRules()
        self.breaker: Breaker = CLOSED
        self.in_flight = 0
        self.latency = Peak()
        self.ttft = Peak()
        self.successes = 0
        self.errors: dict[str, int] = {}
        """By error class, since the start."""
        self.cool_until_s = 0.0
        self._limited_in_row = 0

    def start(self, now_s: float) -> bool:
        """An attempt starts. True when it is a probe: `end` must be told."""
        self.in_flight += 1
        if self.breaker.until_s is None:
            return False
        self.breaker, is_probe = after_start(self.breaker, now_s, self._rules.breaker)
        return is_probe

    def end_ok(
        self,
        now_s: float,
        latency_s: float | None,
        ttft_s: float | None = None,
        *,
        is_probe: bool = False,
    ) -> None:
        """It answered. Durations that our clock says nothing about (replays) are None."""
        self.in_flight -= 1
        self.successes += 1
        self._limited_in_row = 0
        tau_s = self._rules.latency_tau_s
        if latency_s is not None:
            self.latency.add(now_s, latency_s, tau_s)
        if ttft_s is not None:
            self.ttft.add(now_s, ttft_s, tau_s)
        self.breaker = after_success(self.breaker, now_s, self._rules.breaker, is_probe=is_probe)

    def end_error(
        self,
        now_s: float,
        kind: str,
        *,
        retry_after_s: float | None = None,
        has_other_key: bool = False,
        is_probe: bool = False,
    ) -> None:
        """It failed with an error class. With `has_other_key` a 429 is that key's affair alone."""
        self.in_flight -= 1
        self.errors[kind] = self.errors.get(kind, 0) + 1
        rules = self._rules.breaker
        if kind in FAILURES:
            self.breaker = after_failure(self.breaker, now_s, rules, is_probe=is_probe)
        elif kind in ALIVE:
            self.breaker = after_success(self.breaker, now_s, rules, is_probe=is_probe)
        else:
            self.breaker = after_nothing(self.breaker, is_probe=is_probe)
        is_limited = kind == "rate_limited" and not has_other_key
        if is_limited or (retry_after_s is not None and kind in FAILURES):
            self._cool(now_s, retry_after_s)

    def is_open(self, now_s: float) -> bool:
        """Whether its breaker lets nothing through now."""
        return not lets_through(self.breaker, now_s, self._rules.breaker)

    def ready_in_s(self, now_s: float) -> float:
        """Seconds until its cool-down and its breaker would let an attempt through; 0 = now."""
        until_s = self.breaker.until_s
        wait_s = max(0.0, self.cool_until_s - now_s)
        return wait_s if until_s is None else max(wait_s, until_s - now_s)

    def cost_s(self, now_s: float, *, stream: bool) -> float:
        """Expected seconds with what is under way counted in; unknown costs nothing but its queue.

        Streams are compared by their first token: the rest depends on how much is said.
        """
        tau_s = self._rules.latency_tau_s
        seconds = self.ttft.at(now_s, tau_s) if stream else 0.0
        seconds = seconds or self.latency.at(now_s, tau_s)
        return seconds * (self.in_flight + 1) if seconds else float(self.in_flight)

    def describe(self, now_s: float) -> str:
        """For people: `closed`, `open for 3.2 s`, `cooling down for 10.0 s`, `half open`."""
        now = phase(self.breaker, now_s)
        if now_s < self.cool_until_s:
            return f"cooling down for {self.cool_until_s - now_s:.1f} s"
        if now == "open":
            return f"open for {self.ready_in_s(now_s):.1f} s"
        return "half open" if now == "half_open" else "closed"

    def _cool(self, now_s: float, retry_after_s: float | None) -> None:
        rules = self._rules
        self._limited_in_row += 1
        own_s = rules.limited_s * 2.0 ** min(self._limited_in_row - 1, 12)
        wait_s = own_s if retry_after_s is None else max(0.0, retry_after_s)
        # The longer deadline wins: a later, shorter one does not unsay an earlier one.
        self.cool_until_s = max(self.cool_until_s, now_s + min(wait_s, rules.cool_cap_s))
