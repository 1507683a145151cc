"""`Call`: the one fact table. Every attempt to get an answer, whoever asked for it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

Source = Literal["serve", "shadow", "upgrade", "prove", "judge", "rehearse"]
"""Who asked: live traffic, a shadow copy, an upgrade (the same again, after the first answer), a proof of concept,
a judge, a rehearsed rollout."""
Status = Literal["ok", "error"]
CacheHit = Literal["exact", "near"]


class Call(Struct, frozen=True, kw_only=True):
    """One attempt at one target. A request that fell back once is two calls with one request_id."""

    id: str
    request_id: str
    at_us: int
    """When the attempt started: microseconds since 1970-01-01T00:00:00Z."""
    source: Source
    route: str
    arm: str
    target: str
    provider: str
    model: str
    status: Status
    attempt: int = 1
    """1-based position in the request's attempts."""
    is_stream: bool = False
    error_class: str | None = None
    error: str | None = None
    """The scrubbed message of a failed attempt."""
    http_status: int | None = None
    finish_reason: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int = 0
    is_usage_estimated: bool = False
    cost_usd: Decimal | None = None
    """None = not priced; never a guessed zero."""
    cost_note: str | None = None
    """Why there is no price, e.g. `not priced: unknown model "x"`."""
    cache: CacheHit | None = None
    """None = a model was asked; else the answer was given again."""
    saved_usd: Decimal | None = None
    """What the kept answer cost when it was asked for; None = that was not priced, or no cache."""
    key_id: str | None = None
    """The virtual key that asked."""
    team: str | None = None
    """The team that key belonged to then."""
    tag: str | None = None
    """The kind of work, in the caller's words (`x-pilothouse-tag`)."""
    share: float | None = None
    rollout_id: str | None = None
    run_id: str | None = None
    case_id: str | None = None
    repeat: int = 0
    propensity: float | None = None
    """The chance that the request's first target had, 0-1; None = it was certain or unknown."""

    @property
    def at(self) -> datetime:
        """When the attempt started, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.at_us / 1e6, tz=UTC)


class Score(Struct, frozen=True, kw_only=True):
    """One scorer's verdict on one call. `value` is 0-1; `is_bad` events are value < 0.5."""

    call_id: str
    scorer: str
    value: float
    detail: str | None = None
    """What the scorer saw, e.g. the extracted number."""
    labels: tuple[str, str] | None = None
    """(wanted, read), where the scorer sorts into classes."""
    parts: dict[str, float] | None = None
    """Figures inside the value, by name."""
