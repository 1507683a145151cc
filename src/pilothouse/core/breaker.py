"""A circuit breaker as a value: closed, open for a growing time, half open for a few probes. Pure.

Sources: the pattern is M. Nygard's "Release It!"; consecutive errors, growing ejection times and a minimum of
exposure are as in Envoy's outlier detection. Times are monotonic seconds, given in.
"""

from __future__ import annotations

from math import exp
from typing import Literal

from msgspec import Struct

Phase = Literal["closed", "open", "half_open"]


class BreakerRules(Struct, frozen=True, kw_only=True):
    """When a target is left alone, and for how long."""

    consecutive: int = 5
    """Failures in a row that open it."""
    ratio: float = 0.5
    """Or this part of the attempts of about the last `window_s`, ..."""
    min_exposure: float = 20.0
    """... once there were so many."""
    window_s: float = 30.0
    """Time constant of the exponential forgetting."""
    open_s: float = 5.0
    """The first time; each further one in a row doubles it, ..."""
    open_cap_s: float = 120.0
    """... up to this. Being closed for so long starts over at `open_s`."""
    probes: int = 2
    """Attempts let through while half open; so many successes close it."""


class Breaker(Struct, frozen=True):
    """Its whole memory."""

    failures_in_row: int = 0
    bad: float = 0.0
    """Failures of about the last window, forgotten exponentially."""
    seen: float = 0.0
    at_s: float = 0.0
    """When `bad` and `seen` were brought up to date."""
    opened: int = 0
    """Times opened in a row; 0 = has been well for long."""
    until_s: float | None = None
    """Open until then, half open after it; None = closed."""
    closed_at_s: float = 0.0
    probes_out: int = 0
    probe_at_s: float = 0.0
    probes_good: int = 0


CLOSED = Breaker()


def phase(breaker: Breaker, now_s: float) -> Phase:
    """Open turns into half open by time alone."""
    if breaker.until_s is None:
        return "closed"
    return "open" if now_s < breaker.until_s else "half_open"


def lets_through(breaker: Breaker, now_s: float, rules: BreakerRules) -> bool:
    """Whether an attempt may start now. A probe that never came back is given up after `open_cap_s`."""
    until_s = breaker.until_s
    if until_s is None:
        return True
    if now_s < until_s:
        return False
    is_lost = now_s - breaker.probe_at_s > rules.open_cap_s
    return breaker.probes_out < rules.probes or is_lost


def after_start(breaker: Breaker, now_s: float, rules: BreakerRules) -> tuple[Breaker, bool]:
    """With an attempt started; whether it is a probe, to be told when it ends."""
    if phase(breaker, now_s) != "half_open":
        return breaker, False
    out = 0 if now_s - breaker.probe_at_s > rules.open_cap_s else breaker.probes_out
    return _but(breaker, probes_out=out + 1, probe_at_s=now_s), True


def after_success(
    breaker: Breaker, now_s: float, rules: BreakerRules, *, is_probe: bool
) -> Breaker:
    """Attempts that started before it opened prove nothing about now, so only probes close it."""
    if breaker.until_s is None:
        fade = exp((breaker.at_s - now_s) / rules.window_s)
        return Breaker(
            0, breaker.bad * fade, breaker.seen * fade + 1.0, now_s, breaker.opened, None,
            breaker.closed_at_s,
        )  # fmt: skip
    if not is_probe:
        return breaker
    good, out = breaker.probes_good + 1, max(0, breaker.probes_out - 1)
    if good < rules.probes:
        return _but(breaker, probes_good=good, probes_out=out)
    return Breaker(at_s=now_s, opened=breaker.opened, closed_at_s=now_s)


def after_failure(
    breaker: Breaker, now_s: float, rules: BreakerRules, *, is_probe: bool
) -> Breaker:
    """One failed probe opens it again, for longer."""
    if breaker.until_s is not None:
        return _opened(breaker, now_s, rules) if is_probe else breaker
    fade = exp((breaker.at_s - now_s) / rules.window_s)
    row, bad, seen = breaker.failures_in_row + 1, breaker.bad * fade + 1, breaker.seen * fade + 1
    if row >= rules.consecutive or (seen >= rules.min_exposure and bad >= rules.ratio * seen):
        return _opened(breaker, now_s, rules)
    return Breaker(row, bad, seen, now_s, breaker.opened, None, breaker.closed_at_s)


def after_nothing(breaker: Breaker, *, is_probe: bool) -> Breaker:
    """An attempt that says nothing about the target (the caller went away) gives its place back."""
    if not is_probe or breaker.until_s is None:
        return breaker
    return _but(breaker, probes_out=max(0, breaker.probes_out - 1))


def _opened(breaker: Breaker, now_s: float, rules: BreakerRules) -> Breaker:
    was_well = breaker.until_s is None and now_s - breaker.closed_at_s > rules.open_cap_s
    opened = 1 if was_well else breaker.opened + 1
    # The exponent is bounded: 2.0 ** 2000 is an error, and so many doublings are past any cap.
    open_s = min(rules.open_cap_s, rules.open_s * 2.0 ** min(opened - 1, 60))
    return Breaker(at_s=now_s, opened=opened, until_s=now_s + open_s)


def _but(
    breaker: Breaker,
    *,
    probes_out: int | None = None,
    probe_at_s: float | None = None,
    probes_good: int | None = None,
) -> Breaker:
    return Breaker(
        breaker.failures_in_row,
        breaker.bad,
        breaker.seen,
        breaker.at_s,
        breaker.opened,
        breaker.until_s,
        breaker.closed_at_s,
        breaker.probes_out if probes_out is None else probes_out,
        breaker.probe_at_s if probe_at_s is None else probe_at_s,
        breaker.probes_good if probes_good is None else probes_good,
    )
