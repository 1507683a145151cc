"""The gateway: a request in any dialect, the route its `model` names, the answer in the same dialect."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping

import msgspec

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Client
from pilothouse.client.live import LiveStream
from pilothouse.core.ask import Ask
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import BadRequest, ProviderError, did_you_mean
from pilothouse.core.ports import Reply
from pilothouse.core.request import Request
from pilothouse.core.route import Policy, Route, RouteSpec, Split
from pilothouse.core.secret import Secret
from pilothouse.server.doors import Door, fixed_doors, spoken
from pilothouse.server.http import Exchange, HttpRequest
from pilothouse.server.keepalive import Keepalive
from pilothouse.server.refusals import code_of, id_lines, refuse, refuse_for, status_of

_JSON = "content-type: application/json\r\n"


class Gateway:
    """Handles one HTTP request at a time per connection; holds no state of its own.

    `split_of` says what a running rollout makes of a route now; `policy_of` gives a policy by name.
    """

    def __init__(
        self,
        client: Client,
        routes: Mapping[str, RouteSpec],
        policy_of: Callable[[str], Policy],
        split_of: Callable[[str], Split | None],
        key: Secret | None = None,
        *,
        keepalive_s: float = 15.0,
    ) -> None:
        self._client = client
        self._routes = routes
        self._policies = {name: policy_of(spec.policy) for name, spec in routes.items()}
        self._split_policy = policy_of("sticky_split")
        self._split_of = split_of
        self._key = key.reveal().encode() if key else None
        self._keepalive_s = keepalive_s
        self._doors = fixed_doors()
        self._models = _model_list(routes)

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """Answer one request, whatever it is."""
        door = self._doors.get(http.path)
        if door is None:
            dialect = spoken(http.path, http.headers)
            message = f"there is nothing at {http.path}: see /v1/models"
            refuse(out, dialect, 404, message, code="not_found")
        elif http.method != door.method:
            message = f"{http.path} takes {door.method}"
            refuse(out, door.dialect, 405, message, headers=f"allow: {door.method}\r\n")
        elif door.asks == "health":
            out.send(200, b'{"status":"ok"}')
        elif not self._is_known(http):
            message = "a valid key is needed: Authorization: Bearer ..."
            refuse(out, door.dialect, 401, message, code="invalid_api_key")
        elif door.asks == "models":
            out.send(200, self._models)
        else:
            await self._answer(door, http, out)

    def route(self, request: Request, request_id: str) -> Route | None:
        """Where `request` goes; None when nothing is called by its `model`."""
        spec = self._routes.get(request.model)
        if spec is None:
            return None
        split = self._split_of(spec.name)
        policy = self._policies[spec.name] if split is None else self._split_policy
        return policy(request, spec, split, request_id)

    async def _answer(self, door: Door, http: HttpRequest, out: Exchange) -> None:
        request_id = self._client.new_id()
        dialect = door.dialect
        try:
            envelope = dialect.read_envelope(http.body, model=door.model, stream=door.stream)
        except BadRequest as error:
            status = 422 if error.param else 400
            refuse(out, dialect, status, str(error), param=error.param, request_id=request_id)
            return
        subject = http.headers.get("x-pilothouse-subject")
        if subject:
            envelope = msgspec.structs.replace(envelope, subject=subject)
        ask = Ask(dialect, http.body, envelope)
        brief = Request(model=envelope.model, messages=(), subject=envelope.subject)
        route = self.route(brief, request_id)
        if route is None:
            hint = did_you_mean(envelope.model, self._routes)
            message = f'no route or target is called "{envelope.model}".{hint} (see /v1/models)'
            refuse(
                out,
                dialect,
                404,
                message,
                code="model_not_found",
                param="model",
                request_id=request_id,
            )
        elif envelope.stream:
            await self._stream(dialect, ask, route, request_id, out)
        else:
            await self._whole(dialect, ask, route, request_id, out)

    async def _whole(
        self, dialect: Dialect, ask: Ask, route: Route, request_id: str, out: Exchange
    ) -> None:
        outcome = await self._client.call(ask, route, asked=Asked(request_id=request_id))
        if outcome.reply is not None:
            target = outcome.calls[-1].target
            headers = _JSON + _told(request_id, target, outcome.reply.lost)
            body = _in_dialect(dialect, outcome.reply, outcome.calls[-1].model, request_id)
            out.send(200, body, headers.encode())
        elif outcome.error is not None:
            refuse_for(out, dialect, outcome.error, request_id)

    async def _stream(
        self, dialect: Dialect, ask: Ask, route: Route, request_id: str, out: Exchange
    ) -> None:
        alive = Keepalive(out, dialect.keepalive, self._keepalive_s, id_lines(request_id))
        live: LiveStream | None = None
        try:
            live = await self._client.stream(ask, route, asked=Asked(request_id=request_id))
            alive.start(_told(request_id, live.target.name, live.lost))
            await _relay(live, dialect, ask, request_id, out)
        except ProviderError as error:
            if not out.is_started:
                refuse_for(out, dialect, error, request_id)
                return
            # The caller has part of an answer. A polite end would pass it off as the whole one.
            code = code_of(error)
            status = status_of(error)
            out.write(dialect.error_event(status, str(error), code=code, request_id=request_id))
            out.abort()
        finally:
            alive.stop()
            if live is not None:
                live.close()

    def _is_known(self, http: HttpRequest) -> bool:
        if self._key is None:
            return True
        given = http.headers.get("authorization", "").removeprefix("Bearer ")
        given = given or http.headers.get("x-api-key", "")
        return hmac.compare_digest(given.encode("latin-1", "replace"), self._key)


async def _relay(
    live: LiveStream, dialect: Dialect, ask: Ask, request_id: str, out: Exchange
) -> None:
    """Bytes untouched within a dialect, events written anew across two."""
    writer = None
    if live.dialect != dialect.name:
        writer = dialect.writer(
            model=live.target.model,
            id=request_id,
            created_s=int(time.time()),
            wants_usage=ask.envelope.wants_usage,
        )
    while (piece := await live.next()) is not None:
        data = piece.data
        if writer is not None:
            data = b"".join([writer.write(event) for event in piece.events])
        if data:
            out.write(data)
            if out.is_full:
                await out.drained()
    out.end_stream()


def error_body(status: int, message: str) -> bytes:
    """The body of an error met before any request could be read."""
    return spoken("", {}).write_error(status, message)


def _in_dialect(dialect: Dialect, reply: Reply, model: str, request_id: str) -> bytes:
    if reply.dialect == dialect.name:
        return reply.body
    created_s = int(time.time())
    return dialect.write_answer(reply.answer, model=model, id=request_id, created_s=created_s)


def _told(request_id: str, target: str, lost: tuple[str, ...]) -> str:
    """Headers that say who answered, and what of the request could not be said to it."""
    lines = f"{id_lines(request_id)}x-pilothouse-target: {target}\r\n"
    return f"{lines}x-pilothouse-unsupported: {', '.join(lost)[:1000]}\r\n" if lost else lines


def _model_list(routes: Mapping[str, RouteSpec]) -> bytes:
    models = [
        {"id": name, "object": "model", "created": 0, "owned_by": "pilothouse"} for name in routes
    ]
    return msgspec.json.encode({"object": "list", "data": models})
