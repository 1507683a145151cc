"""Errors to HTTP: the status of each class, and a body in the caller's own dialect."""

from __future__ import annotations

from math import ceil

from pilothouse.client.limits.messages import refusal_lines
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.key_pool import EXHAUSTED_CODE
from pilothouse.core.limits import Refused
from pilothouse.server.http import Exchange

_STATUS_BY_CLASS = {
    "auth": 502,
    "rate_limited": 429,
    "target_limited": 429,
    "refused": 400,
    "provider_down": 502,
    "timeout": 504,
    "garbage": 502,
    "cut": 502,
    "caller": 400,
    "context_window": 400,
    "keys_exhausted": 502,
}
_CODES = {
    "refused": "content_filter",
    "context_window": "context_length_exceeded",
    "keys_exhausted": EXHAUSTED_CODE,
    "target_limited": "rate_limit_exceeded",
}
_CALLER_STATUSES = {400, 404, 413, 422}
_OVERLOADED = {503, 529}
"""Said on as 503, which every SDK has a class for; 529 is Anthropic's own."""


def status_of(error: ProviderError) -> int:
    """What the caller is told."""
    if error.kind == "caller" and error.http_status in _CALLER_STATUSES:
        return error.http_status
    if error.kind == "provider_down" and error.http_status in _OVERLOADED:
        return 503
    return _STATUS_BY_CLASS.get(error.kind, 502)


def code_of(error: ProviderError) -> str:
    """The class, in the words SDKs know."""
    return _CODES.get(error.kind, error.kind)


def refuse(
    out: Exchange,
    dialect: Dialect,
    status: int,
    message: str,
    *,
    request_id: str | None = None,
    code: str | None = None,
    param: str | None = None,
    headers: str = "",
) -> None:
    """A whole error answer."""
    out.code = code or ""
    body = dialect.write_error(status, message, code=code, param=param, request_id=request_id)
    out.send(
        status, body, f"content-type: application/json\r\n{id_lines(request_id)}{headers}".encode()
    )


def refuse_for(out: Exchange, dialect: Dialect, error: ProviderError, request_id: str) -> None:
    """The route is exhausted: the caller's SDK must not multiply our attempts by its own."""
    headers = "x-should-retry: false\r\n"
    if error.retry_after_s is not None:
        wait_ms = ceil(error.retry_after_s * 1000)
        headers += f"retry-after: {max(1, ceil(wait_ms / 1000))}\r\nretry-after-ms: {wait_ms}\r\n"
    refuse(
        out,
        dialect,
        status_of(error),
        str(error),
        request_id=request_id,
        code=code_of(error),
        headers=headers,
    )


def refuse_bad(out: Exchange, dialect: Dialect, error: BadRequest, request_id: str) -> None:
    """A body that cannot be used: 422 where a parameter is at fault, 400 where all of it is."""
    status = 422 if error.param else 400
    refuse(out, dialect, status, str(error), param=error.param, request_id=request_id)


def refuse_unknown(out: Exchange, dialect: Dialect, message: str, request_id: str) -> None:
    """Nothing is called so."""
    refuse(
        out,
        dialect,
        404,
        message,
        code="model_not_found",
        param="model",
        request_id=request_id,
    )


def refuse_limited(out: Exchange, dialect: Dialect, refused: Refused, request_id: str) -> None:
    """A limit or a budget has no room; an SDK waits only where waiting helps."""
    lines = "x-should-retry: false\r\n" if refused.retry_after_s is None else ""
    refuse(
        out,
        dialect,
        429,
        refused.message,
        code="insufficient_quota" if refused.by == "budget" else "rate_limit_exceeded",
        request_id=request_id,
        headers=lines + refusal_lines(refused),
    )


def id_lines(request_id: str | None) -> str:
    """The request's id under the names that OpenAI's and Anthropic's SDKs look for."""
    return f"x-request-id: {request_id}\r\nrequest-id: {request_id}\r\n" if request_id else ""


def header_text(names: tuple[str, ...]) -> str:
    """Names as one header value. They may be a caller's own words: nothing in them ends the line."""
    text = ", ".join(names)[:1000]
    return "".join([c if " " <= c <= "~" else "?" for c in text])
