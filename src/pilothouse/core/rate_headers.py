"""What a provider's headers say of its limits, in one form: how much is left, and how long to wait.

Waits come as seconds, as `6m0s`, as an RFC 3339 time, as Unix seconds or milliseconds, as an HTTP date.
The clock is passed in. Sources of each format: tests/core/test_rate_headers.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct


class RateHeaders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names (lower case) under which one vendor tells its limits; None = it does not."""

    remaining_requests: str | None = "x-ratelimit-remaining-requests"
    remaining_tokens: str | None = "x-ratelimit-remaining-tokens"
    reset_requests: str | None = "x-ratelimit-reset-requests"
    reset_tokens: str | None = "x-ratelimit-reset-tokens"


class RateState(Struct, frozen=True):
    """What is known after one answer; None = not said."""

    remaining_requests: int | None = None
    remaining_tokens: int | None = None
    reset_s: float | None = None
    """Seconds until everything that is used up has room again; None while something is left of all."""
    retry_after_s: float | None = None
    """What the provider asks us to wait, in seconds, never negative."""

    @property
    def wait_s(self) -> float | None:
        """How long to leave this key alone: the provider's word, else the reset of what is used up."""
        return self.retry_after_s if self.retry_after_s is not None else self.reset_s


def read_rate(
    headers: Mapping[str, str], names: RateHeaders, now: datetime, *, is_limited: bool = False
) -> RateState:
    """`headers` with lower-case names; `now` is aware.

    `is_limited`: the answer was a refusal for want of room (429), so some limit is used up even if no
    count is 0, and the longest reset told counts.
    """
    requests = _count(headers, names.remaining_requests)
    tokens = _count(headers, names.remaining_tokens)
    retry_after_s = _retry_after_s(headers, now)
    waits: list[float | None] = []
    if requests == 0 or (is_limited and tokens != 0):
        waits.append(_wait(headers, names.reset_requests, now))
    if tokens == 0 or (is_limited and requests != 0):
        waits.append(_wait(headers, names.reset_tokens, now))
    known = [wait for wait in waits if wait is not None]
    return RateState(requests, tokens, max(known, default=None), retry_after_s)


def wait_told_s(message: str) -> float | None:
    """The wait that an error message tells: `try again in 9m38.016s`, `retry after 26 seconds`."""
    found = _IN_WORDS.search(message)
    if found is None:
        return None
    return float(found["seconds"]) if found["seconds"] else _duration_s(found["duration"])


def seconds_until(text: str, now: datetime) -> float | None:
    """Any of the formats above as seconds from `now`, never negative; None when it is none of them."""
    text = text.strip()
    number = _number(text)
    if number is not None:
        return _since_epoch(number, now)
    duration = _duration_s(text)
    if duration is not None:
        return duration
    at = _time(text)
    return None if at is None else max(0.0, (at - now).total_seconds())


_UNITS = {
    "d": 86_400.0,
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")
_DURATION = re.compile(rf"(?:{_PIECE.pattern})+")
_IN_WORDS = re.compile(
    r"(?:try again|retry) (?:in|after) "
    rf"(?:(?P<seconds>\d+(?:\.\d+)?) seconds?|(?P<duration>(?:{_PIECE.pattern})+))",
    re.IGNORECASE,
)
_EPOCH_S = 1e9
_EPOCH_MS = 1e11


def _count(headers: Mapping[str, str], name: str | None) -> int | None:
    """Azure says -1 for "not told" (github.com/openai/openai-dotnet/issues/838)."""
    text = headers.get(name) if name else None
    if text is None:
        return None
    if text.isascii() and text.isdigit():  # nearly always, and on every answer's path
        return int(text)
    number = _number(text)
    return None if number is None or not 0 <= number < _EPOCH_MS else int(number)


def _wait(headers: Mapping[str, str], name: str | None, now: datetime) -> float | None:
    text = headers.get(name) if name else None
    return None if text is None else seconds_until(text, now)


def _retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """`retry-after-ms` is the more precise of the two and goes first, as in the vendors' SDKs."""
    text = headers.get("retry-after-ms")
    if text is not None:
        number = _number(text)
        if number is not None and number >= 0:
            return number / 1000
    text = headers.get("retry-after")
    return None if text is None else seconds_until(text, now)


def _number(text: str) -> float | None:
    """A plain finite number; `inf`, `nan` and `1_000` are not."""
    text = text.strip()
    if not text or text[-1] not in "0123456789" or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _since_epoch(number: float, now: datetime) -> float | None:
    """Small numbers are seconds to wait, large ones a time since 1970."""
    if number < 0 or number == float("inf"):
        return None
    if number < _EPOCH_S:
        return number
    at_s = number / 1000 if number >= _EPOCH_MS else number
    return max(0.0, at_s - now.timestamp())


def _duration_s(text: str) -> float | None:
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(text))


def _time(text: str) -> datetime | None:
    """RFC 3339, or one of HTTP's three dates; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
