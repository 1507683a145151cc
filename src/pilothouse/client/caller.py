"""The one call path: a route's targets in order, one recorded `Call` for each attempt.

Streams commit at their first token: before it a failure goes to the next target unseen, after it the
failure is the caller's to see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from pilothouse.client.attempt import Asked, Attempt, Book
from pilothouse.client.live import LiveStream
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import RETRYABLE, ProviderError
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.ports import NowUs, PriceOf, Provider, Recorder, Reply
from pilothouse.core.request import Request
from pilothouse.core.route import Route, Target

T = TypeVar("T")
SERVE = Asked()


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
        self._book = Book(price_of, recorder, now_us, random_bits)

    def new_id(self) -> str:
        """An id that sorts by time."""
        return time_ordered_id(self._book.now_us(), self._book.random_bits())

    async def call(self, ask: Ask | Request, route: Route, *, asked: Asked = SERVE) -> Outcome:
        """A whole answer from the first target that gives one."""
        ask = Ask.of_request(ask) if isinstance(ask, Request) else ask
        calls: list[Call] = []

        async def once(provider: Provider, attempt: Attempt) -> Reply:
            reply = await provider.complete(attempt.target, ask)
            calls.append(attempt.answered(reply.answer))
            return reply

        try:
            reply = await self._first(ask, route, asked, calls, once)
        except ProviderError as error:
            return Outcome(reply=None, error=error, calls=tuple(calls))
        return Outcome(reply=reply, error=None, calls=tuple(calls))

    async def stream(self, ask: Ask | Request, route: Route, *, asked: Asked = SERVE) -> LiveStream:
        """A stream from the first target that gives a token. Raises `ProviderError`."""
        ask = Ask.of_request(ask) if isinstance(ask, Request) else ask

        async def once(provider: Provider, attempt: Attempt) -> LiveStream:
            source = await provider.stream(attempt.target, ask)
            live = LiveStream(source, attempt)
            try:
                await live.commit()
            except BaseException:
                source.close()
                raise
            return live

        return await self._first(ask, route, asked, [], once)

    def price(
        self, target: Target, usage: Usage | None, at_us: int
    ) -> tuple[Decimal | None, str | None]:
        """Cost in USD, or why there is none."""
        return self._book.price(target, usage, at_us)

    async def _first(
        self,
        ask: Ask,
        route: Route,
        asked: Asked,
        calls: list[Call],
        once: Callable[[Provider, Attempt], Awaitable[T]],
    ) -> T:
        """What the first target that succeeds gives. Raises the last target's `ProviderError`."""
        request_id = asked.request_id or self.new_id()
        error = ProviderError("provider_down", f'the route "{route.name}" has no target')
        for number, target in enumerate(route.targets, 1):
            provider = self.providers[target.provider]
            attempt = Attempt(
                self._book,
                route,
                target,
                asked,
                request_id,
                number,
                is_stream=ask.envelope.stream,
                is_timed=provider.is_timed,
            )
            try:
                return await once(provider, attempt)
            except ProviderError as failed:
                error = failed
                calls.append(attempt.failed(failed))
                if failed.kind not in RETRYABLE:
                    break
            except asyncio.CancelledError:
                attempt.failed(ProviderError("cancelled", "the caller went away"))
                raise
        raise error
