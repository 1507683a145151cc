"""Shadow traffic: a copy of some requests goes to other targets, for comparison. Nobody waits for it.

Copies are never queued: where there is no room or no money, the copy is shed and counted. A copy leaves no
mark on live traffic: it has health of its own, and what it learns about a key stays with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct, structs

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.client.daily_purse import DailyPurse, Reserved
from pilothouse.client.limits.estimate import input_estimate, upper_estimate
from pilothouse.client.shadow_counts import ShadowCounts
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import PilothouseError
from pilothouse.core.pico import usd
from pilothouse.core.place import position
from pilothouse.core.ports import NowUs, PriceOf
from pilothouse.core.route import Route, RouteSpec, Shadow, Target
from pilothouse.core.route_settings import Retries, Timeouts

log = logging.getLogger("pilothouse.shadow")

_LATE_S = 1.0
"""The provider's own deadline goes first: its row says "timeout"."""
_ONCE = Retries(attempts_per_target=1)
_COST_UNKNOWN = frozenset({"timeout", "cut", "cancelled"})
"""After these the vendor may ask for money although it said nothing of tokens."""


class Shadows:
    """Owns the copies under way. `client` is one of its own (`Client.apart`).

    Every worker has a budget of its own, an equal part of the route's. `before`: whom this one replaces in the
    same process; both have one budget, one room and one count.
    """

    def __init__(
        self,
        client: Client,
        price_of: PriceOf,
        now_us: NowUs,
        *,
        default_output_tokens: int = 4096,
        workers: int = 1,
        before: Shadows | None = None,
    ) -> None:
        self._client = client
        self._price_of = price_of
        self._now_us = now_us
        self._default_output_tokens = default_output_tokens
        self._workers = workers
        self._counts: dict[str, ShadowCounts] = {} if before is None else before._counts
        self._purses: dict[str, DailyPurse] = {} if before is None else before._purses
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self.remembers = before is not None and before.remembers
        """Whether it knows what was spent today before the process began."""

    def counts(self) -> dict[str, ShadowCounts]:
        """By route; copies of the counters as they stand."""
        now_us = self._now_us()
        return {
            name: structs.replace(counts, spent_today_usd=self._purse(name).spent(now_us))
            for name, counts in self._counts.items()
        }

    def remember(self, calls: Iterable[Call]) -> None:
        """Count what was spent on shadows before, by all workers together, towards the budgets of those
        days: this worker's part of it."""
        self.remembers = True
        for call in calls:
            if call.source == "shadow" and call.cost_usd is not None:
                self._purse(call.route).spend(call.at_us, call.cost_usd / self._workers)

    def start(self, ask: Ask, route: Route, spec: RouteSpec, request_id: str) -> None:
        """Send copies of `ask` where `spec` says so, if this request is one of the sample.

        Takes microseconds, never raises and never waits.
        """
        shadow = spec.shadow
        if shadow is None:
            return
        counts = self._counts.setdefault(spec.name, ShadowCounts())
        counts.requests += 1
        if position("shadow", request_id) >= shadow.limits.share:
            counts.not_sampled += 1
            return
        for target in shadow.targets:
            reserved = self._admitted(counts, ask, spec.name, shadow, target)
            if reserved is None:
                continue
            counts.started += 1
            counts.in_flight += 1
            copy = _Copy(ask, spec.name, target, shadow.limits.timeout_s, request_id, reserved)
            task = asyncio.create_task(self._run(copy, counts))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

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

    def _admitted(
        self, counts: ShadowCounts, ask: Ask, route: str, shadow: Shadow, target: Target
    ) -> Reserved | None:
        """What is set aside for one copy; None when it is shed."""
        limits = shadow.limits
        if self._is_closing:
            counts.closing += 1
            return None
        if counts.in_flight >= limits.most_in_flight:
            counts.full += 1
            return None
        now_us = self._now_us()
        if limits.budget_usd_per_day is None:
            return self._purse(route).reserve(now_us, Decimal(0), None)
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
            counts.no_price += 1
            return None
        limit = limits.budget_usd_per_day / self._workers
        reserved = self._purse(route).reserve(now_us, usd(found.pico_usd), limit)
        if reserved is None:
            counts.budget += 1
        return reserved

    async def _run(self, copy: _Copy, counts: ShadowCounts) -> None:
        calls: list[Call] = []
        is_ok = False
        try:
            async with asyncio.timeout(copy.timeout_s + _LATE_S):
                is_ok = await self._ask(copy, calls)
        except (TimeoutError, PilothouseError):
            pass  # the attempt's row says it
        except Exception:
            log.exception('a shadow copy to "%s" failed in a way nobody foresaw', copy.target.name)
        finally:
            counts.in_flight -= 1
            counts.answered += is_ok
            counts.failed += not is_ok
            self._purse(copy.route).settle(copy.reserved, _used(calls, copy.reserved.usd))

    async def _ask(self, copy: _Copy, calls: list[Call]) -> bool:
        request = structs.replace(copy.ask.request, stream=False)  # nobody listens to a stream
        route = Route(name=copy.route, targets=(copy.target,), arm="shadow", why="a shadow copy")
        spec = RouteSpec(
            name=copy.route,
            policy="fallback",
            targets=route.targets,
            retries=_ONCE,
            timeouts=Timeouts(total_s=copy.timeout_s),
        )
        asked = Asked(source="shadow", request_id=copy.request_id)
        ask = copy.ask.replaced(request) if copy.ask.envelope.stream else copy.ask
        outcome = await self._client.call(ask, route, asked=asked, spec=spec, calls=calls)
        return outcome.error is None

    def _purse(self, route: str) -> DailyPurse:
        return self._purses.setdefault(route, DailyPurse())


class _Copy(Struct, frozen=True):
    """One request to one shadow target."""

    ask: Ask
    route: str
    target: Target
    timeout_s: float
    request_id: str
    reserved: Reserved


def _used(calls: list[Call], reserved_usd: Decimal) -> Decimal:
    """What a copy cost; where nobody can say, what was set aside for it."""
    if not calls:
        return Decimal(0)
    last = calls[-1]
    if last.cost_usd is not None:
        return last.cost_usd
    is_unknown = last.status == "ok" or last.error_class in _COST_UNKNOWN
    return reserved_usd if is_unknown else Decimal(0)
