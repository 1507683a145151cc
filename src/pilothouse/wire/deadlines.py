"""One timer for all answers under way: a timer for each wait would cost more than the wait.

An answer is late when its first byte, its next byte, or its last byte has not come in time. The sweep
runs twenty times a second while anything is under way, so a limit holds to within `TICK_S`.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Protocol

from msgspec import Meta, Struct

TICK_S = 0.05

Seconds = Annotated[float, Meta(gt=0)]


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds. `first_byte_s` runs from the request's last byte, `between_s` between two reads,
    `first_token_s` until something of the answer has come (start-up frames are not an answer)."""

    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    first_token_s: Seconds = 300.0
    between_s: Seconds = 60.0
    total_s: Seconds = 600.0


class Awaited(Protocol):
    """An answer under way, as the sweep sees it."""

    started_at_s: float
    last_byte_at_s: float | None
    is_answering: bool
    """Something of the answer itself has come; always True where nobody looks."""
    limits: Timeouts

    def expire(self, what: str, after_s: float) -> None:
        """It is too late: fail."""
        ...


class Deadlines:
    """The answers under way, and their one timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._awaited: set[Awaited] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, awaited: Awaited) -> None:
        """Watch it until `discard`."""
        self._awaited.add(awaited)
        if self._timer is None:
            self._timer = self._loop.call_later(TICK_S, self._sweep)

    def discard(self, awaited: Awaited) -> None:
        """It has ended."""
        self._awaited.discard(awaited)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now_s = self._loop.time()
        for awaited in list(self._awaited):
            late = lateness(awaited, now_s)
            if late is not None:
                self._awaited.discard(awaited)
                awaited.expire(*late)
        self._timer = self._loop.call_later(TICK_S, self._sweep) if self._awaited else None


def lateness(awaited: Awaited, now_s: float) -> tuple[str, float] | None:
    """Which limit has passed, and its length; None while all hold."""
    limits = awaited.limits
    since_start_s = now_s - awaited.started_at_s
    if since_start_s > limits.total_s:
        return "whole answer", limits.total_s
    if awaited.last_byte_at_s is None:
        return ("first byte", limits.first_byte_s) if since_start_s > limits.first_byte_s else None
    if not awaited.is_answering and since_start_s > limits.first_token_s:
        return "first token", limits.first_token_s
    if now_s - awaited.last_byte_at_s > limits.between_s:
        return "next byte", limits.between_s
    return None
