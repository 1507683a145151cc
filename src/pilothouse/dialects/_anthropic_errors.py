"""Anthropic's error bodies: read, written, and what each kind means for the next attempt.

Sources: https://platform.claude.com/docs/en/api/errors (types by status) and the vendor's SDK
(`error.details.error_code`, `conflict_error`).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._sse import sse

_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MEANINGS: dict[str, tuple[ErrorClass, int]] = {
    "invalid_request_error": ("caller", 400),
    "authentication_error": ("auth", 401),
    "billing_error": ("auth", 402),
    "permission_error": ("auth", 403),
    "not_found_error": ("caller", 404),
    "conflict_error": ("caller", 409),
    "request_too_large": ("caller", 413),
    "rate_limit_error": ("rate_limited", 429),
    "api_error": ("provider_down", 500),
    "timeout_error": ("timeout", 504),
    "overloaded_error": ("provider_down", 529),
}


class ErrorWire(Struct):
    """`error` of a body or of an event."""

    type: str | None = None
    message: str = ""


class _Body(Struct):
    error: ErrorWire | str


_error_in = msgspec.json.Decoder(_Body)
_encode = msgspec.json.Encoder().encode


def read_error(body: bytes) -> tuple[str, str | None]:
    """Message and type of an error body, as far as it is one; the message may be empty."""
    try:
        error = _error_in.decode(body).error
    except NOT_JSON:
        return "", None
    if isinstance(error, str):
        return error, None
    return error.message, error.type


def error_in_stream(error: ErrorWire | str) -> ProviderError:
    """What an `error` event says, as the failure it is; its status as if it had been the answer's."""
    if isinstance(error, str):
        error = ErrorWire(message=error)
    kind, status = _MEANINGS.get(error.type or "", ("provider_down", 500))
    said = f"{error.type}: {error.message}" if error.type else error.message
    return ProviderError(kind, f"an error in the stream: {said}", http_status=status)


def write_error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    request_id: str | None = None,
) -> bytes:
    """An error body as Anthropic's SDKs expect it; a parameter at fault goes before the message."""
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    said = f"{param}: {message}" if param and param not in message else message
    error: dict[str, Any] = {"type": kind, "message": said}
    if code is not None:
        error["details"] = {"error_code": code}
    return _encode({"type": "error", "error": error, "request_id": request_id})


def error_event(
    status: int, message: str, *, code: str | None = None, request_id: str | None = None
) -> bytes:
    """The same in the middle of a stream."""
    return sse(write_error(status, message, code=code, request_id=request_id), "error")
