"""How many questions a provider gets at once: as many as it bears, at most as many as wished for.

Additive increase, multiplicative decrease, as TCP does it (V. Jacobson, "Congestion Avoidance and Control",
1988): an answer adds a little room, "slow down" halves it and nobody asks before the time it names. What the
vendor's headers say is left is never gone beyond.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic

from pilothouse.core.rate_headers import RateState

_HOLD_S = 1.0
"""After a limit that names no time."""
_LONGEST_HOLD_S = 120.0


class Pace:
    """One provider's. Belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self.in_flight = 0
        self.slowed = 0
        """Times it was asked to slow down."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held_until_s = 0.0
        self._cut_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self) -> float:
        """Wait for room; gives the moment of entry (monotonic seconds) for `leave`."""
        while self.in_flight >= int(self.limit) or monotonic() < self._held_until_s:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            self._wake_later()
            try:
                await turn
            except asyncio.CancelledError:
                self._wake()
                raise
        self.in_flight += 1
        return monotonic()

    def leave(self, entered_s: float, *, was_limited: bool, after_s: float | None = None) -> None:
        """The answer is here, or the refusal. `after_s`: what a refusal asks us to wait."""
        self.in_flight -= 1
        now_s = monotonic()
        if was_limited:
            wait_s = min(_LONGEST_HOLD_S, _HOLD_S if after_s is None else after_s)
            self._held_until_s = max(self._held_until_s, now_s + wait_s)
            if entered_s >= self._cut_s:  # one cut for all that were under way together
                self._cut_s = now_s
                self.slowed += 1
                self.limit = max(1.0, self.limit / 2)
        elif self.limit < self.most:
            self.limit = min(float(self.most), self.limit + 1 / self.limit)
        self._wake()

    def told(self, rate: RateState | None) -> None:
        """What the last answer's headers said of the room that is left."""
        if rate is None or rate.remaining_requests is None:
            return
        if rate.remaining_requests < self.limit - self.in_flight:
            self.limit = max(1.0, float(self.in_flight + rate.remaining_requests))

    def _wake(self) -> None:
        if monotonic() < self._held_until_s:
            self._wake_later()
            return
        free = int(self.limit) - self.in_flight
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1

    def _wake_later(self) -> None:
        left_s = self._held_until_s - monotonic()
        if left_s > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left_s, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._wake()
