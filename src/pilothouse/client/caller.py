"""The one call path: a route's targets in order, one recorded `Call` for each attempt.

Streams commit at their first token: before it a failure goes to the next target unseen, after it the
failure is the caller's to see.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from decimal import Decimal

from msgspec import Struct

from pilothouse import registry
from pilothouse.core.call import Call, Source
from pilothouse.core.errors import RETRYABLE, ProviderError
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.ports import Chunk, NowUs, PriceOf, Provider, Recorder, Reply
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.request import Request
from pilothouse.core.route import Route, Target


class Asked(Struct, frozen=True, kw_only=True):
    """Who asks, for the record."""

    source: Source = "serve"
    request_id: str | None = None
    """None = made here."""
    run_id: str | None = None
    case_id: str | None = None
    repeat: int = 0


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


SERVE = Asked()


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
        self._price_of = price_of
        self._recorder = recorder
        self._now_us = now_us
        self._random_bits = random_bits

    def new_id(self) -> str:
        """An id that sorts by time."""
        return time_ordered_id(self._now_us(), self._random_bits())

    async def call(
        self,
        request: Request,
        route: Route,
        *,
        asked: Asked = SERVE,
        body: bytes | None = None,
    ) -> Outcome:
        """A whole answer from the first target that gives one.

        `body` is `request` in the providers' dialect, when the caller has it already.
        """
        request_id = asked.request_id or self.new_id()
        calls: list[Call] = []
        error = ProviderError("provider_down", f'the route "{route.name}" has no target')
        for target in route.targets:
            attempt = _Attempt(self, request_id, len(calls) + 1, target, route, asked, request)
            try:
                provider = self.providers[target.provider]
                sent = body if body is not None else _written(provider, request)
                reply = await provider.complete(target, request, sent)
            except ProviderError as failed:
                error = failed
                calls.append(attempt.failed(failed))
                if failed.kind not in RETRYABLE:
                    break
            except asyncio.CancelledError:
                attempt.failed(ProviderError("cancelled", "the caller went away"))
                raise
            else:
                answer = reply.answer
                calls.append(attempt.answered(answer.usage, answer.finish_reason, answer))
                return Outcome(reply=reply, error=None, calls=tuple(calls))
        return Outcome(reply=None, error=error, calls=tuple(calls))

    async def stream(
        self,
        request: Request,
        route: Route,
        *,
        asked: Asked = SERVE,
        body: bytes | None = None,
    ) -> AsyncGenerator[Chunk]:
        """Chunks from the first target that gives a token. Raises `ProviderError`, also after it."""
        request_id = asked.request_id or self.new_id()
        error = ProviderError("provider_down", f'the route "{route.name}" has no target')
        for number, target in enumerate(route.targets, 1):
            attempt = _Attempt(self, request_id, number, target, route, asked, request)
            try:
                provider = self.providers[target.provider]
                sent = body if body is not None else _written(provider, request)
                async for chunk in attempt.watched(provider.stream(target, request, sent)):
                    yield chunk
            except ProviderError as failed:
                error = failed
                attempt.failed(failed)
                if attempt.is_committed or failed.kind not in RETRYABLE:
                    break
            except (asyncio.CancelledError, GeneratorExit):
                attempt.failed(ProviderError("cancelled", "the caller went away"))
                raise
            else:
                attempt.answered(attempt.usage, attempt.finish_reason, None)
                return
        raise error

    def record(self, call: Call) -> Call:
        """Queue the row, and give it back."""
        self._recorder.record(call)
        return call

    def price(
        self, target: Target, usage: Usage | None, at_us: int
    ) -> tuple[Decimal | None, str | None]:
        """Cost in USD, or why there is none."""
        if usage is None:
            return None, "not priced: the provider reported no usage"
        priced = self._price_of(target, usage, at_us)
        return priced.cost_usd, priced.note


class _Attempt:
    """One try at one target: its clock, what a stream has shown so far, and its row."""

    __slots__ = (
        "_asked",
        "_at_us",
        "_client",
        "_is_timed",
        "_number",
        "_request",
        "_request_id",
        "_route",
        "_started_s",
        "_target",
        "_ttft_ms",
        "finish_reason",
        "is_committed",
        "usage",
    )

    def __init__(
        self,
        client: Client,
        request_id: str,
        number: int,
        target: Target,
        route: Route,
        asked: Asked,
        request: Request,
    ) -> None:
        self._client = client
        self._request_id = request_id
        self._number = number
        self._target = target
        self._route = route
        self._asked = asked
        self._request = request
        self._at_us = client._now_us()  # pyright: ignore[reportPrivateUsage]
        self._is_timed = client.providers[target.provider].is_timed
        self._started_s = time.perf_counter()
        self._ttft_ms: float | None = None
        self.is_committed = False
        self.usage: Usage | None = None
        self.finish_reason: str | None = None

    async def watched(self, chunks: AsyncGenerator[Chunk]) -> AsyncGenerator[Chunk]:
        """The same chunks; those before the first token are held until it comes."""
        held: list[Chunk] = []
        try:
            async for chunk in chunks:
                if chunk.usage is not None:
                    self.usage = chunk.usage
                if chunk.finish_reason is not None:
                    self.finish_reason = chunk.finish_reason
                if self.is_committed:
                    yield chunk
                    continue
                held.append(chunk)
                if chunk.kind == "start":
                    continue
                self.is_committed = True
                self._ttft_ms = self._elapsed_ms()
                for first in held:
                    yield first
        finally:
            await chunks.aclose()

    def answered(
        self, usage: Usage | None, finish_reason: str | None, answer: Answer | None
    ) -> Call:
        """The row of an attempt that ended well, recorded."""
        latency_ms = self._elapsed_ms()
        ttft_ms = self._ttft_ms
        if answer is not None and not self._is_timed:
            latency_ms, ttft_ms = answer.latency_ms, answer.ttft_ms
        cost_usd, note = self._client.price(self._target, usage, self._at_us)
        return self._row(usage, latency_ms, ttft_ms, finish_reason, cost_usd, note, None)

    def failed(self, error: ProviderError) -> Call:
        """The row of an attempt that failed, recorded; what it used is priced all the same."""
        cost_usd, note = None, None
        if self.usage is not None:
            cost_usd, note = self._client.price(self._target, self.usage, self._at_us)
        elapsed_ms = self._elapsed_ms()
        return self._row(
            self.usage, elapsed_ms, self._ttft_ms, self.finish_reason, cost_usd, note, error
        )

    def _elapsed_ms(self) -> float | None:
        return (time.perf_counter() - self._started_s) * 1e3 if self._is_timed else None

    def _row(
        self,
        usage: Usage | None,
        latency_ms: float | None,
        ttft_ms: float | None,
        finish_reason: str | None,
        cost_usd: Decimal | None,
        cost_note: str | None,
        error: ProviderError | None,
    ) -> Call:
        client, target, route, asked = self._client, self._target, self._route, self._asked
        return client.record(
            Call(
                id=time_ordered_id(self._at_us, client._random_bits()),  # pyright: ignore[reportPrivateUsage]
                request_id=self._request_id,
                at_us=self._at_us,
                source=asked.source,
                route=route.name,
                arm=route.arm,
                target=target.name,
                provider=target.provider,
                model=target.model,
                status="ok" if error is None else "error",
                attempt=self._number,
                is_stream=self._request.stream,
                error_class=error.kind if error else None,
                error=str(error) if error else None,
                http_status=error.http_status if error else None,
                finish_reason=finish_reason,
                latency_ms=latency_ms,
                ttft_ms=ttft_ms,
                input_tokens=usage.input_tokens if usage else None,
                output_tokens=usage.output_tokens if usage else None,
                cached_input_tokens=usage.cached_input_tokens if usage else 0,
                is_usage_estimated=usage.is_estimated if usage else False,
                cost_usd=cost_usd,
                cost_note=cost_note,
                share=route.share,
                rollout_id=route.rollout_id,
                run_id=asked.run_id,
                case_id=asked.case_id,
                repeat=asked.repeat,
            )
        )


def _written(provider: Provider, request: Request) -> bytes:
    return registry.plugin("dialects", provider.dialect).write_request(request)
