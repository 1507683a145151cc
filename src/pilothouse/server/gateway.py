"""The gateway: a request in OpenAI's dialect, the route its `model` names, the answer's bytes."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

import msgspec

from pilothouse.client.caller import Asked, Client
from pilothouse.core.errors import BadRequest, ProviderError, did_you_mean
from pilothouse.core.ports import Chunk
from pilothouse.core.request import Request
from pilothouse.core.route import Policy, Route, RouteSpec, Split
from pilothouse.core.secret import Secret
from pilothouse.dialects.openai_chat import plugin as dialect
from pilothouse.server.http import Exchange, HttpRequest

_STREAM_HEADERS = (
    b"content-type: text/event-stream\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n"
)
_STATUS_BY_CLASS = {
    "auth": 502,
    "rate_limited": 429,
    "refused": 400,
    "provider_down": 502,
    "timeout": 504,
    "garbage": 502,
    "cut": 502,
    "caller": 400,
}
_CALLER_STATUSES = {400, 404, 413, 422}


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
    ) -> None:
        self._client = client
        self._routes = routes
        self._policies = {name: policy_of(spec.policy) for name, spec in routes.items()}
        self._split_policy = policy_of("sticky_split")
        self._split_of = split_of
        self._key = key.reveal().encode() if key else None
        self._models = _model_list(routes)

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """Answer one request, whatever it is."""
        path = http.path.removeprefix("/v1")
        allowed = _PATHS.get(path)
        if allowed is None or (path == http.path and path != "/healthz"):
            _refuse(out, 404, f"there is nothing at {http.path}: see /v1/models", code="not_found")
        elif http.method != allowed:
            _refuse(out, 405, f"{http.path} takes {allowed}", headers=f"allow: {allowed}\r\n")
        elif path == "/healthz":
            out.send(200, b'{"status":"ok"}')
        elif not self._is_known(http):
            _refuse(
                out, 401, "a valid key is needed: Authorization: Bearer ...", code="invalid_api_key"
            )
        elif path == "/models":
            out.send(200, self._models)
        else:
            await self._chat(http, out)

    def route(self, request: Request, request_id: str) -> Route | None:
        """Where `request` goes; None when nothing is called by its `model`."""
        spec = self._routes.get(request.model)
        if spec is None:
            return None
        split = self._split_of(spec.name)
        policy = self._policies[spec.name] if split is None else self._split_policy
        return policy(request, spec, split, request_id)

    async def _chat(self, http: HttpRequest, out: Exchange) -> None:
        request_id = self._client.new_id()
        id_line = f"x-request-id: {request_id}\r\n"
        try:
            request = dialect.read_request(http.body)
        except BadRequest as error:
            status = 422 if error.param else 400
            _refuse(out, status, str(error), param=error.param, headers=id_line)
            return
        subject = http.headers.get("x-pilothouse-subject")
        if subject:
            request = msgspec.structs.replace(request, subject=subject)
        route = self.route(request, request_id)
        if route is None:
            hint = did_you_mean(request.model, self._routes)
            message = f'no route or target is called "{request.model}".{hint} (see /v1/models)'
            _refuse(out, 404, message, code="model_not_found", param="model", headers=id_line)
        elif request.stream:
            await self._stream(http.body, request, route, request_id, out)
        else:
            await self._whole(http.body, request, route, request_id, out)

    async def _whole(
        self, body: bytes, request: Request, route: Route, request_id: str, out: Exchange
    ) -> None:
        asked = Asked(request_id=request_id)
        outcome = await self._client.call(request, route, asked=asked, body=body)
        if outcome.reply is not None:
            headers = f"content-type: application/json\r\nx-request-id: {request_id}\r\n"
            out.send(200, outcome.reply.body, headers.encode())
        elif outcome.error is not None:
            _refuse_for(out, outcome.error, request_id)

    async def _stream(
        self, body: bytes, request: Request, route: Route, request_id: str, out: Exchange
    ) -> None:
        wants_usage = dialect.wants_usage(body)
        chunks = self._client.stream(request, route, asked=Asked(request_id=request_id), body=body)
        try:
            async for chunk in chunks:
                if not out.is_started:
                    out.start_stream(_STREAM_HEADERS + f"x-request-id: {request_id}\r\n".encode())
                if _is_for_caller(chunk, wants_usage):
                    await out.write(chunk.data)
            out.end_stream()
        except ProviderError as error:
            if not out.is_started:
                _refuse_for(out, error, request_id)
                return
            # The caller has part of an answer. A polite end would pass it off as the whole one.
            status = _status(error)
            event = dialect.write_error(status, str(error), code=error.kind)
            await out.write(b"data: " + event + b"\n\n")
            out.abort()
        finally:
            await chunks.aclose()

    def _is_known(self, http: HttpRequest) -> bool:
        if self._key is None:
            return True
        given = http.headers.get("authorization", "").removeprefix("Bearer ")
        given = given or http.headers.get("x-api-key", "")
        return hmac.compare_digest(given.encode("latin-1", "replace"), self._key)


_PATHS = {"/chat/completions": "POST", "/models": "GET", "/healthz": "GET"}


def error_body(status: int, message: str) -> bytes:
    """The body of an error met before any request could be read."""
    return dialect.write_error(status, message)


def _is_for_caller(chunk: Chunk, wants_usage: bool) -> bool:
    """Usage is always asked of the provider, and passed on only to callers who asked for it."""
    return wants_usage or chunk.kind != "usage"


def _status(error: ProviderError) -> int:
    if error.kind == "caller" and error.http_status in _CALLER_STATUSES:
        return error.http_status
    return _STATUS_BY_CLASS.get(error.kind, 502)


def _refuse_for(out: Exchange, error: ProviderError, request_id: str) -> None:
    """The route is exhausted: the caller's SDK must not multiply our attempts by its own."""
    headers = f"x-request-id: {request_id}\r\nx-should-retry: false\r\n"
    if error.retry_after_s is not None:
        headers += f"retry-after: {max(1, round(error.retry_after_s))}\r\n"
    code = "content_filter" if error.kind == "refused" else error.kind
    _refuse(out, _status(error), str(error), code=code, headers=headers)


def _refuse(
    out: Exchange,
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: str = "",
) -> None:
    body = dialect.write_error(status, message, code=code, param=param)
    out.send(status, body, b"content-type: application/json\r\n" + headers.encode())


def _model_list(routes: Mapping[str, RouteSpec]) -> bytes:
    models = [
        {"id": name, "object": "model", "created": 0, "owned_by": "pilothouse"} for name in routes
    ]
    return msgspec.json.encode({"object": "list", "data": models})
