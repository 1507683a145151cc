"""The guards of one route and key, in order, around one request: time limits, and what a failed guard means.

The first guard stands next to the caller: it sees the question first and the answer last. A guard of our own
runs on the loop and cannot be stopped in the middle; one that comes back after its limit counts as failed all
the same. One that waits for somebody else is cancelled at its limit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from time import monotonic
from typing import TypeVar

from msgspec import Struct

from pilothouse.core.answer import Answer
from pilothouse.core.guard import (
    ALLOWED,
    Allowed,
    Blocked,
    Changed,
    Deed,
    Guard,
    Note,
    OnError,
    Seen,
    Side,
)
from pilothouse.core.request import Request

T = TypeVar("T")
Verdict = Allowed | Changed[T] | Blocked
Count = Callable[[str, str, int], None]
"""A guard's name, what it did, how often: for `/metrics`."""
BLOCKED_STATUS = 400
BLOCKED_CODE = "guardrail_blocked"
log = logging.getLogger("pilothouse.guards")


class Placed(Struct, frozen=True, kw_only=True):
    """A guard in its place. Names may be globs; empty = all."""

    name: str
    guard: Guard
    kind: str = ""
    on: Side = "both"
    is_flagging: bool = False
    """Whether it only says what it would have done."""
    routes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """Names of virtual keys; given at all, callers without one are not meant."""
    teams: tuple[str, ...] = ()
    on_error: OnError = "block"
    timeout_ms: float = 100.0

    def is_for_caller(self, key: str | None, team: str | None) -> bool:
        """Whether a request of this key and team passes it."""
        return _is_named(key, self.keys) and _is_named(team, self.teams)


class Done(Struct, frozen=True):
    """What one guard did to one request."""

    guard: str
    note: Note


class GuardBook:
    """All configured guards, found for each request. `count` is told what they did."""

    def __init__(self, placed: Sequence[Placed], count: Count | None = None) -> None:
        self._placed = tuple(placed)
        self._count = count
        self._by_route: dict[str, tuple[Placed, ...]] = {}

    def chain(
        self, route: str, key: str | None = None, team: str | None = None
    ) -> tuple[Placed, ...]:
        """Those that a request passes, in order; empty = none. `route` is a configured one's name."""
        found = self._by_route.get(route)
        if found is None:
            found = tuple([one for one in self._placed if _is_named(route, one.routes)])
            self._by_route[route] = found
        if all(one.is_for_caller(key, team) for one in found):
            return found
        return tuple([one for one in found if one.is_for_caller(key, team)])

    def around(
        self, route: str, key: str | None = None, team: str | None = None
    ) -> Guarding | None:
        """One request's way through its guards; None where it passes none."""
        chain = self.chain(route, key, team)
        return Guarding(chain, route, self._count) if chain else None


class Guarding:
    """One request on its way through its guards. `notes` say what was done, for the record."""

    def __init__(
        self, chain: Sequence[Placed], route: str = "", count: Count | None = None
    ) -> None:
        self._route = route
        self._count = count
        self.chain = chain
        self.notes: list[Done] = []
        self.seen: list[Seen] = []
        """What each guard knows of the question, once `before` has passed."""

    async def before(self, request: Request) -> Request | Blocked:
        """The question as the target may see it."""
        for placed in self.chain:
            call = placed.guard.before
            verdict: Verdict[Request] = ALLOWED
            if placed.on != "answer":
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
        for placed, seen in self.outward():
            call = placed.guard.after
            verdict = await self._asked(placed, lambda call=call, a=answer, s=seen: call(a, s))
            if isinstance(verdict, Blocked):
                return verdict
            if isinstance(verdict, Changed):
                answer = verdict.value
        return answer

    def outward(self) -> Iterable[tuple[Placed, Seen]]:
        """The guards that an answer passes, in its order: those of the answer, and who handed something on."""
        pairs = zip(reversed(self.chain), reversed(self.seen), strict=True)
        return [(one, seen) for one, seen in pairs if one.on != "request" or seen.kept]

    def again(self) -> Guarding:
        """The same guards for another answer to the same question, with notes of its own."""
        other = Guarding(self.chain, self._route, self._count)
        other.seen = self.seen
        return other

    def note(self, placed: Placed, note: Note) -> None:
        """For the record."""
        self.notes.append(Done(placed.name, note))

    def tell(self, request_id: str) -> None:
        """Count and log what was done, once the request is over. No text of it is told."""
        for done in self.notes:
            note = done.note
            if self._count is not None:
                self._count(done.guard, note.deed, note.count)
            log.log(
                logging.WARNING if note.deed == "error" else logging.INFO,
                "guard %s: %s %d (%s) in request %s on route %s",
                *(done.guard, note.deed, note.count, note.what, request_id, self._route),
            )

    @property
    def line(self) -> str:
        """The header line that says what was done so far, e.g. `x-pilothouse-guards: pii:redact(3)`; or nothing."""
        sums: dict[tuple[str, Deed], int] = {}
        for done in self.notes:
            key = (done.guard, done.note.deed)
            sums[key] = sums.get(key, 0) + done.note.count
        said = [f"{guard}:{deed}({count})" for (guard, deed), count in sums.items()]
        return f"x-pilothouse-guards: {', '.join(said)}\r\n" if said else ""

    async def _asked(
        self, placed: Placed, call: Callable[[], Verdict[T] | Awaitable[Verdict[T]]]
    ) -> Verdict[T]:
        started_s = monotonic()
        try:
            found = call()
            if not isinstance(found, (Allowed, Changed, Blocked)):
                found = await asyncio.wait_for(found, placed.timeout_ms / 1000)
        except Exception as error:
            # Whatever went wrong in it: its text may hold what it looked at, so only its kind is told.
            late = isinstance(error, TimeoutError)
            return failed(placed, self, "was late" if late else type(error).__name__)
        if (monotonic() - started_s) * 1000 > placed.timeout_ms:
            return failed(placed, self, "was late")
        return self._heeded(placed, found)

    def _heeded(self, placed: Placed, found: Verdict[T]) -> Verdict[T]:
        """The verdict as it counts, noted."""
        if isinstance(found, Blocked):
            return blocked(placed, self, found)
        if placed.is_flagging:
            for note in found.notes:
                self.note(placed, Note("flag", note.count, note.what))
            return ALLOWED
        for note in found.notes:
            self.note(placed, note)
        return found


def blocked(placed: Placed, guarding: Guarding, found: Blocked) -> Allowed | Blocked:
    """A guard said no: noted, and no unless it only flags. The reason begins with its name."""
    if placed.is_flagging:
        guarding.note(placed, Note("flag", 1, found.code))
        return ALLOWED
    guarding.note(placed, Note("block", 1, found.code))
    return Blocked(reason=f'stopped by the guard "{placed.name}": {found.reason}', code=found.code)


def failed(placed: Placed, guarding: Guarding, how: str) -> Allowed | Blocked:
    """What a guard that could not say anything means."""
    guarding.note(placed, Note("error", 1, how))
    if placed.on_error == "pass" or placed.is_flagging:
        return ALLOWED
    reason = "it could not look at this, so it does not pass"
    return Blocked(reason=f'stopped by the guard "{placed.name}": {reason}', code="guard_failed")


def _is_named(name: str | None, names: tuple[str, ...]) -> bool:
    if not names:
        return True
    return name is not None and any(name == one or fnmatchcase(name, one) for one in names)
