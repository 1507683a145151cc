"""When a job that may wait should start: at the cheapest moment that leaves time enough before its deadline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput

PriceAt = Callable[[int], Decimal | None]
"""What the job would cost (any unit) if it started then (Unix microseconds); None = nobody says."""
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000


class OffPeak(Struct, frozen=True):
    """Hours of every day (UTC) in which answers cost `factor` times the price. Minutes since midnight.

    A window whose end is not after its start goes on past midnight.
    """

    starts_min: int
    ends_min: int
    factor: Decimal

    def holds(self, at_us: int) -> bool:
        """Whether the moment is in the window."""
        minute = at_us % _DAY_US // _MINUTE_US
        if self.starts_min < self.ends_min:
            return self.starts_min <= minute < self.ends_min
        return minute >= self.starts_min or minute < self.ends_min


def off_peak(text: str, factor: Decimal) -> OffPeak:
    """From `16:30-00:30`. Raises `InvalidInput`."""
    start, dash, end = text.partition("-")
    if not dash or not Decimal(0) <= factor:
        raise InvalidInput(f'"{text}": write HH:MM-HH:MM (UTC) and a factor of at least 0')
    return OffPeak(_minute(start, text), _minute(end, text), factor)


def factor_at(windows: Sequence[OffPeak], at_us: int) -> Decimal:
    """The least factor of the windows that hold; 1 outside of all."""
    return min([w.factor for w in windows if w.holds(at_us)], default=Decimal(1))


def release_us(
    start_us: int,
    deadline_us: int,
    windows: Sequence[OffPeak],
    *,
    price_at: PriceAt | None = None,
    margin_share: float = 0.1,
) -> int:
    """The cheapest start from `start_us` on; of equals the earliest. Never later than leaves the margin.

    The margin is a share of the time to the deadline, at least 10 minutes: for retries, and for all the others
    that are released at the same moment. A moment without a price is never waited for. Without `price_at`
    windows alone decide.
    """

    def by_windows(at_us: int) -> Decimal | None:
        return factor_at(windows, at_us)

    price = price_at or by_windows
    margin_us = max(round((deadline_us - start_us) * margin_share), 10 * _MINUTE_US)
    latest_us = deadline_us - margin_us
    best_us, best = start_us, price(start_us)
    for at_us in _edges(windows, start_us, latest_us):
        found = price(at_us)
        if found is not None and (best is None or found < best):
            best_us, best = at_us, found
    return best_us


def _edges(windows: Sequence[OffPeak], start_us: int, latest_us: int) -> list[int]:
    """Every moment up to `latest_us` at which a window begins or ends."""
    minutes = {minute for w in windows for minute in (w.starts_min, w.ends_min)}
    day_us = start_us - start_us % _DAY_US
    found: list[int] = []
    while day_us <= latest_us:
        found += [day_us + minute * _MINUTE_US for minute in minutes]
        day_us += _DAY_US
    return sorted(at_us for at_us in found if start_us < at_us <= latest_us)


def _minute(text: str, whole: str) -> int:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60):
        raise InvalidInput(f'"{whole}": "{text}" is no time of day; write HH:MM (00:00 to 23:59)')
    return int(hour) * 60 + int(minute)
