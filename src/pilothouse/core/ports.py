"""What the layers promise each other: the protocols of providers, stores, prices and clocks.

Types only. The implementations are plugins, chosen in `app`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from pilothouse.core.answer import Answer, Event, Usage
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call, Score
from pilothouse.core.counting import CountAsk
from pilothouse.core.embedding import EmbeddingAnswer
from pilothouse.core.embedding_ask import EmbeddingAsk
from pilothouse.core.key_pool import KeyPool
from pilothouse.core.route import Target
from pilothouse.core.route_settings import Timeouts

SAME_LIMITS = Timeouts()
"""A route that changes nothing of a provider's own limits."""
NowUs = Callable[[], int]
"""The clock: microseconds since 1970-01-01T00:00:00Z."""


class Priced(Struct, frozen=True):
    """A price, or the reason why there is none. Exactly one of the two is None."""

    cost_usd: Decimal | None
    note: str | None = None


PriceOf = Callable[[Target, Usage, int], Priced]
"""Target, usage and time of the call (Unix microseconds) to its price."""


class Reply(Struct, frozen=True):
    """A whole answer: the provider's bytes in its dialect, and what they mean."""

    body: bytes
    answer: Answer
    dialect: str
    lost: tuple[str, ...] = ()
    """What of the request this dialect could not say."""


class Vectors(Struct, frozen=True):
    """Embeddings: the provider's bytes in its dialect, and what they used."""

    body: bytes
    usage: Usage
    dialect: str
    lost: tuple[str, ...] = ()
    """What of the request this dialect could not say."""
    answer: EmbeddingAnswer | None = None
    """What the bytes mean; None = in the asker's own dialect, so nobody had to read them."""


class Piece(Struct, frozen=True):
    """Whole server-sent events as one read brought them, and what they mean."""

    data: bytes
    events: Sequence[Event]
    is_ours: bool = False
    """Whether `data` was written here, in the caller's own dialect: whoever relays it need not write it anew."""


class AnswerStream(Protocol):
    """An answer that is coming."""

    dialect: str
    lost: tuple[str, ...]

    async def next(self) -> Piece | None:
        """What came; None after the dialect's end mark. Raises `ProviderError`: `cut` without one."""
        ...

    def close(self) -> None:
        """Stop it, wherever it is. Idempotent."""
        ...


class Provider(Protocol):
    """Where answers come from. Every failure is a `ProviderError` with its class."""

    keys: KeyPool
    """Which of its keys to use next; positions are what `key` below means."""
    is_timed: bool
    """Whether our clock says anything about it: False for replayed answers."""

    def losses(self, target: Target, ask: Ask) -> tuple[str, ...]:
        """What of `ask` it could not say; nothing is sent. Raises `ProviderError` (caller)."""
        ...

    async def complete(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> Reply:
        """One whole answer."""
        ...

    async def stream(
        self, target: Target, ask: Ask, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> AnswerStream:
        """An answer piece by piece, as soon as the provider has accepted the question."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """What a provider promises besides when it may know models that make vectors."""

    has_embeddings: bool
    """Whether it has an address for them."""

    def embedding_losses(self, target: Target, ask: EmbeddingAsk) -> tuple[str, ...]:
        """As `Provider.losses`."""
        ...

    async def embed(
        self, target: Target, ask: EmbeddingAsk, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> Vectors:
        """A vector for each input. Failures as above."""
        ...


@runtime_checkable
class Counter(Protocol):
    """What a provider promises besides when its vendor may count tokens."""

    async def count(
        self, target: Target, ask: CountAsk, key: int = 0, limits: Timeouts = SAME_LIMITS
    ) -> int | None:
        """Input tokens, as the vendor counts them; None = it does not. Failures as above."""
        ...


class Recorder(Protocol):
    """Takes call rows off the hot path."""

    def record(self, call: Call) -> None:
        """Queue one row. Never blocks, never raises."""
        ...


class CallFilter(Struct, frozen=True, kw_only=True):
    """Which calls. Every field given must match; times are Unix microseconds, `until` excluded."""

    source: str | None = None
    route: str | None = None
    arm: str | None = None
    target: str | None = None
    model: str | None = None
    status: str | None = None
    error_class: str | None = None
    request_id: str | None = None
    run_id: str | None = None
    rollout_id: str | None = None
    key_id: str | None = None
    team: str | None = None
    tag: str | None = None
    cache: str | None = None
    since_us: int | None = None
    until_us: int | None = None


class CallStore(Protocol):
    """The one fact table, kept."""

    def write_calls(self, calls: Sequence[Call]) -> None:
        """Append rows in one transaction. A row whose id is there already is left as it is."""
        ...

    def calls(self, where: CallFilter, *, limit: int | None = None) -> list[Call]:
        """Matching rows, newest first."""
        ...


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One line of a rollout's append-only history."""

    at_us: int
    who: str
    """`tick` or a person's name."""
    what: str
    """e.g. `start`, `advance`, `hold`, `roll back`, `pause`."""
    why: str
    evidence: dict[str, Any] = {}


class StoredRollout(Struct, frozen=True, kw_only=True):
    """A rollout as kept: opaque JSON to the store, with a version for compare-and-swap."""

    id: str
    route: str
    status: str
    version: int
    state_json: bytes


class RolloutStore(Protocol):
    """Rollout state and its audit trail, durable before `save` returns."""

    def rollout(self, rollout_id: str) -> StoredRollout | None: ...

    def rollouts(self) -> list[StoredRollout]:
        """All, newest first."""
        ...

    def save_rollout(self, rollout: StoredRollout, entries: Sequence[AuditEntry]) -> bool:
        """Write `rollout` if the stored version is `rollout.version - 1` (0 = not there yet).

        State and audit entries go in one durable transaction. False when somebody was faster.
        """
        ...

    def audit(self, rollout_id: str) -> list[AuditEntry]:
        """Oldest first."""
        ...

    def rollout_calls(
        self, rollout_id: str, *, after_row: int, limit: int
    ) -> tuple[list[tuple[Call, tuple[Score, ...]]], int]:
        """Calls of a rollout in the order they were written, from a cursor; and the new cursor."""
        ...
