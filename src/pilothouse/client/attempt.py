"""One try at one target: its clock, what it has shown so far, and its row."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from pilothouse.core.answer import Answer, Usage
from pilothouse.core.call import Call, Source
from pilothouse.core.errors import ProviderError
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.ports import NowUs, PriceOf, Recorder
from pilothouse.core.route import Route, Target

NO_USAGE = "not priced: the provider reported no usage"


class Asked(Struct, frozen=True, kw_only=True):
    """Who asks, for the record."""

    source: Source = "serve"
    request_id: str | None = None
    """None = made by the client."""
    run_id: str | None = None
    case_id: str | None = None
    repeat: int = 0


class Book(Struct, frozen=True):
    """Where attempts are priced and written down, and the clock and dice for it."""

    price_of: PriceOf
    recorder: Recorder
    now_us: NowUs
    random_bits: Callable[[], int]
    """80 bits for an id."""

    def price(
        self, target: Target, usage: Usage | None, at_us: int
    ) -> tuple[Decimal | None, str | None]:
        """Cost in USD, or why there is none."""
        if usage is None:
            return None, NO_USAGE
        priced = self.price_of(target, usage, at_us)
        return priced.cost_usd, priced.note


class Attempt:
    """Ends once: `answered` or `failed` writes the row and gives it."""

    __slots__ = (
        "_asked",
        "_at_us",
        "_book",
        "_is_stream",
        "_is_timed",
        "_number",
        "_request_id",
        "_route",
        "_started_s",
        "_ttft_ms",
        "finish_reason",
        "target",
        "usage",
    )

    def __init__(
        self,
        book: Book,
        route: Route,
        target: Target,
        asked: Asked,
        request_id: str,
        number: int,
        *,
        is_stream: bool,
        is_timed: bool,
    ) -> None:
        self._book = book
        self._route = route
        self._asked = asked
        self._request_id = request_id
        self._number = number
        self._is_stream = is_stream
        self._is_timed = is_timed
        self._at_us = book.now_us()
        self._started_s = time.perf_counter()
        self._ttft_ms: float | None = None
        self.target = target
        self.usage: Usage | None = None
        self.finish_reason: str | None = None

    def commit(self) -> None:
        """The first of the answer is here."""
        self._ttft_ms = self._elapsed_ms()

    def answered(self, answer: Answer | None = None) -> Call:
        """It ended well; `answer` when it came whole."""
        usage, finish = self.usage, self.finish_reason
        latency_ms, ttft_ms = self._elapsed_ms(), self._ttft_ms
        if answer is not None:
            usage, finish = answer.usage, answer.finish_reason
            if not self._is_timed:
                latency_ms, ttft_ms = answer.latency_ms, answer.ttft_ms
        cost_usd, note = self._book.price(self.target, usage, self._at_us)
        return self._row(usage, latency_ms, ttft_ms, finish, cost_usd, note, None)

    def failed(self, error: ProviderError) -> Call:
        """It did not; what it used is priced all the same."""
        cost_usd, note = None, None
        if self.usage is not None:
            cost_usd, note = self._book.price(self.target, self.usage, self._at_us)
        return self._row(
            self.usage,
            self._elapsed_ms(),
            self._ttft_ms,
            self.finish_reason,
            cost_usd,
            note,
            error,
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
        book, target, route, asked = self._book, self.target, self._route, self._asked
        call = Call(
            id=time_ordered_id(self._at_us, book.random_bits()),
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
            is_stream=self._is_stream,
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
        book.recorder.record(call)
        return call
