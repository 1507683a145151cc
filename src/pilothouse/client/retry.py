"""What to do after a failed attempt: wait and ask again, another key, another target, or stop. Pure.

Sources: full jitter is from "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); the budget is the
token bucket of Finagle's `RetryBudget`, for the reason given in "Site Reliability Engineering" (Google, 2016),
chapter 22: retries in every layer multiply an overload.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pilothouse.core.route_settings import Retries

LONGEST_WAIT_S = 120.0
"""No caller is held for longer by a `Retry-After`; OpenAI's SDK, too, gives up beyond it."""
Chain = Literal["route", "context", "content"]
"""The route's own targets, its `context_fallbacks`, or its `content_fallbacks`."""


class Retry(Struct, frozen=True):
    """Ask the same target again after a wait; takes one from the provider's retry budget."""

    after_s: float
    why: str


class NextKey(Struct, frozen=True):
    """Ask the same target at once with another key of its provider."""

    why: str


class NextTarget(Struct, frozen=True):
    """Ask the next target of a chain at once."""

    why: str
    chain: Chain = "route"


class GiveUp(Struct, frozen=True):
    """The error is the answer."""

    why: str
    retry_after_s: float | None = None
    """What the caller may be told to wait."""


Step = Retry | NextKey | NextTarget | GiveUp


class Failure(Struct, frozen=True, kw_only=True):
    """The last attempt, and what is left to try."""

    kind: str
    """Its error class."""
    tries: int = 1
    """Attempts at this target so far, other keys not counted."""
    retry_after_s: float | None = None
    is_committed: bool = False
    """Whether something of the answer has been sent on."""
    has_other_key: bool = False
    has_next: bool = False
    """Whether the chain that is being tried has another target."""
    has_context_fallback: bool = False
    has_content_fallback: bool = False
    remaining_s: float = float("inf")
    """Until the request's deadline."""
    has_budget: bool = True
    """Whether the provider's retry budget has one left."""
    draw: float = 1.0
    """In [0, 1), new for each decision."""


def next_step(failure: Failure, retries: Retries) -> Step:
    """The one place that decides what follows a failure."""
    if failure.is_committed:
        return GiveUp("part of the answer has been sent: another one cannot take its place")
    match failure.kind:
        case "auth" | "keys_exhausted":
            return _after_refused_key(failure)
        case "target_limited":
            return _onward(failure, "this target is at its own limit")
        case "rate_limited":
            return _after_limit(failure, retries)
        case "timeout" if failure.has_next:
            # It has had its time once. A silent target asked again is as long a silence.
            return NextTarget("no answer in time")
        case "provider_down" | "timeout" | "garbage" | "cut":
            return _after_fault(failure, retries)
        case "context_window":
            if failure.has_context_fallback:
                return NextTarget("the question is too long for this model", "context")
            return GiveUp("the question is too long, and no context_fallbacks are left")
        case "refused":
            if failure.has_content_fallback:
                return NextTarget("the content was refused", "content")
            return GiveUp("the content was refused: a refusal is never routed around silently")
        case _:
            return GiveUp(f"{failure.kind}: another attempt would end the same")


def backoff_s(tries: int, retries: Retries, draw: float) -> float:
    """Seconds to wait before attempt `tries + 1`: anything up to a limit that doubles, up to the cap."""
    limit_s = retries.backoff_base_s * 2.0 ** min(max(tries, 1) - 1, 60)
    return draw * min(retries.backoff_cap_s, limit_s)


def _after_refused_key(failure: Failure) -> Step:
    if failure.kind == "auth" and failure.has_other_key:
        return NextKey("the provider refuses this key")
    if failure.has_next:
        return NextTarget("the provider refuses every key")
    return GiveUp("the provider refuses every key")


def _after_limit(failure: Failure, retries: Retries) -> Step:
    if failure.has_other_key:
        return NextKey("this key is limited")
    told_s = failure.retry_after_s
    if told_s is not None and told_s > retries.backoff_cap_s and failure.has_next:
        return NextTarget(f"limited for {told_s:g} s, longer than backoff_cap_s")
    if told_s is not None and told_s > LONGEST_WAIT_S:
        return GiveUp(f"limited for {told_s:g} s: the caller is told instead of held", told_s)
    return _again(failure, retries, "the provider asks us to slow down")


def _after_fault(failure: Failure, retries: Retries) -> Step:
    return _again(failure, retries, f"{failure.kind} at this target")


def _again(failure: Failure, retries: Retries, why: str) -> Step:
    """The same target, unless attempts, budget or time are at their end."""
    told_s = failure.retry_after_s
    if failure.tries >= retries.attempts_per_target:
        return _onward(failure, f"{why}, after {failure.tries} attempts")
    if not failure.has_budget:
        return _onward(failure, f"{why}, and the retry budget is spent")
    wait_s = backoff_s(failure.tries, retries, failure.draw)
    if told_s is not None:
        wait_s += max(0.0, told_s)  # jitter on top: everybody was told the same moment
    if wait_s >= failure.remaining_s:
        return _onward(failure, f"{why}, and waiting {wait_s:.3g} s would miss the deadline")
    return Retry(wait_s, why)


def _onward(failure: Failure, why: str) -> Step:
    return NextTarget(why) if failure.has_next else GiveUp(why, failure.retry_after_s)


class RetryBudget:
    """How many retries a provider gets: a part of the requests to it, and a few in any case.

    A token bucket; not thread-safe. Its worst: `cap` retries at once, then `share` of the requests and
    `floor_per_s`.
    """

    __slots__ = ("_at_s", "_cap", "_floor_per_s", "_share", "_tokens")

    def __init__(self, share: float, floor_per_s: float, *, cap: float = 20.0) -> None:
        self._share = share
        self._floor_per_s = floor_per_s
        self._cap = cap
        self._tokens = min(cap, 10.0 * floor_per_s)
        self._at_s: float | None = None

    def requested(self) -> None:
        """A request that is not a retry was sent to the provider."""
        self._tokens = min(self._cap, self._tokens + self._share)

    def has_one(self, now_s: float) -> bool:
        """Whether a retry may be made now."""
        if self._at_s is not None and now_s > self._at_s:
            gained = (now_s - self._at_s) * self._floor_per_s
            self._tokens = min(self._cap, self._tokens + gained)
        self._at_s = now_s
        return self._tokens >= 1.0

    def spend(self) -> None:
        """A retry was made."""
        self._tokens -= 1.0
