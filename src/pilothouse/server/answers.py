"""Answers: a request in any dialect, the route its `model` names, the answer in the same dialect."""

from __future__ import annotations

import time
from time import monotonic

from msgspec.structs import replace

from pilothouse.client.admission import Admissions, Hold
from pilothouse.client.cache.answers import AnswerCache, Looked
from pilothouse.client.cache.control import read_control
from pilothouse.client.cache.entry import with_answer
from pilothouse.client.cache.record import call_of_hit
from pilothouse.client.caller import Client
from pilothouse.client.cascade import AnyStream, Cascade
from pilothouse.client.checking import Checked
from pilothouse.client.guarded_stream import GuardedStream
from pilothouse.client.guarding import BLOCKED_CODE, BLOCKED_STATUS, GuardBook, Guarding
from pilothouse.client.keyring import Holder
from pilothouse.client.sampling import Sampler
from pilothouse.client.shadow import Shadows
from pilothouse.client.upgrades import Upgrades
from pilothouse.core.ask import Ask
from pilothouse.core.dialect import StreamWriter
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.guard import Blocked
from pilothouse.core.limits import Refused
from pilothouse.core.route import RouteSpec
from pilothouse.server.doors import Door
from pilothouse.server.guarded import guarded_ask, guarding_for, refuse_blocked
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.job_intake import key_id
from pilothouse.server.keepalive import Keepalive
from pilothouse.server.kept import give
from pilothouse.server.one_request import (
    Given,
    One,
    in_dialect,
    listeners,
    offer_line,
    relay,
    told,
    writer_for,
)
from pilothouse.server.refusals import (
    code_of,
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
        upgrades: Upgrades | None = None,
        *,
        cascade: Cascade | None = None,
        keepalive_s: float,
    ) -> None:
        self._sampler = sampler
        self._upgrades = upgrades
        self._client = client
        self._cascade = cascade or Cascade(client)
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
        one = One(dialect, ask, spec, route, asked, request_id, [], Checked(), guarding)
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

    async def _given(self, one: One, looked: Looked, out: Exchange) -> None:
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
        lines = told(one, entry.target, entry.lost, None, looked)
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
        self, one: One, out: Exchange, holder: Holder | None, looked: Looked | None = None
    ) -> None:
        """Limits, attempts, and what they came to."""
        dialect, request_id = one.dialect, one.request_id
        hold = None
        if self._admissions is not None:
            hold = await self._admissions.admit(
                holder, one.ask, one.route, request_id, one.spec.check
            )
            if isinstance(hold, Refused):
                refuse_limited(out, dialect, hold, request_id)
                return
        try:
            if one.spec.upgrade is not None and self._upgrades is not None:
                await self._offered(one, self._upgrades, out, holder, hold, looked)
            else:
                await self._first(one, out, hold, looked)
        finally:
            if hold is not None:
                hold.settle((*one.calls, *one.checked.calls))
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

    async def _offered(
        self,
        one: One,
        upgrades: Upgrades,
        out: Exchange,
        holder: Holder | None,
        hold: Hold | None,
        looked: Looked | None,
    ) -> None:
        """An answer now, and perhaps a better one later."""
        offer = upgrades.offer(
            one.ask, one.route, one.spec, one.asked, key_id(holder), one.guarding
        )
        first = None
        try:
            one = replace(one, offer=offer)
            first = await self._first(one, out, hold, looked)
        finally:
            if offer is not None and first is not None:
                upgrades.begin(offer, one.calls[-1], first.answer)
            elif offer is not None:
                upgrades.drop(offer)

    async def _first(
        self, one: One, out: Exchange, hold: Hold | None, looked: Looked | None
    ) -> Given | None:
        """The answer to the caller; None = there was none that he could be given."""
        if one.ask.envelope.stream:
            return await self._stream(one, out, hold, looked)
        return await self._whole(one, out, hold, looked)

    async def _whole(
        self, one: One, out: Exchange, hold: Hold | None, looked: Looked | None
    ) -> Given | None:
        outcome = await self._cascade.call(
            one.ask,
            one.route,
            asked=one.asked,
            spec=one.spec,
            calls=one.calls,
            checked=one.checked,
        )
        if outcome.reply is not None:
            last = outcome.calls[-1]
            reply = outcome.reply
            if one.guarding is not None:
                found = await one.guarding.after(reply.answer)
                if isinstance(found, Blocked):
                    refuse_blocked(out, one.dialect, found, one.guarding, one.request_id)
                    return None
                if found is not reply.answer:
                    reply = replace(reply, answer=found, dialect="")
            headers = _JSON + told(one, last.target, reply.lost, hold, looked)
            body = in_dialect(one, reply, last.model)
            out.send(200, body, headers.encode())
            if looked is not None and last.target not in one.checked.refused:
                await looked.keep(outcome.reply, last)
            return Given(outcome.reply.answer)
        if outcome.error is not None:
            refuse_for(out, one.dialect, outcome.error, one.request_id)
        return None

    async def _stream(
        self, one: One, out: Exchange, hold: Hold | None, looked: Looked | None
    ) -> Given | None:
        dialect, request_id = one.dialect, one.request_id
        early = id_lines(request_id) + offer_line(one)
        alive = Keepalive(out, dialect.keepalive, self._keepalive_s, early)
        live: AnyStream | None = None
        writer: StreamWriter | None = None
        try:
            live = await self._cascade.stream(
                one.ask,
                one.route,
                asked=one.asked,
                spec=one.spec,
                calls=one.calls,
                checked=one.checked,
            )
            first = live.target
            alive.start(told(one, first.name, live.lost, hold, looked))
            guards = None
            if one.guarding is not None:
                guards = GuardedStream(one.guarding)
                guards = guards if guards.is_needed else None
            if live.dialect != dialect.name or guards is not None:
                writer = writer_for(one, first.model)
            found = await relay(live, writer, out, listeners(one, looked), guards)
            if found is not None:
                assert writer is not None
                out.write(writer.fail(BLOCKED_STATUS, found.reason, code=BLOCKED_CODE))
                out.abort()
                return None
            is_fit = live.target is first  # not what two models said together
            if looked is not None and is_fit and first.name not in one.checked.refused:
                await looked.keep_heard(live.dialect, one.calls[-1])
            return Given(one.offer.heard() if one.offer is not None else None)
        except ProviderError as error:
            if not out.is_started:
                refuse_for(out, dialect, error, request_id)
                return None
            # The caller has part of an answer. A polite end would pass it off as the whole one.
            code, status = code_of(error), status_of(error)
            if writer is not None:
                out.write(writer.fail(status, str(error), code=code))
            else:
                said = dialect.error_event(status, str(error), code=code, request_id=request_id)
                out.write(said)
            out.abort()
            return None
        finally:
            alive.stop()
            if live is not None:
                live.close()
