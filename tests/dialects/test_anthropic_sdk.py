"""The vendor's own SDK against our reading and writing: whole, streamed, tools, errors, counts, models.

Runs with whichever generation of `anthropic` is installed (0.125 and 2.12 are tried by hand and in CI).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
    End,
    Event,
    Finish,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
    Used,
    WholePart,
)
from pilothouse.core.request import (
    MediaPart,
    Request,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._model_lists import ListedModel, write_models
from pilothouse.dialects.anthropic_messages import plugin

anthropic = pytest.importorskip(
    "anthropic", reason="the SDK is not installed: pip install anthropic"
)

_USAGE = Usage(
    input_tokens=1_000,
    output_tokens=50,
    cached_input_tokens=600,
    cache_write_tokens=300,
    cache_write_1h_tokens=100,
    reasoning_tokens=20,
)
_PARTS = (
    ThinkingPart(text="Let me see.", signature="c2ln"),
    ThinkingPart(redacted="c2VjcmV0"),
    TextPart("Blåbær ☂ it is."),
    ToolCallPart(id="toolu_1", name="weather", arguments='{"city": "Oslo"}'),
    ToolCallPart(id="toolu_2", name="time", arguments="{}"),
)
_ANSWER = Answer(
    candidates=(Candidate(parts=_PARTS, finish_reason="tool_calls"),), usage=_USAGE, id="1"
)
_IMAGE = Answer(
    candidates=(
        Candidate(
            parts=(MediaPart(kind="image", mime="image/png", data="iVBORw0KGgo="),),
            finish_reason="stop",
        ),
    ),
    usage=_USAGE,
)
_STREAM: tuple[Event, ...] = (
    Begin("1", "m"),
    ThinkingDelta("Let me "),
    ThinkingDelta("see."),
    ThinkingDelta(signature="c2ln"),
    WholePart(ThinkingPart(redacted="c2VjcmV0")),
    TextDelta("Blåbær "),
    TextDelta("☂ it is."),
    ToolBegin(0, "toolu_1", "weather"),
    ToolBegin(1, "toolu_2", "time"),
    ToolDelta(0, '{"city": '),
    ToolDelta(1, "{}"),
    ToolDelta(0, '"Oslo"}'),
    Finish("tool_calls"),
    Used(_USAGE),
    End(),
)


class _Gateway:
    """As little of a server as the SDK needs: it answers by the model's name and keeps the question."""

    def __init__(self) -> None:
        self.request: Request | None = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status, kind, content = self.answer(lines[0].split()[1], headers, body)
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n"
            "request-id: req_1\r\nconnection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        writer.close()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        json = "application/json"
        if path.startswith("/v1/models"):
            listed = [ListedModel("fast", 1_700_000_000, "us"), ListedModel("smart", 0, "us")]
            return 200, json, write_models(listed, "anthropic")
        if path.startswith("/v1/messages/count_tokens"):
            self.request = plugin.read_count_request(body)
            return 200, json, plugin.write_count(42)
        self.request = request = plugin.read_request(body)
        if request.model.startswith("status-"):
            status = int(request.model.removeprefix("status-"))
            error = plugin.write_error(status, "no", code="why_not", request_id="req_1")
            return status, json, error
        if not request.stream:
            answer = _IMAGE if request.model == "draws" else _ANSWER
            return 200, json, plugin.write_answer(answer, model="m", id="1", created_s=0)
        stream = plugin.writer(model="m", id="1", created_s=0)
        events = [stream.write(event) for event in _STREAM]
        if request.model == "breaks":
            events = [*events[:6], stream.fail(529, "busy")]
        return 200, "text/event-stream", plugin.keepalive + b"".join(events)


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[Any, _Gateway]]:
    gateway = _Gateway()
    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    client = anthropic.AsyncAnthropic(api_key="k", base_url=url, max_retries=0)
    async with server, client:
        yield client, gateway


def _run(check: Callable[[Any, _Gateway], Awaitable[None]]) -> None:
    async def main() -> None:
        async with _served() as (client, gateway):
            await check(client, gateway)

    asyncio.run(main())


def _expect(message: Any) -> None:
    thought, redacted, text, weather, time = message.content
    assert (thought.thinking, thought.signature) == ("Let me see.", "c2ln")
    assert redacted.data == "c2VjcmV0"
    assert text.text == "Blåbær ☂ it is."
    assert (weather.id, weather.name, weather.input) == ("toolu_1", "weather", {"city": "Oslo"})
    assert (time.id, time.input) == ("toolu_2", {})
    assert message.stop_reason == "tool_use"
    usage = message.usage
    assert (usage.input_tokens, usage.output_tokens) == (100, 50)
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (600, 300)


_TOOL: Any = {
    "name": "weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
}
_ASK: Any = {
    "max_tokens": 2_000,
    "messages": [{"role": "user", "content": "What about Oslo?"}],
    "tools": [_TOOL],
    "thinking": {"type": "enabled", "budget_tokens": 1_024},
}


def test_the_sdk_reads_a_whole_message_with_tools_thinking_and_usage() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        message = await client.messages.create(model="m", **_ASK)
        _expect(message)
        assert message._request_id == "req_1"
        assert message.usage.cache_creation.ephemeral_1h_input_tokens == 100
        assert message.usage.cache_creation.ephemeral_5m_input_tokens == 200

    _run(check)


def test_what_the_sdk_got_goes_back_with_its_results_and_is_read_whole() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        first = await client.messages.create(model="m", **_ASK)
        picture = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
        results = [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"},
            {
                "type": "tool_result",
                "tool_use_id": "toolu_2",
                "content": [{"type": "image", "source": picture}],
                "is_error": True,
            },
        ]
        ask = _ASK | {
            "system": [
                {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
            ],
            "messages": [
                *_ASK["messages"],
                {"role": "assistant", "content": first.content},
                {"role": "user", "content": [*results, {"type": "text", "text": "So?"}]},
            ],
        }
        await client.messages.create(model="m", tool_choice={"type": "any"}, **ask)
        request = gateway.request
        assert request is not None
        roles = [message.role for message in request.messages]
        assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
        assert request.messages[0].parts == (TextPart("Be brief.", cache="5m"),)
        assert request.messages[2].parts[:3] == _PARTS[:3]
        call = request.messages[2].parts[3]
        assert isinstance(call, ToolCallPart)
        assert call.arguments.replace(" ", "") == '{"city":"Oslo"}'
        assert request.messages[4].parts == (
            ToolResultPart(
                call_id="toolu_2",
                name="time",
                parts=(MediaPart(kind="image", mime="image/png", data="iVBORw0KGgo="),),
                is_error=True,
            ),
        )
        assert request.tools[0].cache == "1h"
        assert request.tool_choice is not None
        assert request.tool_choice.mode == "required"
        assert request.thinking is not None
        assert request.thinking.budget_tokens == 1_024
        assert plugin.write_request(request).lost == ()

    _run(check)


def test_the_sdk_s_stream_helper_puts_the_same_message_together() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        async with client.messages.stream(model="m", **_ASK) as stream:
            texts = [text async for text in stream.text_stream]
            _expect(await stream.get_final_message())
        assert texts == ["Blåbær ", "☂ it is."]

    _run(check)


def test_raw_events_come_in_the_vendor_s_order() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        kinds = [e.type async for e in await client.messages.create(model="m", stream=True, **_ASK)]
        assert kinds[0] == "message_start"
        assert kinds[-2:] == ["message_delta", "message_stop"]
        assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 5

    _run(check)


def test_an_error_in_the_stream_is_raised_by_the_sdk() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        with pytest.raises(anthropic.APIStatusError, match="busy") as raised:
            async with client.messages.stream(model="breaks", **_ASK) as stream:
                await stream.get_final_message()
        assert raised.value.body["error"]["type"] == "overloaded_error"

    _run(check)


_CLASSES = {
    400: ("BadRequestError", "invalid_request_error"),
    401: ("AuthenticationError", "authentication_error"),
    402: ("APIStatusError", "billing_error"),
    403: ("PermissionDeniedError", "permission_error"),
    404: ("NotFoundError", "not_found_error"),
    405: ("APIStatusError", "invalid_request_error"),
    409: ("ConflictError", "conflict_error"),
    413: ("APIStatusError", "request_too_large"),
    422: ("UnprocessableEntityError", "invalid_request_error"),
    429: ("RateLimitError", "rate_limit_error"),
    500: ("InternalServerError", "api_error"),
    503: ("APIStatusError", "overloaded_error"),
    504: ("APIStatusError", "timeout_error"),
    529: ("APIStatusError", "overloaded_error"),
}


@pytest.mark.parametrize("status", _CLASSES)
def test_an_error_body_becomes_the_sdk_s_own_exception(status: int) -> None:
    name, kind = _CLASSES[status]

    async def check(client: Any, gateway: _Gateway) -> None:
        with pytest.raises(getattr(anthropic, name)) as raised:
            await client.messages.create(model=f"status-{status}", **_ASK)
        error = raised.value
        assert (error.status_code, error.request_id) == (status, "req_1")
        assert error.body["error"]["type"] == kind
        assert error.body["error"]["message"] == "no"
        if hasattr(error, "error_code"):
            assert error.error_code == "why_not"

    _run(check)


def test_a_count_of_tokens_needs_no_limit() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        ask = {k: v for k, v in _ASK.items() if k != "max_tokens"}
        count = await client.messages.count_tokens(model="m", system="Be brief.", **ask)
        assert count.input_tokens == 42
        assert gateway.request is not None
        assert gateway.request.max_output_tokens is None
        assert gateway.request.messages[0].text == "Be brief."

    _run(check)


def test_models_are_listed_in_the_sdk_s_shape() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        page = await client.models.list()
        assert [model.id for model in page.data] == ["fast", "smart"]
        assert page.data[0].created_at.year == 2023
        assert page.has_next_page() is False

    _run(check)


def test_an_image_in_an_answer_is_seen_by_the_sdk_as_one() -> None:
    async def check(client: Any, gateway: _Gateway) -> None:
        message = await client.messages.create(model="draws", **_ASK)
        assert message.content[0].type == "image"
        assert message.content[0].source["media_type"] == "image/png"

    _run(check)
