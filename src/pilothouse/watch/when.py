"""Points in time as people type them: `90s`, `30m`, `1h`, `7d`, `2w` ago, a date, or a date and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pilothouse.core.errors import InvalidInput

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


def when_us(text: str, now_us: int) -> int:
    """Unix microseconds. A date or time without an offset is UTC. Raises `InvalidInput`."""
    if ago := _AGO.fullmatch(text.strip()):
        return now_us - int(ago[1]) * _SECONDS[ago[2]] * 1_000_000
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            f'"{text}" is not a time. Write an age (90s, 30m, 1h, 7d, 2w), a date (2026-11-24) or a '
            "date and time (2026-11-24T09:30, UTC unless it says otherwise)."
        ) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
