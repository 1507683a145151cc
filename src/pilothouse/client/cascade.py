"""A request on a route with a check: the next target is asked when the answer before it is not taken.

The last target's answer counts whatever it is. Where later targets only fail, the answer that was not taken counts
after all: it is the best there is. Without a check this is the client itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from time import monotonic

from msgspec.structs import replace

from pilothouse.client.attempt import Asked
from pilothouse.client.cache.replay import Gathering
from pilothouse.client.caller import SERVE, Client, Outcome
from pilothouse.client.checking import Checked, Checking, Note
from pilothouse.client.continuation import ContinuedStream
from pilothouse.client.live import LiveStream
from pilothouse.core.answer import Answer, Event, TextDelta
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import Piece, Reply
from pilothouse.core.route import Check, Route, RouteSpec, Target


class HeldStream:
    """A stream that came to its end before its caller was given any of it. Behaves as `LiveStream`."""

    __slots__ = ("_pieces", "answer", "dialect", "lost", "target")

    def __init__(
        self, live: LiveStream | ContinuedStream, pieces: list[Piece], answer: Answer | None
    ) -> None:
        self.dialect = live.dialect
        self.lost = live.lost
        self.target = live.target
        self.answer = answer
        """None = it cannot be put together."""
        self._pieces = pieces[::-1]

    async def next(self) -> Piece | None:
        """What came; None at the end."""
        return self._pieces.pop() if self._pieces else None

    def close(self) -> None:
        """It is over already."""


AnyStream = LiveStream | ContinuedStream | HeldStream


class Cascade:
    """Asks for answers, and checks them where the route says so. `note` is told every verdict."""

    def __init__(self, client: Client, note: Note | None = None) -> None:
        self._client = client
        self._note = note

    async def call(
        self,
        ask: Ask,
        route: Route,
        *,
        spec: RouteSpec,
        calls: list[Call],
        checked: Checked,
        asked: Asked = SERVE,
    ) -> Outcome:
        """As `Client.call`. The last of `calls` is who answered; `checked` gets who was refused."""
        if spec.check is None:
            return await self._client.call(ask, route, asked=asked, spec=spec, calls=calls)
        way = _Way(route, spec)
        refused: tuple[Reply, Call] | None = None
        asked = replace(asked, request_id=asked.request_id or self._client.new_id())
        checking = self._checking(ask, spec.check, way, asked, checked)
        try:
            while True:
                outcome = await self._client.call(
                    ask, way.route, asked=asked, spec=way.spec(), calls=calls
                )
                if outcome.reply is None:
                    if refused is None:
                        return outcome
                    break
                way.answered(calls[-1].target)
                if not way.is_checked or await self._takes(
                    checking, outcome.reply.answer, calls[-1], checked
                ):
                    return outcome
                refused = outcome.reply, calls[-1]
                if way.is_late:
                    break
        finally:
            await checking.close()
        reply, call = refused
        _last(calls, call)
        return Outcome(reply=reply, error=None, calls=tuple(calls))

    async def stream(
        self,
        ask: Ask,
        route: Route,
        *,
        spec: RouteSpec,
        calls: list[Call],
        checked: Checked,
        asked: Asked = SERVE,
    ) -> AnyStream:
        """As `Client.stream`: what is checked is held back until it is taken, the last target's is not."""
        if spec.check is None:
            return await self._client.stream(ask, route, asked=asked, spec=spec, calls=calls)
        way = _Way(route, spec)
        refused: tuple[HeldStream, Call] | None = None
        asked = replace(asked, request_id=asked.request_id or self._client.new_id())
        checking = self._checking(ask, spec.check, way, asked, checked)
        try:
            while True:
                try:
                    live = await self._client.stream(
                        ask, way.route, asked=asked, spec=way.spec(), calls=calls
                    )
                except ProviderError:
                    if refused is None:
                        raise
                    break
                way.answered(live.target.name)
                if not way.is_checked:
                    return live
                try:
                    held = await _held(live)
                except ProviderError:
                    if not way.is_late:
                        continue  # nobody has seen any of it
                    if refused is None:
                        raise
                    break
                if await self._takes(checking, held.answer, calls[-1], checked):
                    return held
                refused = held, calls[-1]
                if way.is_late:
                    break
        finally:
            await checking.close()
        held, call = refused
        _last(calls, call)
        return held

    def _checking(
        self, ask: Ask, check: Check, way: _Way, asked: Asked, checked: Checked
    ) -> Checking:
        checking = Checking(self._client, check, ask, way.route.name, asked, checked)
        if len(way.route.targets) > 1:
            checking.begin()
        return checking

    async def _takes(
        self, checking: Checking, answer: Answer | None, call: Call, checked: Checked
    ) -> bool:
        verdict = await checking.verdict(answer)
        if verdict.said != "taken":
            checked.refused.append(call.target)
        if self._note is not None:
            self._note(call, verdict)
        return verdict.said == "taken"


class _Way:
    """How far a request has come: who is left, and how long."""

    def __init__(self, route: Route, spec: RouteSpec) -> None:
        self.route = route
        self.is_checked = True
        """Whether the last answer is to be checked: somebody else could be asked."""
        self._final = (route.final or route.targets[-1]).name
        self._spec = spec
        total_s = spec.timeouts.total_s
        self._until_s = None if total_s is None else monotonic() + total_s

    @property
    def is_late(self) -> bool:
        """Whether there is no time left to ask anybody."""
        return self._until_s is not None and monotonic() >= self._until_s

    def spec(self) -> RouteSpec:
        """How the rest is asked: within what is left of the time."""
        timeouts = self._spec.timeouts
        if self._until_s is None or timeouts.total_s is None:
            return self._spec
        # Whole seconds: providers remember limits that they have seen.
        left_s = min(timeouts.total_s, max(1.0, float(ceil(self._until_s - monotonic()))))
        return replace(self._spec, timeouts=replace(timeouts, total_s=left_s))

    def answered(self, target: str) -> None:
        """What is left of the route after it; nothing after the final one, or one that is only a fallback."""
        names = [each.name for each in self.route.targets]
        rest: Sequence[Target] = ()
        if target in names and target != self._final:
            rest = self.route.targets[names.index(target) + 1 :]
        self.is_checked = bool(rest)
        if rest:
            self.route = replace(self.route, targets=tuple(rest))


async def _held(live: LiveStream | ContinuedStream) -> HeldStream:
    """All of a stream. Raises `ProviderError` when it breaks; its row is written either way."""
    pieces: list[Piece] = []
    gathering = Gathering()
    try:
        while (piece := await live.next()) is not None:
            pieces.append(piece)
            gathering.add([_bare(event) for event in piece.events])
    finally:
        live.close()
    return HeldStream(live, pieces, gathering.answer())


def _bare(event: Event) -> Event:
    """Log probabilities in pieces cannot be put together, and no check reads them."""
    if isinstance(event, TextDelta) and event.logprobs is not None:
        return TextDelta(event.text, event.choice)
    return event


def _last(calls: list[Call], call: Call) -> None:
    """Whose answer counts stands last, though others were asked, and failed, after it."""
    calls.remove(call)
    calls.append(call)
