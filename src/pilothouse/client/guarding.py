"""The guards of one route and key, in order, around one request: time limits, and what a failed guard means.

The first guard stands next to the caller: it sees the question first and the answer last. A guard of our own
runs on the loop and cannot be stopped in the middle; one that comes back after its limit counts as failed all
the same. One that waits for somebody else is cancelled at its limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from time import monotonic
from typing import TypeVar

from msgspec import Struct

from pilothouse.core.answer import Answer
from pilothouse.core.guard import Allowed, Blocked, Changed, Guard, OnError, Seen
from pilothouse.core.request import Request

T = TypeVar("T")


class Placed(Struct, frozen=True, kw_only=True):
    """A guard in its place. Names may be globs; empty = all."""

    name: str
    guard: Guard
    routes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Names of virtual keys; given at all, callers without one are not meant."""
    teams: tuple[str, ...] = ()
    on_error: OnError = "block"
    timeout_ms: float = 100.0

    def is_for(self, route: str, key: str | None, team: str | None) -> bool:
        """Whether a request like this passes it."""
        return (
            _is_named(route, self.routes)
            and _is_named(key, self.keys)
            and _is_named(team, self.teams)
        )


class GuardBook:
    """All configured guards, found for each request."""

    def __init__(self, placed: Sequence[Placed] = ()) -> None:
        self._placed = tuple(placed)

    def chain(
        self, route: str, key: str | None = None, team: str | None = None
    ) -> tuple[Placed, ...]:
        """Those that a request passes, in order; empty = none, and nothing more needs to be done."""
        return tuple([one for one in self._placed if one.is_for(route, key, team)])


class Guarding:
    """One request on its way through its guards. `notes` say what was done, for the record."""

    def __init__(self, chain: Sequence[Placed]) -> None:
        self.chain = chain
        self.notes: list[str] = []
        self.seen: list[Seen] = []
        """What each guard knows of the question, once `before` has passed."""

    async def before(self, request: Request) -> Request | Blocked:
        """The question as the target may see it."""
        for placed in self.chain:
            call = placed.guard.before
            verdict = await self._asked(placed, lambda call=call, r=request: call(r))
            kept: Mapping[str, str] = {}
            seen = request
            if isinstance(verdict, Blocked):
                return verdict
            if isinstance(verdict, Changed):
                request, kept = verdict.value, verdict.kept
            self.seen.append(Seen(seen, kept))
        return request

    async def after(self, answer: Answer) -> Answer | Blocked:
        """The answer as the caller may see it."""
        for placed, seen in zip(reversed(self.chain), reversed(self.seen), strict=True):
            call = placed.guard.after
            verdict = await self._asked(placed, lambda call=call, a=answer, s=seen: call(a, s))
            if isinstance(verdict, Blocked):
                return verdict
            if isinstance(verdict, Changed):
                answer = verdict.value
        return answer

    async def _asked(
        self,
        placed: Placed,
        call: Callable[
            [], Allowed | Changed[T] | Blocked | Awaitable[Allowed | Changed[T] | Blocked]
        ],
    ) -> Allowed | Changed[T] | Blocked:
        started_s = monotonic()
        try:
            found = call()
            if not isinstance(found, (Allowed, Changed, Blocked)):
                found = await asyncio.wait_for(found, placed.timeout_ms / 1000)
        except Exception as error:
            # Whatever went wrong in it: its text may hold what it looked at, so only its kind is told.
            late = isinstance(error, TimeoutError)
            return failed(placed, self.notes, "was late" if late else type(error).__name__)
        if (monotonic() - started_s) * 1000 > placed.timeout_ms:
            return failed(placed, self.notes, "was late")
        if not isinstance(found, Blocked):
            self.notes += [f"{placed.name}: {note}" for note in found.notes]
        return found


def failed(placed: Placed, notes: list[str], how: str) -> Allowed | Blocked:
    """What a guard that could not say anything means."""
    notes.append(f"{placed.name}: failed ({how})")
    if placed.on_error == "pass":
        return Allowed()
    return Blocked(
        reason=f'the guard "{placed.name}" could not look at this, so it does not pass',
        code="guard_failed",
    )


def _is_named(name: str | None, names: tuple[str, ...]) -> bool:
    if not names:
        return True
    return name is not None and any(name == one or fnmatchcase(name, one) for one in names)
