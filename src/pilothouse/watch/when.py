"""Points in time as people type them: `90s`, `30m`, `1h`, `7d`, `2w` ago or ahead, a date, or a date and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pilothouse.core.errors import InvalidInput

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


def when_us(text: str, now_us: int) -> int:
    """Unix microseconds. A date or time without an offset is UTC. Raises `InvalidInput`."""
    span = _span_us(text)
    return now_us - span if span is not None else _moment_us(text)


def ahead_us(text: str, now_us: int) -> int:
    """As `when_us`, but a bare span is counted from now on: `30d` is in thirty days."""
    span = _span_us(text)
    return now_us + span if span is not None else _moment_us(text)


def span_us(text: str) -> int:
    """A span alone, in microseconds; `0` is none. Raises `InvalidInput`."""
    span = 0 if text.strip() == "0" else _span_us(text)
    if span is None:
        raise InvalidInput(f'"{text}" is not a span of time. Write 90s, 30m, 24h, 7d, 2w, or 0.')
    return span


def _span_us(text: str) -> int | None:
    ago = _AGO.fullmatch(text.strip())
    return int(ago[1]) * _SECONDS[ago[2]] * 1_000_000 if ago else None


def _moment_us(text: str) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            f'"{text}" is not a time. Write a span (90s, 30m, 1h, 7d, 2w), a date (2026-11-24) or a '
            "date and time (2026-11-24T09:30, UTC unless it says otherwise)."
        ) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
