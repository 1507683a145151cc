"""Money for one day (UTC), of one process: set aside before, settled after. For what may stop at any time;
budgets that bind callers are in `client.limits`.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

_DAY_US = 86_400_000_000
_NOTHING = Decimal(0)


class Reserved(Struct, frozen=True):
    """Set aside on `day` (whole days since 1970-01-01)."""

    day: int
    usd: Decimal


class DailyPurse:
    """What a day has left. What was set aside on one day is settled on that day, and forgotten with it."""

    __slots__ = ("_day", "_held", "_spent")

    def __init__(self) -> None:
        self._day = 0
        self._held = _NOTHING
        self._spent = _NOTHING

    def reserve(self, now_us: int, usd: Decimal, limit: Decimal | None) -> Reserved | None:
        """None when the day's `limit` would not bear it; without a limit it always does."""
        self._turn(now_us // _DAY_US)
        if limit is not None and self._spent + self._held + usd > limit:
            return None
        self._held += usd
        return Reserved(self._day, usd)

    def settle(self, reserved: Reserved, used: Decimal) -> None:
        """Give back what was set aside and count what was used, which may be more."""
        if reserved.day == self._day:
            self._held -= reserved.usd
            self._spent += used

    def spend(self, at_us: int, usd: Decimal) -> None:
        """Count money that was spent at that time without having been set aside."""
        day = at_us // _DAY_US
        if day >= self._day:
            self._turn(day)
            self._spent += usd

    def spent(self, now_us: int) -> Decimal:
        """On the day of `now_us`, in USD."""
        self._turn(now_us // _DAY_US)
        return self._spent

    def _turn(self, day: int) -> None:
        if day > self._day:
            self._day, self._held, self._spent = day, _NOTHING, _NOTHING
