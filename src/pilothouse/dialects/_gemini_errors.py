"""Google's error bodies and their status words.

Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto (words by HTTP status).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.dialects._bad_body import NOT_JSON

_encode = msgspec.json.Encoder().encode
_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_CLASSES: dict[int, ErrorClass] = {
    401: "auth",
    403: "auth",
    408: "timeout",
    429: "rate_limited",
    504: "timeout",
}


class _ErrorBody(Struct):
    code: int | None = None
    message: str = ""
    status: str | None = None


class _ErrorIn(Struct):
    error: _ErrorBody | str


_error_in = msgspec.json.Decoder(_ErrorIn)
_errors_in = msgspec.json.Decoder(list[_ErrorIn])


def read_error(body: bytes) -> tuple[str, str | None]:
    """Message and status word, as far as there is one."""
    error = _read(body)
    return error.message, error.status or (None if error.code is None else str(error.code))


def write_error(status: int, message: str, code: str | None, param: str | None) -> bytes:
    """`code` of ours and `param` as Google's error details."""
    word = _WORDS.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    error: dict[str, object] = {"code": status, "message": message, "status": word}
    details: list[dict[str, object]] = []
    if code is not None:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        details.append({"@type": kind, "reason": code, "domain": "pilothouse"})
    if param is not None:
        kind = "type.googleapis.com/google.rpc.BadRequest"
        violation = {"field": param, "description": message}
        details.append({"@type": kind, "fieldViolations": [violation]})
    if details:
        error["details"] = details
    return _encode({"error": error})


def in_band(body: bytes) -> ProviderError:
    """What an error in the middle of a stream means."""
    error = _read(body)
    status = error.code or 0
    kind = _CLASSES.get(status, "caller" if 400 <= status < 500 else "provider_down")
    said = error.message or error.status or "no message"
    return ProviderError(kind, f"an error in the stream: {said}", http_status=error.code)


def _read(body: bytes) -> _ErrorBody:
    """Without `alt=sse` Google wraps a stream's error in a list."""
    try:
        is_list = body.lstrip()[:1] == b"["
        found = _errors_in.decode(body)[0] if is_list else _error_in.decode(body)
    except (*NOT_JSON, IndexError):
        return _ErrorBody()
    return found.error if isinstance(found.error, _ErrorBody) else _ErrorBody(message=found.error)
