"""Answers: a request in any dialect, the route its `model` names, the answer in the same dialect."""

from __future__ import annotations

import time
from time import monotonic

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.client.admission import Admissions, Hold
from pilothouse.client.attempt import Asked
from pilothouse.client.cache.answers import AnswerCache, Looked
from pilothouse.client.cache.control import read_control
from pilothouse.client.cache.entry import with_answer
from pilothouse.client.cache.record import call_of_hit
from pilothouse.client.caller import Client
from pilothouse.client.continuation import ContinuedStream
from pilothouse.client.guarded_stream import GuardedStream
from pilothouse.client.guarding import BLOCKED_CODE, BLOCKED_STATUS, GuardBook, Guarding
from pilothouse.client.keyring import Holder
from pilothouse.client.live import LiveStream
from pilothouse.client.sampling import Sampler
from pilothouse.client.shadow import Shadows
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.dialect import Dialect, StreamWriter
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.guard import Blocked
from pilothouse.core.limits import Refused
from pilothouse.core.ports import Reply
from pilothouse.core.route import Route, RouteSpec
from pilothouse.server.doors import Door
from pilothouse.server.guarded import guarded_ask, guarding_for, refuse_blocked
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.keepalive import Keepalive
from pilothouse.server.kept import give
from pilothouse.server.refusals import (
    code_of,
    header_text,
    id_lines,
    refuse,
    refuse_bad,
    refuse_for,
    refuse_limited,
    refuse_unknown,
    status_of,
)
from pilothouse.server.routes import Routes, asked_by, facts_of

_JSON = "content-type: application/json\r\n"
_NO_QUESTION = frozenset({"caller", "cancelled"})
"""How a request ends that says nothing of who was asked."""


class Answers:
    """Handles requests for an answer; holds no state of its own."""

    def __init__(
        self,
        client: Client,
        routes: Routes,
        admissions: Admissions | None,
        cache: AnswerCache | None,
        shadows: Shadows | None,
        guards: GuardBook | None,
        sampler: Sampler | None = None,
        *,
        keepalive_s: float,
    ) -> None:
        self._sampler = sampler
        self._client = client
        self._routes = routes
        self._admissions = admissions
        self._cache = cache
        self._shadows = shadows
        self._guards = guards
        self._keepalive_s = keepalive_s

    async def answer(
        self, door: Door, http: HttpRequest, out: Exchange, holder: Holder | None
    ) -> None:
        """One request."""
        request_id = self._client.new_id()
        dialect = door.dialect
        try:
            envelope = dialect.read_envelope(http.body, model=door.model, stream=door.stream)
        except BadRequest as error:
            refuse_bad(out, dialect, error, request_id)
            return
        spec = self._routes.spec(envelope.model, holder)
        if spec is None:
            message = self._routes.unknown(envelope.model, holder)
            refuse_unknown(out, dialect, message, request_id)
            return
        ask = Ask(dialect, http.body, envelope, headers=http.headers)
        guarding = guarding_for(self._guards, spec.name, holder)
        if guarding is None:
            await self._routed(ask, spec, request_id, out, holder)
            return
        try:
            await self._guarded(ask, spec, request_id, out, holder, guarding)
        finally:
            guarding.tell(request_id)

    async def _guarded(
        self,
        ask: Ask,
        spec: RouteSpec,
        request_id: str,
        out: Exchange,
        holder: Holder | None,
        guarding: Guarding,
    ) -> None:
        """The same for a request that passes guards: they see it before anything else does."""
        dialect = ask.dialect
        assert dialect is not None
        try:
            found = await guarded_ask(guarding, ask)
        except BadRequest as error:
            refuse_bad(out, dialect, error, request_id)
            return
        if isinstance(found, Blocked):
            refuse_blocked(out, dialect, found, guarding, request_id)
            return
        await self._routed(found, spec, request_id, out, holder, guarding)

    async def _routed(
        self,
        ask: Ask,
        spec: RouteSpec,
        request_id: str,
        out: Exchange,
        holder: Holder | None,
        guarding: Guarding | None = None,
    ) -> None:
        """Where it goes, and whether its answer is kept already."""
        dialect = ask.dialect
        assert dialect is not None
        facts = facts_of(ask.headers, ask.envelope, request_id, dialect.name, holder)
        try:
            route = self._routes.route(facts, spec, ask)
        except BadRequest as error:
            refuse(out, dialect, 422, str(error), param=error.param, request_id=request_id)
            return
        asked = asked_by(ask.headers, holder, request_id)
        one = _One(dialect, ask, spec, route, asked, request_id, [], guarding)
        if self._cache is None:
            await self._asked(one, out, holder)
            return
        try:
            looked = await self._cache.look(ask, route, spec, holder, read_control(ask.headers))
        except BadRequest as error:
            refuse(out, dialect, 422, str(error), param=error.param, request_id=request_id)
            return
        with looked:
            if looked.entry is not None:
                await self._given(one, looked, out)
            elif looked.is_refused:
                message = "no kept answer, and only-if-cached was said"
                refuse(out, dialect, 504, message, code="not_cached", request_id=request_id)
            else:
                await self._asked(one, out, holder, looked)

    async def _given(self, one: _One, looked: Looked, out: Exchange) -> None:
        """A kept answer. It was kept as it came, so it passes the guards like a new one."""
        entry, saved, client = looked.entry, looked.saved, self._client
        assert entry is not None and saved is not None and self._cache is not None
        started_s = monotonic()
        if one.guarding is not None:
            kept = entry.answer
            found = await one.guarding.after(kept)
            if isinstance(found, Blocked):
                refuse_blocked(out, one.dialect, found, one.guarding, one.request_id)
                return
            entry = entry if found is kept else with_answer(entry, found)
        lines = _told(one, entry.target, entry.lost, None, looked)
        created_s = int(time.time())
        give(
            entry, one.dialect, one.ask, out, id=one.request_id, created_s=created_s, headers=lines
        )
        row = call_of_hit(
            entry,
            saved,
            one.route,
            one.asked,
            id=client.new_id(),
            request_id=one.request_id,
            at_us=self._cache.now_us(),
            latency_ms=(monotonic() - started_s) * 1000,
            is_stream=one.ask.envelope.stream,
        )
        client.record(row)

    async def _asked(
        self, one: _One, out: Exchange, holder: Holder | None, looked: Looked | None = None
    ) -> None:
        """Limits, attempts, and what they came to."""
        dialect, request_id = one.dialect, one.request_id
        hold = None
        if self._admissions is not None:
            hold = await self._admissions.admit(holder, one.ask, one.route, request_id)
            if isinstance(hold, Refused):
                refuse_limited(out, dialect, hold, request_id)
                return
        answer = self._stream if one.ask.envelope.stream else self._whole
        try:
            await answer(one, out, hold, looked)
        finally:
            if hold is not None:
                hold.settle(one.calls)
        if not one.calls or one.calls[-1].error_class in _NO_QUESTION:
            return
        # Failed ones too: a sample of what went well would flatter whoever is judged by it.
        if self._sampler is not None:
            at_us = one.calls[0].at_us
            self._sampler.take(one.ask, one.spec.name, one.asked.tag, request_id, at_us)
        if one.calls[-1].status != "ok":
            return
        if one.spec.shadow is not None and self._shadows is not None:
            self._shadows.start(one.ask, one.route, one.spec, request_id)

    async def _whole(
        self, one: _One, out: Exchange, hold: Hold | None, looked: Looked | None
    ) -> None:
        outcome = await self._client.call(
            one.ask, one.route, asked=one.asked, spec=one.spec, calls=one.calls
        )
        if outcome.reply is not None:
            last = outcome.calls[-1]
            reply = outcome.reply
            if one.guarding is not None:
                found = await one.guarding.after(reply.answer)
                if isinstance(found, Blocked):
                    refuse_blocked(out, one.dialect, found, one.guarding, one.request_id)
                    return
                if found is not reply.answer:
                    reply = replace(reply, answer=found, dialect="")
            headers = _JSON + _told(one, last.target, reply.lost, hold, looked)
            body = _in_dialect(one, reply, last.model)
            out.send(200, body, headers.encode())
            if looked is not None:
                await looked.keep(outcome.reply, last)
        elif outcome.error is not None:
            refuse_for(out, one.dialect, outcome.error, one.request_id)

    async def _stream(
        self, one: _One, out: Exchange, hold: Hold | None, looked: Looked | None
    ) -> None:
        dialect, request_id = one.dialect, one.request_id
        alive = Keepalive(out, dialect.keepalive, self._keepalive_s, id_lines(request_id))
        live: LiveStream | ContinuedStream | None = None
        writer: StreamWriter | None = None
        try:
            live = await self._client.stream(
                one.ask, one.route, asked=one.asked, spec=one.spec, calls=one.calls
            )
            first = live.target
            alive.start(_told(one, first.name, live.lost, hold, looked))
            guards = None
            if one.guarding is not None:
                guards = GuardedStream(one.guarding)
                guards = guards if guards.is_needed else None
            if live.dialect != dialect.name or guards is not None:
                writer = _writer(one, first.model)
            found = await _relay(live, writer, out, looked, guards)
            if found is not None:
                assert writer is not None
                out.write(writer.fail(BLOCKED_STATUS, found.reason, code=BLOCKED_CODE))
                out.abort()
                return
            if looked is not None and live.target is first:  # not what two models said together
                await looked.keep_heard(live.dialect, one.calls[-1])
        except ProviderError as error:
            if not out.is_started:
                refuse_for(out, dialect, error, request_id)
                return
            # The caller has part of an answer. A polite end would pass it off as the whole one.
            code, status = code_of(error), status_of(error)
            if writer is not None:
                out.write(writer.fail(status, str(error), code=code))
            else:
                said = dialect.error_event(status, str(error), code=code, request_id=request_id)
                out.write(said)
            out.abort()
        finally:
            alive.stop()
            if live is not None:
                live.close()


class _One(Struct, frozen=True):
    """One request on its way through."""

    dialect: Dialect
    ask: Ask
    spec: RouteSpec
    route: Route
    asked: Asked
    request_id: str
    calls: list[Call]
    """Its attempts so far."""
    guarding: Guarding | None = None


async def _relay(
    live: LiveStream | ContinuedStream,
    writer: StreamWriter | None,
    out: Exchange,
    looked: Looked | None,
    guards: GuardedStream | None,
) -> Blocked | None:
    """Bytes untouched within a dialect, events written anew across two and through guards.

    A guard's no ends it: nothing of what it was said to has gone out.
    """
    while (piece := await live.next()) is not None:
        data = piece.data
        if looked is not None:
            looked.hear(piece.events)
        if writer is not None and (guards is not None or not piece.is_ours):
            events = piece.events
            if guards is not None:
                found = guards.feed(events)
                if isinstance(found, Blocked):
                    return found
                events = found
            data = b"".join([writer.write(event) for event in events])
        if data:
            out.write(data)
            if out.is_full:
                await out.drained()
    out.end_stream()
    return None


def _writer(one: _One, model: str) -> StreamWriter:
    return one.dialect.writer(
        model=model,
        id=one.request_id,
        created_s=int(time.time()),
        wants_usage=one.ask.envelope.wants_usage,
    )


def _in_dialect(one: _One, reply: Reply, model: str) -> bytes:
    if reply.dialect == one.dialect.name:
        return reply.body
    return one.dialect.write_answer(
        reply.answer, model=model, id=one.request_id, created_s=int(time.time())
    )


def _told(
    one: _One,
    target: str,
    lost: tuple[str, ...],
    hold: Hold | None,
    looked: Looked | None = None,
) -> str:
    """Headers that say who answered, what could not be said to it, and what is left of the limits."""
    lines = f"{id_lines(one.request_id)}x-pilothouse-target: {target}\r\n"
    if hold is not None:
        lines += hold.lines()
    if looked is not None:
        lines += looked.headers
    if one.guarding is not None:
        lines += one.guarding.line
    if not lost or one.spec.unsupported == "drop":
        return lines
    return f"{lines}x-pilothouse-unsupported: {header_text(lost)}\r\n"
