"""The one call path: attempts in the order a route gives, until one answers or none may follow.

What follows a failure is decided by `retry.next_step`; this does it. Each attempt is one recorded `Call`.
Streams commit at their first token: before it a failure goes on unseen, after it the failure is the
caller's to see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from math import ceil
from time import monotonic
from typing import TypeVar

from msgspec import Struct, structs

from pilothouse.client.admission import Admissions
from pilothouse.client.attempt import Asked, Attempt, Book
from pilothouse.client.continuation import ContinuedStream, Onward
from pilothouse.client.hedge import LOST, Ended, Endings, Try, hedged
from pilothouse.client.live import LiveStream
from pilothouse.client.retry import (
    Failure,
    GiveUp,
    NextTarget,
    Retry,
    RetryBudget,
    Step,
    next_step,
)
from pilothouse.client.trip import Trip, to_stream, to_vectors, to_whole
from pilothouse.client.unsupported import able
from pilothouse.client.way import NO_KEYS, Way, may_hedge
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.counting import CountAsk
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import ProviderError
from pilothouse.core.health import TargetHealth
from pilothouse.core.ports import Counter, NowUs, PriceOf, Provider, Recorder, Reply, Vectors
from pilothouse.core.request import Request
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.core.route_settings import Retries

T = TypeVar("T")
_BYTES_A_TOKEN = 4
SERVE = Asked()
PLAIN = RouteSpec(name="", policy="fallback", targets=(), retries=Retries(attempts_per_target=1))
"""How a route is served that nobody configured: each target once."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What a call came to. Exactly one of `reply` and `error` is None."""

    reply: Reply | None
    error: ProviderError | None
    calls: tuple[Call, ...]
    """One for each attempt, in order; the last one decided."""

    @property
    def answer(self) -> Answer | None:
        """The answer, when there is one."""
        return self.reply.answer if self.reply else None


class Client:
    """Asks providers. `random_bits` gives 80 bits for an id."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        price_of: PriceOf,
        recorder: Recorder,
        now_us: NowUs,
        random_bits: Callable[[], int],
    ) -> None:
        self.providers = providers
        self.health: dict[str, TargetHealth] = {}
        """By target name, as far as tried."""
        self._budgets: dict[str, RetryBudget] = {}
        self._book = Book(price_of, recorder, now_us, random_bits)
        self._admissions: Admissions | None = None

    def apart(self) -> Client:
        """Another one over the same providers, prices and record, with health and budgets of its own."""
        book = self._book
        other = Client(self.providers, book.price_of, book.recorder, book.now_us, book.random_bits)
        other._admissions = self._admissions
        return other

    def limit_targets(self, admissions: Admissions) -> None:
        """From now on each attempt keeps its target's own limits."""
        self._admissions = admissions if admissions.has_targets else None

    def new_id(self) -> str:
        """An id that sorts by time."""
        return self._book.new_id()

    def record(self, call: Call) -> None:
        """A row of something that was no attempt (a kept answer given again)."""
        self._book.recorder.record(call)

    async def call(
        self,
        ask: Ask | Request,
        route: Route,
        *,
        asked: Asked = SERVE,
        spec: RouteSpec = PLAIN,
        calls: list[Call] | None = None,
    ) -> Outcome:
        """A whole answer from the first target that gives one. `spec` says how the route is served;
        `calls` gets each attempt's row as it ends, whatever becomes of this call."""
        ask = Ask.of_request(ask) if isinstance(ask, Request) else ask
        calls = [] if calls is None else calls
        request_id = asked.request_id or self.new_id()
        trip = to_whole(ask, route, spec, asked, request_id, calls)
        try:
            reply, attempt = await self._first(trip)
        except ProviderError as error:
            return Outcome(reply=None, error=error, calls=tuple(calls))
        calls.append(attempt.answered(reply.answer))
        return Outcome(reply=reply, error=None, calls=tuple(calls))

    async def stream(
        self,
        ask: Ask | Request,
        route: Route,
        *,
        asked: Asked = SERVE,
        spec: RouteSpec = PLAIN,
        calls: list[Call] | None = None,
    ) -> LiveStream | ContinuedStream:
        """A stream from the first target that gives a token. Raises `ProviderError`. `calls` as above."""
        ask = Ask.of_request(ask) if isinstance(ask, Request) else ask
        told = [] if calls is None else calls
        request_id = asked.request_id or self.new_id()
        trip = to_stream(ask, route, spec, asked, request_id, told)
        live, _ = await self._first(trip)
        if not spec.continuation or ask.envelope.n > 1:
            return live
        onward = Onward(partial(_has_after, route), partial(self._continued, trip))
        created_s = self._book.now_us() // 1_000_000
        return ContinuedStream(live, ask, onward, created_s, spec.timeouts.total_s)

    async def embed(
        self,
        ask: EmbeddingAsk,
        route: Route,
        *,
        asked: Asked = SERVE,
        spec: RouteSpec = PLAIN,
        calls: list[Call] | None = None,
    ) -> Vectors:
        """Vectors from the first target that gives them. Raises `ProviderError`. `calls` as above."""
        told = [] if calls is None else calls
        request_id = asked.request_id or self.new_id()
        vectors, attempt = await self._first(to_vectors(ask, route, spec, asked, request_id, told))
        attempt.usage = vectors.usage
        told.append(attempt.answered())
        return vectors

    async def count(self, ask: CountAsk, target: Target, *, spec: RouteSpec = PLAIN) -> int | None:
        """Input tokens as the target's vendor counts them; None = it does not. Raises `ProviderError`.

        Asked once; no call, since nobody bills it.
        """
        provider = self.providers[target.provider]
        if not isinstance(provider, Counter):
            return None
        key = provider.keys.take(monotonic(), NO_KEYS)
        return await provider.count(target, ask, key, spec.timeouts)

    def price(
        self, target: Target, usage: Usage | None, at_us: int
    ) -> tuple[Decimal | None, str | None]:
        """Cost in USD, or why there is none."""
        return self._book.price(target, usage, at_us)

    def cost_now(self, target: Target, input_tokens: int, output_tokens: int) -> Decimal | None:
        """What a call would cost now: a `CostOf` for policies."""
        usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
        return self._book.price(target, usage, self._book.now_us())[0]

    async def _first(self, trip: Trip[T]) -> tuple[T, Attempt]:
        """What the first attempt that succeeds gives. Raises the `ProviderError` that decided."""
        route, spec = trip.route, trip.spec
        if spec.unsupported == "reject":
            route, spec = self._able(trip)
        way = Way(route, spec, len(trip.calls))
        while True:
            attempt = self._attempt(trip, way, way.target)
            if spec.hedge_after_s is not None and may_hedge(trip.ask, route, way):
                ended = await self._hedged(trip, way, attempt, spec.hedge_after_s)
                attempt = ended.attempt
                if ended.value is not None:
                    return ended.value, attempt
                assert ended.error is not None
                failed = ended.error
            else:
                try:
                    begun = self._begin(trip, attempt, way.tried_keys, is_more=way.is_retry)
                    return await begun, attempt
                except ProviderError as error:
                    failed = error
                except asyncio.CancelledError:
                    gone = ProviderError("cancelled", "the caller went away")
                    trip.calls.append(attempt.failed(gone))
                    raise
            await self._onward(failed, attempt, way, trip)

    async def _hedged(self, trip: Trip[T], way: Way, attempt: Attempt, after_s: float) -> Ended[T]:
        """The first attempt of a request, or the one beside it; `way` then stands where it ended."""
        first = Try(attempt, partial(self._run, trip, attempt, is_more=False))
        endings = Endings[T](partial(_dropped, trip), trip.spare)
        ended = await hedged(first, partial(self._second, trip, way), after_s, endings)
        if ended.value is None and ended.attempt is not attempt:
            way.go(NextTarget("the first one failed while the hedge was asked"), None)
        return ended

    async def _onward(
        self, failed: ProviderError, attempt: Attempt, way: Way, trip: Trip[T]
    ) -> None:
        """Write the failure down and take the next step. Raises it when there is none."""
        target = way.target
        budget = self._budget_of(target, trip.spec)
        step = self._step(failed, attempt, way, self.providers[target.provider], budget)
        trip.calls.append(attempt.failed(failed))
        if isinstance(step, GiveUp):
            raise failed
        if isinstance(step, Retry):
            budget.spend()
            await asyncio.sleep(step.after_s)
        way.go(step, attempt.key)

    def _attempt(self, trip: Trip[T], way: Way, target: Target) -> Attempt:
        provider = self.providers[target.provider]
        way.number += 1
        return Attempt(
            self._book,
            trip.route,
            target,
            trip.asked,
            trip.request_id,
            way.number,
            self._health_of(target),
            provider.keys,
            is_stream=trip.is_stream,
            is_timed=provider.is_timed,
        )

    def _begin(
        self, trip: Trip[T], attempt: Attempt, tried: frozenset[int], *, is_more: bool
    ) -> Awaitable[T]:
        """Raises `ProviderError` when no key is to be had. `is_more`: over what was asked of us, a retry or
        a hedge."""
        target = attempt.target
        provider = self.providers[target.provider]
        attempt.key = provider.keys.take(monotonic(), tried)
        if not is_more:
            self._budget_of(target, trip.spec).requested()
        if self._admissions is not None:
            return self._limited(self._admissions, trip, provider, attempt)
        return trip.once(provider, attempt)

    async def _limited(
        self, admissions: Admissions, trip: Trip[T], provider: Provider, attempt: Attempt
    ) -> T:
        """Within its target's own limits. Raises `ProviderError` (target_limited)."""
        attempt.hold = await admissions.at_target(attempt.target, trip.ask, attempt.id)
        return await trip.once(provider, attempt)

    async def _run(self, trip: Trip[T], attempt: Attempt, *, is_more: bool) -> T:
        """As a task of its own, for one of two that run side by side."""
        return await self._begin(trip, attempt, NO_KEYS, is_more=is_more)

    def _second(self, trip: Trip[T], way: Way) -> Try[T] | None:
        """A hedge is a retry that did not wait for the failure: the same budget bounds it."""
        budget = self._budget_of(way.after, trip.spec)
        if not budget.has_one(monotonic()):
            return None
        budget.spend()
        attempt = self._attempt(trip, way, way.after)
        return Try(attempt, partial(self._run, trip, attempt, is_more=True))

    def _able(self, trip: Trip[T]) -> tuple[Route, RouteSpec]:
        """Only those targets that can say all of the request. Raises `ProviderError` (caller)."""
        try:
            return able(self.providers, trip.ask, trip.route, trip.spec)
        except ProviderError as refused:
            way = Way(trip.route, trip.spec, len(trip.calls))
            trip.calls.append(self._attempt(trip, way, way.target).failed(refused))
            raise

    async def _continued(
        self, trip: Trip[LiveStream], ask: Ask, after: Target, left_s: float | None
    ) -> LiveStream:
        """What is left of an answer, from the targets that follow `after`."""
        names = [target.name for target in trip.route.targets]
        rest = trip.route.targets[names.index(after.name) + 1 :]
        spec = structs.replace(trip.spec, hedge_after_s=None)
        if left_s is not None:  # whole seconds: providers remember limits that they have seen
            left = structs.replace(spec.timeouts, total_s=float(ceil(left_s)))
            spec = structs.replace(spec, timeouts=left)
        route = structs.replace(trip.route, targets=rest)
        onward = to_stream(ask, route, spec, trip.asked, trip.request_id, trip.calls)
        return (await self._first(onward))[0]

    def _step(
        self,
        error: ProviderError,
        attempt: Attempt,
        way: Way,
        provider: Provider,
        budget: RetryBudget,
    ) -> Step:
        now_s = monotonic()
        if attempt.key is not None and error.kind in ("auth", "rate_limited"):
            tried = way.tried_keys | {attempt.key}
            attempt.has_other_key = provider.keys.has_other(now_s, tried)
        failure = Failure(
            kind=error.kind,
            tries=way.tries,
            retry_after_s=error.retry_after_s,
            has_other_key=attempt.has_other_key,
            has_next=way.has_next,
            has_context_fallback=way.has_chain("context"),
            has_content_fallback=way.has_chain("content"),
            remaining_s=way.deadline_s - now_s,
            has_budget=budget.has_one(now_s),
            draw=(self._book.random_bits() & 0xFFFFFFFF) / 2**32,
        )
        return next_step(failure, way.retries)

    def _health_of(self, target: Target) -> TargetHealth:
        found = self.health.get(target.name)
        if found is None:
            found = self.health[target.name] = TargetHealth()
        return found

    def _budget_of(self, target: Target, spec: RouteSpec) -> RetryBudget:
        found = self._budgets.get(target.provider)
        if found is None:
            retries = spec.retries
            found = RetryBudget(retries.budget_share, retries.budget_floor_per_s)
            self._budgets[target.provider] = found
        return found


def _dropped(trip: Trip[T], attempt: Attempt, error: ProviderError) -> None:
    """A hedge's loser has had the question, and vendors charge for that though they say nothing of it."""
    if str(error) == LOST and attempt.usage is None and trip.ask.size:
        asked = trip.ask.size // _BYTES_A_TOKEN
        attempt.usage = Usage(input_tokens=asked, output_tokens=0, is_estimated=True)
    trip.calls.append(attempt.failed(error))


def _has_after(route: Route, target: Target) -> bool:
    names = [each.name for each in route.targets]
    return target.name in names[:-1]
