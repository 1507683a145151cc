"""The one call path: attempts in the order a route gives, until one answers or none may follow.

What follows a failure is decided by `retry.next_step`; this does it. Each attempt is one recorded `Call`.
Streams commit at their first token: before it a failure goes on unseen, after it the failure is the
caller's to see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from time import monotonic
from typing import TypeVar

from msgspec import Struct

from pilothouse.client.attempt import Asked, Attempt, Book
from pilothouse.client.live import LiveStream
from pilothouse.client.retry import (
    Failure,
    GiveUp,
    NextKey,
    NextTarget,
    Retry,
    RetryBudget,
    Step,
    next_step,
)
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.counting import CountAsk
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.errors import ProviderError
from pilothouse.core.health import TargetHealth
from pilothouse.core.ports import (
    Counter,
    Embedder,
    NowUs,
    PriceOf,
    Provider,
    Recorder,
    Reply,
    Vectors,
)
from pilothouse.core.request import Request
from pilothouse.core.route import Route, RouteSpec, Target
from pilothouse.core.route_settings import Retries

T = TypeVar("T")
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

        async def once(provider: Provider, attempt: Attempt) -> Reply:
            assert attempt.key is not None
            reply = await provider.complete(attempt.target, ask, attempt.key, spec.timeouts)
            calls.append(attempt.answered(reply.answer))
            return reply

        try:
            reply = await self._first(route, asked, spec, calls, once)
        except ProviderError as error:
            return Outcome(reply=None, error=error, calls=tuple(calls))
        return Outcome(reply=reply, error=None, calls=tuple(calls))

    async def stream(
        self,
        ask: Ask | Request,
        route: Route,
        *,
        asked: Asked = SERVE,
        spec: RouteSpec = PLAIN,
        calls: list[Call] | None = None,
    ) -> LiveStream:
        """A stream from the first target that gives a token. Raises `ProviderError`. `calls` as above."""
        ask = Ask.of_request(ask) if isinstance(ask, Request) else ask
        told = [] if calls is None else calls

        async def once(provider: Provider, attempt: Attempt) -> LiveStream:
            assert attempt.key is not None
            source = await provider.stream(attempt.target, ask, attempt.key, spec.timeouts)
            live = LiveStream(source, attempt, told, ask.size)
            try:
                await live.commit(spec.timeouts.min_chars_per_s)
            except BaseException:
                source.close()
                raise
            return live

        return await self._first(route, asked, spec, told, once, is_stream=True)

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

        async def once(provider: Provider, attempt: Attempt) -> Vectors:
            assert attempt.key is not None
            if not isinstance(provider, Embedder):
                raise ProviderError(
                    "caller", f"{attempt.target.provider} makes no embeddings", http_status=400
                )
            vectors = await provider.embed(attempt.target, ask, attempt.key, spec.timeouts)
            attempt.usage = vectors.usage
            told.append(attempt.answered())
            return vectors

        return await self._first(route, asked, spec, told, once)

    async def count(self, ask: CountAsk, target: Target, *, spec: RouteSpec = PLAIN) -> int | None:
        """Input tokens as the target's vendor counts them; None = it does not. Raises `ProviderError`.

        Asked once; no call, since nobody bills it.
        """
        provider = self.providers[target.provider]
        if not isinstance(provider, Counter):
            return None
        key = provider.keys.take(monotonic(), _NO_KEYS)
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

    async def _first(
        self,
        route: Route,
        asked: Asked,
        spec: RouteSpec,
        calls: list[Call],
        once: Callable[[Provider, Attempt], Awaitable[T]],
        *,
        is_stream: bool = False,
    ) -> T:
        """What the first attempt that succeeds gives. Raises the `ProviderError` that decided."""
        way = _Way(route, spec)
        request_id = asked.request_id or self.new_id()
        number = 0
        while True:
            number += 1
            target = way.target
            provider = self.providers[target.provider]
            attempt = Attempt(
                self._book,
                route,
                target,
                asked,
                request_id,
                number,
                self._health_of(target),
                provider.keys,
                is_stream=is_stream,
                is_timed=provider.is_timed,
            )
            budget = self._budget_of(target, spec)
            try:
                attempt.key = provider.keys.take(monotonic(), way.tried_keys)
                if not way.is_retry:
                    budget.requested()
                return await once(provider, attempt)
            except ProviderError as error:
                failed = error
            except asyncio.CancelledError:
                calls.append(attempt.failed(ProviderError("cancelled", "the caller went away")))
                raise
            step = self._step(failed, attempt, way, provider, budget)
            calls.append(attempt.failed(failed))
            if isinstance(step, GiveUp):
                raise failed
            if isinstance(step, Retry):
                budget.spend()
                await asyncio.sleep(step.after_s)
            way.go(step, attempt.key)

    def _step(
        self,
        error: ProviderError,
        attempt: Attempt,
        way: _Way,
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


_NO_KEYS: frozenset[int] = frozenset()
_PATIENCE_S = 600.0
"""How long one request may take with all its attempts when nobody says."""


class _Way:
    """Where one request stands on its way: the chain it is on, its place there, what it has tried."""

    __slots__ = (
        "_chain",
        "_left",
        "_place",
        "deadline_s",
        "is_retry",
        "retries",
        "tried_keys",
        "tries",
    )

    def __init__(self, route: Route, spec: RouteSpec) -> None:
        if not route.targets:
            raise ProviderError("provider_down", f'the route "{route.name}" has no target')
        self._chain = route.targets
        self._place = 0
        self._left = {"context": spec.context_fallbacks, "content": spec.content_fallbacks}
        self.retries = spec.retries
        self.deadline_s = monotonic() + (spec.timeouts.total_s or _PATIENCE_S)
        self.is_retry = False
        self.tries = 1
        self.tried_keys = _NO_KEYS

    @property
    def target(self) -> Target:
        """The one to ask now."""
        return self._chain[self._place]

    @property
    def has_next(self) -> bool:
        """Whether another target follows on this chain."""
        return self._place + 1 < len(self._chain)

    def has_chain(self, name: str) -> bool:
        """Whether the fallbacks of that kind are still untried."""
        return bool(self._left[name])

    def go(self, step: Step, key: int | None) -> None:
        """Take the step."""
        self.is_retry = True
        match step:
            case NextKey():
                self.tried_keys |= {key} if key is not None else _NO_KEYS
            case NextTarget(chain="route"):
                self._place += 1
                self._fresh()
            case NextTarget(chain=chain):
                self._chain, self._left[chain] = self._left[chain], ()
                self._place = 0
                self._fresh()
            case _:
                self.tries += 1

    def _fresh(self) -> None:
        self.tries = 1
        self.tried_keys = _NO_KEYS
