"""The admin API's HTTP door: finds the operation, asks for the key, reads, answers, says what was wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, unquote

import msgspec

from pilothouse.core.errors import InvalidInput, NotFound, PilothouseError, StoreError
from pilothouse.server.admin.operation import Asked, Operation, Page, pattern_of
from pilothouse.server.http import Exchange, HttpRequest

log = logging.getLogger("pilothouse.admin")
_JSON = "application/json"
_TYPES = {
    400: "invalid_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    405: "invalid_request",
    409: "conflict",
    422: "invalid_request",
    503: "unavailable",
}


class AdminDoor:
    """`refusal_of` says who may not (status, message), from the Authorization header."""

    def __init__(
        self,
        operations: Sequence[Operation],
        refusal_of: Callable[[str], tuple[int, str] | None],
    ) -> None:
        self._operations = [(pattern_of(o), o) for o in operations]
        self._refusal_of = refusal_of

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """Answer one request, whatever it is."""
        found = [(p.fullmatch(http.path), o) for p, o in self._operations]
        there = [(match, o) for match, o in found if match is not None]
        mine = next(((m, o) for m, o in there if o.method == http.method), None)
        if mine is None or not mine[1].is_open:
            refused = self._refusal_of(http.headers.get("authorization", ""))
            if refused is not None:
                challenge = "www-authenticate: Bearer\r\n" if refused[0] == 401 else ""
                _refuse(out, *refused, lines=challenge)
                return
        if mine is None:
            _refuse_place(out, http, [o for _, o in there])
            return
        match, operation = mine
        try:
            at = {name: unquote(value) for name, value in match.groupdict().items()}
            said = await operation.answer(
                Asked(at, _query(http, operation), _body(http, operation))
            )
        except PilothouseError as error:
            _refuse(out, _status_of(error), str(error))
            return
        if operation.method != "GET":
            log.warning("admin: %s %s", http.method, http.path)
        if isinstance(said, Page):
            _send(out, operation.status, said.body, said.content_type)
        else:
            _send(out, operation.status, msgspec.json.encode(said), _JSON)


def error_body(status: int, message: str, http: HttpRequest | None = None) -> bytes:
    """`{"error": {...}}`."""
    kind = _TYPES.get(status, "internal" if status >= 500 else "invalid_request")
    return msgspec.json.encode({"error": {"type": kind, "message": message}})


def _query(http: HttpRequest, operation: Operation) -> object:
    try:
        pairs = parse_qsl(http.query, keep_blank_values=True, strict_parsing=bool(http.query))
    except ValueError:
        raise InvalidInput(f"?{http.query}: is not a query like ?name=value") from None
    if operation.query is None:
        if pairs:
            raise InvalidInput(f"{operation.path} takes no query")
        return None
    try:
        # Not strict: a number in a query is text.
        return msgspec.convert(dict(pairs), operation.query, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"query: {error}") from None


def _body(http: HttpRequest, operation: Operation) -> object:
    if operation.body is None:
        if http.body:
            raise InvalidInput(f"{operation.method} {operation.path} takes no body")
        return None
    try:
        return msgspec.json.decode(http.body or b"{}", type=operation.body)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"body: {error}") from None
    except msgspec.DecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None


def _refuse_place(out: Exchange, http: HttpRequest, there: Sequence[Operation]) -> None:
    if not there:
        _refuse(out, 404, f"there is nothing at {http.path}: see /admin/openapi.json")
        return
    methods = ", ".join(o.method for o in there)
    _refuse(out, 405, f"{http.path} takes {methods}", lines=f"allow: {methods}\r\n")


def _status_of(error: PilothouseError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, StoreError):
        return 503
    return 422 if isinstance(error, InvalidInput) else 500


def _refuse(out: Exchange, status: int, message: str, *, lines: str = "") -> None:
    _send(out, status, error_body(status, message), _JSON, lines)


def _send(out: Exchange, status: int, body: bytes, content_type: str, lines: str = "") -> None:
    head = f"content-type: {content_type}\r\ncache-control: no-store\r\n{lines}"
    out.send(status, body, head.encode("latin-1", "replace"))
