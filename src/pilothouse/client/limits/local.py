"""Limits and budgets counted in this process: no I/O on the way, about ten microseconds for both ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from pilothouse.client.limits.messages import (
    budget_refusal,
    concurrency_refusal,
    duplicate_refusal,
    unreachable_refusal,
    window_refusal,
)
from pilothouse.client.limits.port import Admission, Ask
from pilothouse.client.limits.purse import FLUSH_S, Purse, Purses
from pilothouse.client.limits.window import Window, specs_of
from pilothouse.core.limits import FOREVER_US, Refused, Room, Rooms, Scope
from pilothouse.core.pico import pico_usd
from pilothouse.core.ports import NowUs

NowNs = Callable[[], int]
"""A clock that does not go back, in nanoseconds."""

_IDLE_US = 5_000_000
_SWEPT_AT_ONCE = 500
_NO_LIMIT = 2**62

Amounts = tuple[int, int, int, int]
"""1, input tokens, output tokens, both: indexed by `Window.unit`."""
State = Literal["open", "expired", "done"]


class Meter:
    """What one scope uses now."""

    __slots__ = ("concurrency", "ends_us", "purses", "running", "scope", "windows")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.windows: tuple[Window, ...] = ()
        self.purses: tuple[Purse, ...] = ()
        self.concurrency = _NO_LIMIT
        self.running = 0
        self.ends_us = 0
        """When the first purse's period is over."""

    def refusal(self, amounts: Amounts, now: int) -> Refused | None:
        """The first window or place that has no room; rolls the windows to `now`."""
        for window in self.windows:
            if now >= window.ends_us:
                window.roll(now)
            if window.total + amounts[window.unit] > window.limit:
                refused = _over(self.scope, window, amounts, now)
                if refused is not None:
                    return refused
        if self.running >= self.concurrency:
            return concurrency_refusal(self.scope, self.concurrency)
        return None

    def take(self, amounts: Amounts) -> None:
        """Count it; `refusal` has just said None."""
        self.running += 1
        for window in self.windows:
            amount = amounts[window.unit]
            window.ring[window.index] += amount
            window.total += amount


class LocalAdmission:
    """What was set aside, and where."""

    __slots__ = (
        "amounts",
        "at_us",
        "deadline_us",
        "hold_id",
        "meters",
        "pico_usd",
        "purses",
        "state",
    )

    def __init__(
        self,
        ask: Ask,
        amounts: Amounts,
        at_us: int,
        meters: list[Meter],
        purses: list[Purse],
    ) -> None:
        self.hold_id = ask.hold_id
        self.pico_usd = ask.pico_usd
        self.amounts = amounts
        self.at_us = at_us
        self.deadline_us = at_us + int(ask.hold_s * 1e6)
        self.meters = meters
        self.purses = purses
        self.state: State = "open"


class LocalLimiter:
    """Implements `Limiter`. Give all gateways of one event loop the same one."""

    def __init__(self, purses: Purses, now_us: NowUs, now_ns: NowNs) -> None:
        self._purses = purses
        self._now_us = now_us
        self._now_ns = now_ns
        self._meters: dict[str, Meter] = {}
        self._live: dict[str, LocalAdmission] = {}
        self._to_sweep: list[Meter] = []

    def admit(self, ask: Ask) -> LocalAdmission | Refused | None:
        """Room in every scope, or the first refusal; None when more of a budget must be drawn first."""
        hold_id = ask.hold_id
        if hold_id in self._live:
            return duplicate_refusal(hold_id)
        now = self._now_ns() // 1000
        wall = self._now_us()
        if wall >= self._purses.lease_until_us:
            self._purses.notice_lapse(wall)
        pico = ask.pico_usd
        amounts = (
            1,
            ask.input_tokens,
            ask.output_tokens,
            ask.input_tokens + ask.output_tokens,
        )
        meters: list[Meter] = []
        purses: list[Purse] = []
        known = self._meters
        for scope in ask.scopes:
            meter = known.get(scope.id)
            if meter is None or meter.scope is not scope or wall >= meter.ends_us:
                meter = self._adopted(scope, meter, wall)
            refused = meter.refusal(amounts, now)
            if refused is not None:
                return refused
            for purse in meter.purses:
                if purse.free < pico:
                    return self._short(scope, purse, pico, wall)
                purses.append(purse)
            meters.append(meter)
        # Everything has room: only now is anything taken.
        for meter in meters:
            meter.take(amounts)
        for purse in purses:
            purse.free -= pico
            purse.held += pico
            purse.used_at_us = wall
        admission = LocalAdmission(ask, amounts, now, meters, purses)
        self._live[hold_id] = admission
        return admission

    async def admit_waiting(self, ask: Ask) -> LocalAdmission | Refused:
        """As `admit`, drawing from the store what the budgets lack here."""
        while True:
            verdict = self.admit(ask)
            if verdict is not None:
                return verdict
            for scope in ask.scopes:
                for purse in self._adopted(
                    scope, self._meters.get(scope.id), self._now_us()
                ).purses:
                    if purse.free < ask.pico_usd:
                        await self._purses.draw(purse, ask.pico_usd)

    def settle(
        self, admission: Admission, *, input_tokens: int, output_tokens: int, pico_usd: int
    ) -> None:
        """Replace the estimates by what was used. A second time does nothing."""
        assert isinstance(admission, LocalAdmission)
        if admission.state == "done":
            return
        held = 0
        if admission.state == "open":
            self._close(admission, input_tokens, output_tokens)
            held = admission.pico_usd
        admission.state = "done"
        spent = pico_usd if pico_usd > 0 else 0
        for purse in admission.purses:
            purse.settle(held, spent)
            if not purse.is_dirty:
                self._purses.touch(purse)

    def release(self, admission: Admission) -> None:
        """Nothing was used; the request still counts."""
        self.settle(admission, input_tokens=0, output_tokens=0, pico_usd=0)

    def rooms(self, admission: Admission) -> Rooms:
        """The tightest limits of the scopes asked for, as they are now."""
        assert isinstance(admission, LocalAdmission)
        now = self._now_ns() // 1000
        requests: Window | None = None
        tokens: Window | None = None
        for meter in admission.meters:
            for window in meter.windows:
                if now >= window.ends_us:
                    window.roll(now)
                if window.unit:
                    if tokens is None or _is_tighter(window, tokens):
                        tokens = window
                elif requests is None or _is_tighter(window, requests):
                    requests = window
        return Rooms(_room(requests, now), _room(tokens, now))

    async def run(self) -> None:
        """Book, renew, release what is past its deadline, forget what is idle; until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.tend()

    async def tend(self) -> None:
        """One round of `run`."""
        self.expire()
        self.sweep()
        await self._purses.flush()

    def expire(self) -> None:
        """Release the holds whose deadline has passed: whoever held them is taken for dead."""
        now = self._now_ns() // 1000
        for admission in [a for a in self._live.values() if now >= a.deadline_us]:
            self._close(admission, 0, 0)
            admission.state = "expired"
            for purse in admission.purses:
                purse.settle(admission.pico_usd, 0)

    def sweep(self) -> None:
        """Look at some meters: give back money that lies idle, forget those that say nothing."""
        if not self._to_sweep:
            self._to_sweep = list(self._meters.values())
        now, wall = self._now_ns() // 1000, self._now_us()
        for meter in self._to_sweep[-_SWEPT_AT_ONCE:]:
            is_kept = meter.running > 0
            for purse in meter.purses:
                is_kept |= not self._purses.put_away(purse, wall, _IDLE_US)
            is_kept |= any(window.empty_us(now) for window in meter.windows)
            if not is_kept:
                self._meters.pop(meter.scope.id, None)
            elif meter.purses:
                meter.ends_us = min(meter.ends_us, 0)  # a purse may have been put away: look again
        del self._to_sweep[-_SWEPT_AT_ONCE:]

    async def close(self) -> None:
        """Book everything and give back what was drawn."""
        await self._purses.close()

    def _close(self, admission: LocalAdmission, input_tokens: int, output_tokens: int) -> None:
        """End the hold of places and tokens."""
        self._live.pop(admission.hold_id, None)
        now = self._now_ns() // 1000
        _, held_in, held_out, held_both = admission.amounts
        changes = (
            0,
            input_tokens - held_in,
            output_tokens - held_out,
            input_tokens + output_tokens - held_both,
        )
        at_us = admission.at_us
        for meter in admission.meters:
            meter.running -= 1
            for window in meter.windows:
                change = changes[window.unit]
                if change:
                    window.correct(at_us, now, change)

    def _short(self, scope: Scope, purse: Purse, pico: int, wall: int) -> Refused | None:
        """The money here does not reach: None when the store may have more."""
        if self._purses.can_draw(purse, pico, wall):
            if self._purses.is_down(wall):
                return unreachable_refusal(scope, "the database does not answer")
            return None
        limit = purse.limit or 0
        return budget_refusal(scope, purse.account, limit, purse.free, pico, purse.ends_us, wall)

    def _adopted(self, scope: Scope, meter: Meter | None, wall: int) -> Meter:
        """The meter of a scope that is new, changed, or whose period has turned. Counts go on."""
        if meter is None:
            meter = self._meters[scope.id] = Meter(scope)
        elif meter.scope == scope and wall < meter.ends_us:
            meter.scope = scope
            return meter
        old = {window.spec.name: window for window in meter.windows}
        windows: list[Window] = []
        for spec, limit in specs_of(scope.limits):
            window = old.get(spec.name) or Window(spec, limit)
            window.limit = limit
            windows.append(window)
        meter.scope = scope
        meter.windows = tuple(windows)
        meter.concurrency = scope.limits.concurrency or _NO_LIMIT
        meter.purses = self._purses_of(scope, wall)
        meter.ends_us = min([purse.ends_us for purse in meter.purses], default=FOREVER_US)
        return meter

    def _purses_of(self, scope: Scope, wall: int) -> tuple[Purse, ...]:
        purses = [
            self._purses.purse(scope.id, budget.per, pico_usd(budget.usd), wall)
            for budget in scope.budgets
        ]
        if scope.is_booked_monthly:
            # What a key or a team spends is worth knowing without a budget too.
            purses.append(self._purses.purse(scope.id, "month", None, wall))
        return tuple(purses)


def _is_tighter(one: Window, other: Window) -> bool:
    """Whether a smaller part of it is left."""
    return (one.limit - one.total) * other.limit < (other.limit - other.total) * one.limit


def _room(window: Window | None, now: int) -> Room | None:
    if window is None:
        return None
    left = window.limit - window.total
    return Room(window.limit, left if left > 0 else 0, window.empty_us(now) / 1e6)


def _over(scope: Scope, window: Window, amounts: Amounts, now: int) -> Refused | None:
    """The refusal of a full window. An estimate above the whole limit passes when nothing else counts,
    as long as its certain part (the input) fits: most answers are shorter than they may be.
    """
    amount = amounts[window.unit]
    certain = amount if window.unit < 2 else amounts[1] if window.unit == 3 else 0
    if certain > window.limit:
        return window_refusal(scope, window.spec, window.limit, window.total, certain, None)
    if amount > window.limit and window.total <= 0:
        return None
    wait_us = window.wait_us(now, amount)
    return window_refusal(scope, window.spec, window.limit, window.total, amount, wait_us)
