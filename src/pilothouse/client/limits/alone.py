"""One replica by itself while Redis is away: its share of each limit, and of what was left of each budget."""

from __future__ import annotations

from pilothouse.client.limits.durable_copy import DurableCopy
from pilothouse.client.limits.local import LocalAdmission, LocalLimiter, NowNs
from pilothouse.client.limits.port import Ask
from pilothouse.client.limits.purse import Purses
from pilothouse.client.limits.redis_plan import share_of
from pilothouse.core.limits import Account, Refused, Scope
from pilothouse.core.ports import NowUs

_MOST_REMEMBERED = 200_000


class Alone:
    """Counts in this process from the last that Redis said. `start` begins an absence."""

    def __init__(self, copy: DurableCopy, now_us: NowUs, now_ns: NowNs) -> None:
        self._copy = copy
        self._now_us = now_us
        self._now_ns = now_ns
        self._replicas = 1
        self._free: dict[Account, int] = {}
        self._shares: dict[str, tuple[Scope, Scope]] = {}
        self.limiter = self._limiter()

    def remember(self, account: Account, free: int) -> None:
        """What is left of a budget, while Redis still says so."""
        if len(self._free) >= _MOST_REMEMBERED:
            self._free.clear()
        self._free[account] = free

    def start(self, replicas: int) -> None:
        """Redis went away; so many replicas share what was left."""
        self._replicas = replicas
        self._shares.clear()
        self.limiter = self._limiter()

    def admit(self, ask: Ask) -> LocalAdmission | Refused | None:
        """As `LocalLimiter.admit`, within this replica's share. Budgets never wait here."""
        shared = Ask(
            tuple(self._share(scope) for scope in ask.scopes),
            ask.hold_id,
            ask.input_tokens,
            ask.output_tokens,
            ask.pico_usd,
            ask.hold_s,
        )
        return self.limiter.admit(shared)

    def tend(self) -> None:
        """Expire and forget."""
        self.limiter.expire()
        self.limiter.sweep()

    def _limiter(self) -> LocalLimiter:
        purses = Purses(None, self._now_us, "alone", self._opening)
        return LocalLimiter(purses, self._now_us, self._now_ns)

    def _share(self, scope: Scope) -> Scope:
        found = self._shares.get(scope.id)
        if found is None or found[0] is not scope:
            found = self._shares[scope.id] = (scope, share_of(scope, self._replicas))
        return found[1]

    def _opening(self, account: Account, limit: int) -> int:
        """By what Redis last said, or else what the store has booked; nothing when nobody knows."""
        free = self._free.get(account)
        if free is None:
            booked = self._copy.spent_now(account)
            free = 0 if booked is None else limit - booked
        return max(min(free, limit), 0) // self._replicas
