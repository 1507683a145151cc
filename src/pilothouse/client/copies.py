"""Requests asked again at another target behind the caller's back, in bounds of room, money and time.

Copies are never queued: where there is no room or no money, the copy is shed and counted. A copy leaves no
mark on live traffic: it has health of its own, and what it learns about a key stays with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct, structs

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client, Outcome
from pilothouse.client.copy_counts import CopyCounts
from pilothouse.client.daily_purse import DailyPurse, Reserved
from pilothouse.client.limits.estimate import input_estimate, upper_estimate
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call, Source
from pilothouse.core.errors import PilothouseError
from pilothouse.core.pico import usd
from pilothouse.core.ports import NowUs, PriceOf
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.core.route_settings import CopyLimits, Retries, Timeouts

log = logging.getLogger("pilothouse.copies")

Shed = Literal["closing", "full", "no_price", "budget"]
"""Why a copy is not made."""

_LATE_S = 1.0
"""The provider's own deadline goes first: its row says "timeout"."""
_ONCE = Retries(attempts_per_target=1)
_NOTHING = Decimal(0)
_COST_UNKNOWN = frozenset({"timeout", "cut", "cancelled"})
"""After these the vendor may ask for money although it said nothing of tokens."""


class Copy(Struct, frozen=True, kw_only=True):
    """One request to one more target. `asked` is whom it is recorded for."""

    ask: Ask
    route: str
    target: Target
    asked: Asked
    timeout_s: float
    reserved: Reserved


class Copies:
    """Owns the copies under way, all of one `source`, which is their arm too. `client` is one of its own
    (`Client.apart`).

    Every worker has a budget of its own, an equal part of the route's. `before`: whom this one replaces in the
    same process; both have one budget.
    """

    def __init__(
        self,
        source: Source,
        client: Client,
        price_of: PriceOf,
        now_us: NowUs,
        *,
        default_output_tokens: int = 4096,
        workers: int = 1,
        before: Copies | None = None,
    ) -> None:
        self.source: Source = source
        self.now_us = now_us
        self._client = client
        self._price_of = price_of
        self._default_output_tokens = default_output_tokens
        self._workers = workers
        self._purses: dict[str, DailyPurse] = {} if before is None else before._purses
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self.remembers = before is not None and before.remembers
        """Whether it knows what was spent today before the process began."""

    def spent_today_usd(self, route: str) -> Decimal:
        """On copies of the route, UTC."""
        return self._purse(route).spent(self.now_us())

    def remember(self, calls: Iterable[Call]) -> None:
        """Count what was spent on copies before, by all workers together, towards the budgets of those
        days: this worker's part of it."""
        self.remembers = True
        for call in calls:
            if call.source == self.source and call.cost_usd is not None:
                self._purse(call.route).spend(call.at_us, call.cost_usd / self._workers)

    def admit(
        self, counts: CopyCounts, ask: Ask, route: str, target: Target, limits: CopyLimits
    ) -> Reserved | Shed:
        """Room and money set aside for one copy, or why it is shed; counted either way.

        Takes microseconds. Whoever has it calls `asked` or `give_up`.
        """
        found = self._reserved(counts, ask, route, target, limits)
        if isinstance(found, str):
            setattr(counts, found, getattr(counts, found) + 1)
        else:
            counts.started += 1
            counts.in_flight += 1
        return found

    def give_up(self, counts: CopyCounts, route: str, reserved: Reserved) -> None:
        """A copy that was admitted is not wanted any more."""
        counts.in_flight -= 1
        self._purse(route).settle(reserved, _NOTHING)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it until it ends or `close` ends it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def asked(self, copy: Copy, counts: CopyCounts) -> Outcome | None:
        """What the target says, whole, asked once; None when it took too long or nobody foresaw what happened."""
        calls: list[Call] = []
        is_ok = False
        try:
            async with asyncio.timeout(copy.timeout_s + _LATE_S):
                outcome = await self._ask(copy, calls)
            is_ok = outcome.error is None
            return outcome
        except (TimeoutError, PilothouseError):
            return None  # the attempt's row says it
        except Exception:
            log.exception(
                'a copy (%s) to "%s" failed in a way nobody foresaw', self.source, copy.target.name
            )
            return None
        finally:
            counts.in_flight -= 1
            counts.answered += is_ok
            counts.failed += not is_ok
            self._purse(copy.route).settle(copy.reserved, _used(calls, copy.reserved.usd))

    async def close(self, drain_s: float | None) -> None:
        """Start no more, let those under way end until `drain_s` have passed (None = each until its own
        deadline), then cancel them. Cancelled, it cancels them at once."""
        self._is_closing = True
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=drain_s)
        finally:
            left = list(self._tasks)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _reserved(
        self, counts: CopyCounts, ask: Ask, route: str, target: Target, limits: CopyLimits
    ) -> Reserved | Shed:
        if self._is_closing:
            return "closing"
        if counts.in_flight >= limits.most_in_flight:
            return "full"
        now_us, purse = self.now_us(), self._purse(route)
        if limits.budget_usd_per_day is None:
            return purse.reserve(now_us, _NOTHING, None) or "budget"
        found = upper_estimate(
            self._price_of,
            target,
            now_us,
            input_tokens=input_estimate(ask.size),
            max_output_tokens=ask.envelope.max_output_tokens,
            default_output_tokens=self._default_output_tokens,
            candidates=ask.envelope.n,
        )
        if found.note is not None:
            return "no_price"
        limit = limits.budget_usd_per_day / self._workers
        return purse.reserve(now_us, usd(found.pico_usd), limit) or "budget"

    async def _ask(self, copy: Copy, calls: list[Call]) -> Outcome:
        request = structs.replace(copy.ask.request, stream=False)  # nobody listens to a stream
        route = Route(
            name=copy.route, targets=(copy.target,), arm=self.source, why=f"a copy ({self.source})"
        )
        spec = RouteSpec(
            name=copy.route,
            policy="fallback",
            targets=route.targets,
            retries=_ONCE,
            timeouts=Timeouts(total_s=copy.timeout_s),
        )
        ask = copy.ask.replaced(request) if copy.ask.envelope.stream else copy.ask
        asked = structs.replace(copy.asked, source=self.source)
        return await self._client.call(ask, route, asked=asked, spec=spec, calls=calls)

    def _purse(self, route: str) -> DailyPurse:
        return self._purses.setdefault(route, DailyPurse())


def _used(calls: list[Call], reserved_usd: Decimal) -> Decimal:
    """What a copy cost; where nobody can say, what was set aside for it."""
    if not calls:
        return _NOTHING
    last = calls[-1]
    if last.cost_usd is not None:
        return last.cost_usd
    is_unknown = last.status == "ok" or last.error_class in _COST_UNKNOWN
    return reserved_usd if is_unknown else _NOTHING
