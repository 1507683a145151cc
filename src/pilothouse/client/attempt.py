"""One try at one target: its clock, what it has shown so far, how it ended for its target's health, its row."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from time import monotonic

from msgspec import Struct

from pilothouse.client.admission import Hold
from pilothouse.core.answer import Answer, Usage
from pilothouse.core.call import Call, Source
from pilothouse.core.errors import ProviderError
from pilothouse.core.health import TargetHealth
from pilothouse.core.ids import time_ordered_id
from pilothouse.core.key_pool import KeyPool
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
    key_id: str | None = None
    team: str | None = None
    tag: str | None = None


class Book(Struct, frozen=True):
    """Where attempts are priced and written down, and the clock and dice for it."""

    price_of: PriceOf
    recorder: Recorder
    now_us: NowUs
    random_bits: Callable[[], int]
    """80 bits for an id."""

    def new_id(self) -> str:
        """An id that sorts by time."""
        return time_ordered_id(self.now_us(), self.random_bits())

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
        "_has_committed",
        "_health",
        "_is_probe",
        "_is_stream",
        "_is_timed",
        "_keys",
        "_number",
        "_request_id",
        "_route",
        "_started_s",
        "_ttft_s",
        "finish_reason",
        "has_other_key",
        "hold",
        "key",
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
        health: TargetHealth,
        keys: KeyPool,
        *,
        is_stream: bool,
        is_timed: bool,
    ) -> None:
        self._book = book
        self._route = route
        self._asked = asked
        self._request_id = request_id
        self._number = number
        self._health = health
        self._keys = keys
        self._is_stream = is_stream
        self._is_timed = is_timed
        self._at_us = book.now_us()
        self._started_s = monotonic()
        self._is_probe = health.start(self._started_s)
        self._ttft_s: float | None = None
        self._has_committed = False
        self.target = target
        self.key: int | None = None
        """The provider's key that it uses; None = none was to be had."""
        self.has_other_key = False
        self.hold: Hold | None = None
        """What its target's own limits have set aside for it."""
        self.usage: Usage | None = None
        self.finish_reason: str | None = None

    @property
    def id(self) -> str:
        """Of its request, and which try it is."""
        return f"{self._request_id}/{self._number}"

    @property
    def is_committed(self) -> bool:
        """Whether something of the answer has been sent on."""
        return self._has_committed

    def commit(self) -> None:
        """The first of the answer is here."""
        self._has_committed = True
        self._ttft_s = self._elapsed_s()

    def answered(self, answer: Answer | None = None) -> Call:
        """It ended well; `answer` when it came whole."""
        usage, finish = self.usage, self.finish_reason
        elapsed_s = self._elapsed_s()
        if self.key is not None:
            self._keys.worked(self.key)
        self._health.end_ok(monotonic(), elapsed_s, self._ttft_s, is_probe=self._is_probe)
        latency_ms, ttft_ms = _ms(elapsed_s), _ms(self._ttft_s)
        if answer is not None:
            usage, finish = answer.usage, answer.finish_reason
            if not self._is_timed:
                latency_ms, ttft_ms = answer.latency_ms, answer.ttft_ms
        cost_usd, note = self._book.price(self.target, usage, self._at_us)
        return self._row(usage, latency_ms, ttft_ms, finish, cost_usd, note, None)

    def failed(self, error: ProviderError) -> Call:
        """It did not; what it used is priced all the same."""
        self._tell(error)
        cost_usd, note = None, None
        if self.usage is not None:
            cost_usd, note = self._book.price(self.target, self.usage, self._at_us)
        latency_ms, ttft_ms = _ms(self._elapsed_s()), _ms(self._ttft_s)
        return self._row(self.usage, latency_ms, ttft_ms, self.finish_reason, cost_usd, note, error)

    def _tell(self, error: ProviderError) -> None:
        """Target and key learn from it; not from a copy, which must not cost live traffic a key."""
        now_s = monotonic()
        key = None if self._asked.source in ("shadow", "upgrade") else self.key
        if key is not None and error.kind == "auth":
            self._keys.refused(key, now_s)
        elif key is not None and error.kind == "rate_limited":
            self._keys.limited(key, now_s, error.retry_after_s)
        self._health.end_error(
            now_s,
            error.kind,
            retry_after_s=error.retry_after_s,
            has_other_key=self.has_other_key,
            is_probe=self._is_probe,
        )

    def _elapsed_s(self) -> float | None:
        return monotonic() - self._started_s if self._is_timed else None

    @property
    def _is_as_drawn(self) -> bool:
        """False where the target that was drawn could not take the question, and another was asked first."""
        return self._number > 1 or self.target is self._route.targets[0]

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
            key_id=asked.key_id,
            team=asked.team,
            tag=asked.tag,
            propensity=route.propensity if self._is_as_drawn else None,
        )
        book.recorder.record(call)
        if self.hold is not None:
            self.hold.settle((call,))
        return call


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1e3
