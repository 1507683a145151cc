"""The error body of every OpenAI endpoint, and what an error inside an answer means."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.dialects._bad_body import NOT_JSON


class ErrorBody(Struct):
    """What is inside `error`."""

    message: str | None = ""
    code: str | int | None = None
    type: str | None = None


class _ErrorIn(Struct):
    error: ErrorBody | str


_error_in = msgspec.json.Decoder(_ErrorIn)
_encode = msgspec.json.Encoder().encode
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_KINDS: dict[str, ErrorClass] = {
    "rate_limit_exceeded": "rate_limited",
    "insufficient_quota": "rate_limited",
    "content_filter": "refused",
    "content_policy_violation": "refused",
    "image_content_policy_violation": "refused",
    "bio_policy": "refused",
    "misalignment_policy_violation": "refused",
    "invalid_prompt": "caller",
    "invalid_request_error": "caller",
    "context_length_exceeded": "caller",
    "invalid_api_key": "auth",
}


def read_error(body: bytes) -> tuple[str, str | None]:
    """Message and code (or type) of an error body, as far as it is one."""
    try:
        error = _error_in.decode(body).error
    except NOT_JSON:
        return "", None
    if isinstance(error, str):
        return error, None
    code = error.type if error.code is None else error.code
    return error.message or "", None if code is None else str(code)


def write_error(
    status: int, message: str, *, code: str | None = None, param: str | None = None
) -> bytes:
    """An error body as OpenAI's SDKs expect it."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return _encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def in_band(message: str | None, code: str | None) -> ProviderError:
    """The failure that an error in the place of an answer stands for."""
    kind = _KINDS.get(code or "", "caller" if "invalid_" in (code or "") else "provider_down")
    return ProviderError(kind, f"an error in the answer: {message or code or 'no message'}")
