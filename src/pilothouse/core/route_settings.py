"""How a route serves, beside where it sends: retries, timeouts, shadows, cache. Written in the configuration
as they stand here, so a setting has one name and one meaning.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Share = Annotated[float, Meta(ge=0, le=1)]
Unsupported = Literal["warn", "drop", "reject"]
"""What happens to a field that the target's format cannot say."""
Sticky = Literal["subject", "conversation", "request"]
"""Whose choice stays: a user's, a conversation's, or nobody's (every request anew)."""


class Retries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attempts at one target before the next, and the waits between them (full jitter)."""

    attempts_per_target: Annotated[int, Meta(ge=1, le=10)] = 2
    backoff_base_s: Seconds = 0.5
    backoff_cap_s: Seconds = 8.0
    """Also the longest wait for a `Retry-After` while another target could answer at once."""
    budget_share: Share = 0.2
    """Retries at a provider are at most this part of the requests to it (and `budget_floor_per_s`)."""
    budget_floor_per_s: Annotated[float, Meta(ge=0, le=1000)] = 1.0


class Timeouts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over the provider's own where given."""

    connect_s: Seconds | None = None
    first_token_s: Seconds | None = None
    between_tokens_s: Seconds | None = None
    total_s: Seconds | None = None
    min_chars_per_s: Annotated[float, Meta(gt=0)] | None = None
    """A stream slower than this before it is committed goes to the next target."""


class SemanticSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers to questions that say nearly the same as the one asked. Read docs/caching.md first."""

    threshold: Annotated[float, Meta(gt=0, le=1)]
    """The least cosine similarity of the last user turns."""
    embedding: str = "lexical"
    """An embedding plugin, or a target whose model embeds."""
    guards: bool = True
    """Questions that differ in numbers, names, quotes, negations or opposites are never the same."""
    most_false_hits: Share = 0.01
    """The most that the measured rate of wrong answers to near-misses may be, at its upper bound."""
    measured: str | None = None
    """Your own measurement (`pilothouse cache measure`); None = the one that is shipped."""
    despite_false_hits: bool = False
    """Switch it on although nothing, or too much, was measured."""


class CacheSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers given again. Off unless `ttl_s` is given."""

    ttl_s: Seconds | None = None
    max_body_kb: Annotated[int, Meta(ge=1, le=102_400)] = 256
    """Longer requests and answers are not kept."""
    only_deterministic: bool = True
    """Only requests with temperature 0 are answered from it."""
    shared: bool = False
    """One cache for all teams and keys. Otherwise nobody is given what another tenant asked for."""
    wait_s: Seconds = 30.0
    """How long a request waits for an equal one that is under way, before it asks for itself."""
    semantic: SemanticSettings | None = None


class CopyLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is asked again elsewhere: a part of the traffic, in bounds of load and money."""

    share: Share = 0.1
    most_in_flight: Annotated[int, Meta(ge=1, le=10_000)] = 8
    budget_usd_per_day: Decimal | None = None
    timeout_s: Seconds = 120.0


class ShadowLimits(CopyLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is copied to shadows."""


class UpgradeLimits(CopyLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is asked again for a better answer, how long that is kept, and when it is not worth asking."""

    share: Share = 1.0
    keep_s: Seconds = 600.0
    """How long a better answer can be fetched."""
    stop_below: Share = 0.05
    """A kind of question whose answers change less often than this is asked no more; 0 = never stop."""
    webhook: str | None = None
    """Told when a better answer is there, or will not come."""
