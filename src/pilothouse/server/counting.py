"""How many tokens a question would have, before it is asked: the vendor's own count, else ours.

Nobody is billed for it and nothing is recorded. A vendor that fails to count does not fail the caller: ours
is the answer then, and a header says which one it is.
"""

from __future__ import annotations

import asyncio
import logging

from pilothouse.catalog.request_tokens import count_request
from pilothouse.client.caller import Client
from pilothouse.client.guarding import GuardBook
from pilothouse.client.keyring import Holder
from pilothouse.core.counting import CountAsk, CountingDialect
from pilothouse.core.dialect import Envelope
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.guard import Blocked
from pilothouse.core.route import RouteSpec, Target
from pilothouse.server.doors import Door
from pilothouse.server.guarded import guarding_for, refuse_blocked
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.refusals import id_lines, refuse_bad, refuse_for, refuse_unknown
from pilothouse.server.routes import Routes, facts_of

log = logging.getLogger("pilothouse.counting")
_ITS_FAULT = ("caller", "context_window", "refused")
"""What the vendor says of the question itself; the caller hears it."""


class Counting:
    """`POST /v1/messages/count_tokens` and Gemini's `:countTokens`."""

    def __init__(self, client: Client, routes: Routes, guards: GuardBook | None = None) -> None:
        self._client = client
        self._routes = routes
        self._guards = guards

    async def answer(
        self, door: Door, http: HttpRequest, out: Exchange, holder: Holder | None
    ) -> None:
        """One question."""
        request_id = self._client.new_id()
        dialect = door.dialect
        assert isinstance(dialect, CountingDialect)
        try:
            model = door.model or dialect.read_envelope(http.body).model
            spec = self._routes.spec(model, holder)
            if spec is None:
                message = self._routes.unknown(model, holder)
                refuse_unknown(out, door.dialect, message, request_id)
                return
            ask = CountAsk(dialect, http.body, model, http.headers)
            guarding = guarding_for(self._guards, spec.name, holder)
            if guarding is not None:
                found = await guarding.before(ask.request)
                guarding.tell(request_id)
                if isinstance(found, Blocked):
                    refuse_blocked(out, door.dialect, found, guarding, request_id)
                    return
                ask = ask if found is ask.request else ask.replaced(found)
            target = self._target(ask, spec, http, request_id, holder)
            tokens, is_exact = await self._count(ask, target, spec)
        except BadRequest as error:
            refuse_bad(out, door.dialect, error, request_id)
            return
        except ProviderError as error:
            refuse_for(out, door.dialect, error, request_id)
            return
        how = "exact" if is_exact else "estimated"
        lines = (
            f"content-type: application/json\r\n{id_lines(request_id)}"
            f"x-pilothouse-target: {target.name}\r\nx-pilothouse-count: {how}\r\n"
            f"{'' if guarding is None else guarding.line}"
        )
        out.send(200, dialect.write_count(tokens), lines.encode())

    def _target(
        self,
        ask: CountAsk,
        spec: RouteSpec,
        http: HttpRequest,
        request_id: str,
        holder: Holder | None,
    ) -> Target:
        """Whoever would be asked first, were it asked now."""
        facts = facts_of(
            http.headers, Envelope(model=ask.model), request_id, ask.dialect.name, holder
        )
        return self._routes.route(facts, spec, ask).targets[0]

    async def _count(self, ask: CountAsk, target: Target, spec: RouteSpec) -> tuple[int, bool]:
        """Tokens, and whether that is their true number."""
        try:
            tokens = await self._client.count(ask, target, spec=spec)
        except ProviderError as error:
            if error.kind in _ITS_FAULT:
                raise
            log.warning("%s did not count tokens, so we do: %s", target.provider, error)
            tokens = None
        if tokens is not None:
            return tokens, True
        # A vocabulary is loaded once and long texts take their time: not on the loop.
        found = await asyncio.to_thread(count_request, target.priced_as, ask.request)
        return found.tokens, found.method == "exact"
