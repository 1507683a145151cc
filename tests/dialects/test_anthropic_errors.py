"""Anthropic's errors, whole and in the middle of a stream."""

from __future__ import annotations

import msgspec
import pytest

from pilothouse.core.errors import ProviderError
from pilothouse.dialects.anthropic_messages import plugin

_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@pytest.mark.parametrize("status", _BY_STATUS)
def test_an_error_has_the_type_of_its_status_and_reads_back(status: int) -> None:
    body = plugin.write_error(status, "no", request_id="req_1")
    assert msgspec.json.decode(body) == {
        "type": "error",
        "error": {"type": _BY_STATUS[status], "message": "no"},
        "request_id": "req_1",
    }
    assert plugin.read_error(body) == ("no", _BY_STATUS[status])


def test_a_parameter_at_fault_goes_before_the_message_and_a_code_into_the_details() -> None:
    body = plugin.write_error(400, "too small", param="max_tokens", code="below_minimum")
    error = msgspec.json.decode(body)["error"]
    assert error["message"] == "max_tokens: too small"
    assert error["details"] == {"error_code": "below_minimum"}


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (
            b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            ("Overloaded", "overloaded_error"),
        ),
        (
            b'{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least '
            b'one message is required"},"request_id":"req_011"}',
            ("messages: at least one message is required", "invalid_request_error"),
        ),
        (
            b'{"error":{"type":"authentication_error","message":"invalid x-api-key","details":'
            b'{"error_code":"x"}},"type":"error","request_id":null}',
            ("invalid x-api-key", "authentication_error"),
        ),
        (b'{"error":"not found"}', ("not found", None)),
        (b'{"error":{"message":"no type"}}', ("no type", None)),
        (b'{"detail":"Not Found"}', ("", None)),
        (b"<html><h1>502</h1></html>", ("", None)),
        (b"", ("", None)),
        (b"\xff\xfe", ("", None)),
    ],
)
def test_error_bodies_as_they_come_are_read_as_far_as_they_go(
    body: bytes, read: tuple[str, str | None]
) -> None:
    assert plugin.read_error(body) == read


@pytest.mark.parametrize(
    ("type", "kind", "status"),
    [
        ("overloaded_error", "provider_down", 529),
        ("api_error", "provider_down", 500),
        ("rate_limit_error", "rate_limited", 429),
        ("authentication_error", "auth", 401),
        ("billing_error", "auth", 402),
        ("permission_error", "auth", 403),
        ("invalid_request_error", "caller", 400),
        ("timeout_error", "timeout", 504),
        ("a_new_error", "provider_down", 500),
    ],
)
def test_an_error_in_the_stream_is_raised_with_its_kind(type: str, kind: str, status: int) -> None:
    event = b'event: error\ndata: {"type":"error","error":{"type":"%b","message":"m"}}\n\n'
    with pytest.raises(ProviderError, match=f"{type}: m") as raised:
        plugin.reader().read(event % type.encode())
    assert (raised.value.kind, raised.value.http_status) == (kind, status)


def test_the_error_event_that_ends_a_stream_is_read_as_what_it_says() -> None:
    for event in (
        plugin.error_event(529, "busy", request_id="req_1"),
        plugin.writer(model="m", id="1", created_s=0).fail(529, "busy"),
    ):
        assert event.startswith(b"event: error\ndata: ")
        with pytest.raises(ProviderError, match="busy") as raised:
            plugin.reader().read(event)
        assert raised.value.kind == "provider_down"
