"""Twenty-eight facts that clients rely on, each a test at the gateway's own socket.

Measured with two generations of OpenAI's, Anthropic's and Google's SDKs; where an SDK itself must be satisfied,
test_vendor_matrix.py and `make sdk-matrix` ask it.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from every_dialect_vendor import FakeVendors
from faults import Fault, faulty_gateway
from vendor_bodies import SIGNATURE
from vendor_gateway import DIALECTS, House, in_house

from pilothouse.server.http import Limits
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.sse import Events

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
}
spoken = pytest.mark.parametrize("client", DIALECTS)
served = pytest.mark.parametrize("vendor", DIALECTS)


class Answer:
    """A raw HTTP answer, taken apart."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.raw = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        is_chunked = self.headers.get("transfer-encoding") == "chunked"
        self.is_whole = not is_chunked or self.raw.endswith(b"0\r\n\r\n")
        self.body = b"".join(chunks(self.raw)) if is_chunked else self.raw

    @property
    def json(self) -> Any:
        """The whole body."""
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str | None, Any]]:
        """Name and data of each server-sent event; comments left out, `[DONE]` as it is."""
        found: list[tuple[str | None, Any]] = []
        for event in Events().feed(self.body):
            lines = event.decode().splitlines()
            name = next((line[7:] for line in lines if line.startswith("event: ")), None)
            value = "\n".join(line[6:] for line in lines if line.startswith("data: "))
            if value:
                found.append((name, value if value == "[DONE]" else json.loads(value)))
        return found


def chunks(body: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:end], 16)
        found.append(body[end + 2 : end + 2 + size])
        at = end + 4 + size
    return found


def request(client: str, model: str, stream: bool, **more: Any) -> tuple[str, bytes]:
    """Path and body of the simplest question."""
    message = {"role": "user", "content": "2 + 2?"}
    match client:
        case "gemini":
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            body = {"contents": [{"role": "user", "parts": [{"text": "2 + 2?"}]}], **more}
            return f"/v1beta/models/{model}:{verb}", json.dumps(body).encode()
        case "openai_responses":
            body = {"input": "2 + 2?", "store": False}
        case "anthropic_messages":
            body = {"messages": [message], "max_tokens": 100}
        case _:
            body = {"messages": [message]}
    return PATHS[client], json.dumps({"model": model, "stream": stream, **body, **more}).encode()


async def ask(
    h: House,
    client: str,
    model: str,
    stream: bool = False,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Answer:
    path, body = request(client, model, stream, **more)
    return Answer(await h.post(path, body, headers))


# In general


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer the-key"},
        {"X-Api-Key": "the-key"},
        {"x-goog-api-key": "the-key"},
        {},
    ],
    ids=["bearer", "x-api-key", "x-goog-api-key", "query"],
)
@spoken
def test_01_the_key_is_taken_from_wherever_an_sdk_puts_it(
    client: str, headers: dict[str, str]
) -> None:
    async def body(h: House) -> None:
        path, data = request(client, "openai_chat-text", False)
        if not headers:
            path += "?key=the-key"
        assert Answer(await h.post(path, data, headers)).status == 200
        assert "the-key" not in h.vendors.seen[-1].head
        refused = Answer(await h.post(path.replace("the-key", "other"), data, {"x-api-key": "no"}))
        assert refused.status == 401

    in_house(body, key="the-key")


@pytest.mark.parametrize(
    ("headers", "names", "shape"),
    [
        ({}, lambda b: [m["id"] for m in b["data"]], {"object": "list"}),
        (
            {"anthropic-version": "2023-06-01"},
            lambda b: [m["id"] for m in b["data"]],
            {"has_more": False},
        ),
        ({"x-goog-api-key": "k"}, lambda b: [m["name"][7:] for m in b["models"]], {}),
        ({"x-goog-api-client": "c"}, lambda b: [m["name"][7:] for m in b["models"]], {}),
    ],
)
def test_02_models_are_listed_in_the_shape_of_the_sdk_that_asks(
    headers: dict[str, str], names: Callable[[Any], list[str]], shape: dict[str, Any]
) -> None:
    async def body(h: House) -> None:
        listed = Answer(await h.get("/v1/models", headers)).json
        assert "gemini-text" in names(listed)
        assert shape.items() <= listed.items()

    in_house(body)


@pytest.mark.parametrize("version", ["/v1", "/v1beta"])
@pytest.mark.parametrize("model", ["gemini-text", "models/gemini-text", "models%2Fgemini-text"])
def test_03_geminis_paths_of_both_generations_lead_in(version: str, model: str) -> None:
    async def body(h: House) -> None:
        _, data = request("gemini", "", False)
        answer = Answer(await h.post(f"{version}/models/{model}:generateContent", data))
        assert answer.status == 200, answer.body
        assert answer.json["candidates"]
        path = f"{version}/models/{model}:streamGenerateContent?alt=sse"
        assert Answer(await h.post(path, data)).events[-1][1]["candidates"]

    in_house(body)


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
@pytest.mark.parametrize("query", ["", "?beta=true"])
def test_04_anthropics_versions_and_betas_are_taken_and_betas_passed_on(
    version: str, query: str
) -> None:
    async def body(h: House) -> None:
        headers = {"anthropic-version": version, "anthropic-beta": "tools-2099-01-01"}
        _, data = request("anthropic_messages", "anthropic_messages-text", False)
        assert Answer(await h.post("/v1/messages" + query, data, headers)).status == 200
        assert "anthropic-beta: tools-2099-01-01" in h.vendors.seen[-1].head

    in_house(body)


WRONG: dict[str, tuple[set[int], Callable[[str], tuple[str, str, bytes]]]] = {
    "no such model": ({404}, lambda c: ("POST", *request(c, "nobody", False))),
    "no JSON": ({400}, lambda c: ("POST", request(c, "gemini-text", False)[0], b"{")),
    "no messages": (
        {400, 422},
        lambda c: ("POST", request(c, "gemini-text", False)[0], b'{"model":"gemini-text"}'),
    ),
    "wrong method": ({405}, lambda c: ("PUT", request(c, "gemini-text", False)[0], b"{}")),
}


@spoken
@pytest.mark.parametrize("wrong", WRONG)
def test_05_errors_of_the_gateway_itself_have_the_dialects_own_body(
    client: str, wrong: str
) -> None:
    async def body(h: House) -> None:
        statuses, made = WRONG[wrong]
        method, path, data = made(client)
        head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        raw = await h.raw(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        answer = Answer(raw)
        assert answer.status in statuses, answer.body
        assert_shaped(client, answer.json, answer.status)

    in_house(body)


@spoken
def test_05_a_refused_key_has_the_dialects_own_body(client: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, client, "gemini-text", headers={"x-api-key": "no"})
        assert answer.status == 401
        assert_shaped(client, answer.json, 401)

    in_house(body, key="the-key")


@spoken
def test_05_a_body_too_large_has_the_dialects_own_body(client: str) -> None:
    async def body(h: House) -> None:
        path, _ = request(client, "gemini-text", False)
        answer = Answer(await h.post(path, b" " * 2000))
        assert answer.status == 413
        assert_shaped(client, answer.json, 413)

    in_house(body, limits=Limits(body_bytes=1000))


ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    502: "api_error",
}


def assert_shaped(client: str, body: Any, status: int) -> None:
    """An error body as the dialect's SDK reads it."""
    error = body["error"]
    assert error["message"]
    match client:
        case "anthropic_messages":
            assert body["type"] == "error"
            assert error["type"] == ANTHROPIC_TYPES[status]
        case "gemini":
            assert error["code"] == status
            assert error["status"].isupper()
        case _:
            assert set(error) == {"message", "type", "param", "code"}
            assert error["code"] is None or isinstance(error["code"], str)


@spoken
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("what", ["text", "error-500"])
def test_06_every_answer_has_its_id_under_both_names(client: str, stream: bool, what: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, client, f"openai_chat-{what}", stream)
        own = h.calls[-1].request_id
        assert answer.headers["x-request-id"] == answer.headers["request-id"] == own

    in_house(body)


@spoken
@served
def test_07_a_limit_says_how_long_and_that_the_sdk_need_not_retry(client: str, vendor: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, client, f"{vendor}-error-429-7")
        assert answer.status == 429
        assert answer.headers["retry-after"] == "7"
        assert answer.headers["retry-after-ms"] == "7000"
        assert answer.headers["x-should-retry"] == "false"

    in_house(body)


@spoken
@pytest.mark.parametrize("what", ["error-500", "error-529", "error-429-7", "error-401"])
def test_08_the_sdks_own_retries_are_stopped_because_the_gateway_has_retried(
    client: str, what: str
) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, client, f"openai_chat-{what}")
        assert answer.headers["x-should-retry"] == "false"

    in_house(body)


SIGNS = {
    "openai_chat": b": ",
    "openai_responses": b": ",
    "anthropic_messages": b"event: ping\n",
    "gemini": b"\n\n",
}
"""Google's SDK takes a comment for an answer; an empty line it skips."""


@spoken
@served
def test_09_a_silent_vendor_is_bridged_by_signs_of_life(client: str, vendor: str) -> None:
    async def body(h: House) -> None:
        asking = asyncio.create_task(ask(h, client, f"{vendor}-slow", True))
        await h.vendors.asked.wait()
        for _ in range(5):
            await asyncio.sleep(0.01)
        h.vendors.release.set()
        answer = await asking
        assert answer.body.startswith(SIGNS[client]), answer.body[:80]
        assert answer.is_whole

    in_house(body, keepalive_s=0.01)


def test_03_gemini_counts_tokens_and_embeds() -> None:
    async def body(h: House) -> None:
        _, data = request("gemini", "", False)
        counted = Answer(await h.post("/v1beta/models/gemini-text:countTokens", data))
        assert counted.json["totalTokens"] > 0
        part = {"content": {"parts": [{"text": "a"}]}, "model": "models/gemini-text"}
        batch = json.dumps({"requests": [part]}).encode()
        for version in ("v1", "v1beta"):
            path = f"/{version}/models/gemini-text:batchEmbedContents"
            assert Answer(await h.post(path, batch)).json["embeddings"][0]["values"]

    in_house(body)


def test_04_anthropic_counts_tokens() -> None:
    async def body(h: House) -> None:
        _, data = request("anthropic_messages", "anthropic_messages-text", False)
        counted = Answer(await h.post("/v1/messages/count_tokens", data))
        assert counted.json["input_tokens"] > 0

    in_house(body)


# OpenAI chat


@served
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 529])
def test_10_openais_error_body_has_its_four_fields(vendor: str, status: int) -> None:
    async def body(h: House) -> None:
        what = "error-429-7" if status == 429 else f"error-{status}"
        answer = await ask(h, "openai_chat", f"{vendor}-{what}")
        assert_shaped("openai_chat", answer.json, answer.status)

    in_house(body)


@served
def test_11_chat_chunks_share_one_head_and_end_with_a_reason_and_done(vendor: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "openai_chat", f"{vendor}-text", True)
        *parts, done = [value for _, value in answer.events]
        assert done == "[DONE]"
        assert {p["object"] for p in parts} == {"chat.completion.chunk"}
        assert len({(p["id"], p["created"], p["model"]) for p in parts}) == 1
        assert parts[0]["choices"][0]["delta"]["role"] == "assistant"
        assert parts[-1]["choices"][0]["finish_reason"] == "stop"
        assert all(p["choices"][0]["finish_reason"] is None for p in parts[:-1])

    in_house(body)


@served
def test_12_usage_comes_in_a_chunk_of_its_own_and_only_when_asked_for(vendor: str) -> None:
    async def body(h: House) -> None:
        asked = {"stream_options": {"include_usage": True}}
        told = await ask(h, "openai_chat", f"{vendor}-text", True, **asked)
        *parts, last = [v for _, v in told.events if v != "[DONE]"]
        assert last["choices"] == []
        assert last["usage"]["total_tokens"] == 120
        assert all(p["usage"] is None for p in parts)
        plain = await ask(h, "openai_chat", f"{vendor}-text", True)
        assert all(v["choices"] for _, v in plain.events if v != "[DONE]")
        assert [c.output_tokens for c in h.calls] == [20, 20], "the books know it either way"

    in_house(body)


@served
def test_13_tool_deltas_begin_with_id_and_name_and_go_on_by_index(vendor: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "openai_chat", f"{vendor}-tools", True)
        parts = [v["choices"][0] for _, v in answer.events if v != "[DONE]"]
        pieces = [c for p in parts for c in p["delta"].get("tool_calls") or ()]
        for index in (0, 1):
            first, *others = [p for p in pieces if p["index"] == index]
            assert first["id"] and first["type"] == "function"
            assert first["function"]["name"] == "weather"
            assert others and not any(other.get("id") for other in others)
            text = "".join(p["function"]["arguments"] for p in (first, *others))
            assert json.loads(text) == {"city": ["Paris", "Oslo"][index]}
        assert parts[-1]["finish_reason"] == "tool_calls"

    in_house(body)


@spoken
@served
@pytest.mark.parametrize("what", ["error-in-band", "stalls"])
def test_14_a_broken_stream_never_ends_politely(client: str, vendor: str, what: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, client, f"{vendor}-{what}", True)
        assert answer.status == 200
        assert not answer.is_whole
        for end in (b"[DONE]", b"message_stop", b"response.completed", b'"STOP"'):
            assert end not in answer.body

    in_house(body, timeouts=Timeouts(first_byte_s=1, between_s=0.2, total_s=5))


@served
def test_15_openais_error_in_band_is_a_data_event_with_the_error(vendor: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "openai_chat", f"{vendor}-error-in-band", True)
        name, value = answer.events[-1]
        assert name is None
        assert_shaped("openai_chat", value, 502)

    in_house(body)


@pytest.mark.parametrize("given", ["a", ["a", "b"], [1, 2, 3]])
def test_16_embeddings_are_answered_in_base64_when_asked_for(given: Any) -> None:
    async def body(h: House) -> None:
        asked = {"model": "openai_chat-text", "input": given, "encoding_format": "base64"}
        answer = Answer(await h.post("/v1/embeddings", json.dumps(asked).encode()))
        assert answer.status == 200
        packed = base64.b64decode(answer.json["data"][0]["embedding"])
        assert struct.unpack(f"<{len(packed) // 4}f", packed)

    in_house(body)


# OpenAI responses


def kinds(answer: Answer) -> list[str]:
    """The types of a stream's events, each once in a row."""
    found = [value["type"] for _, value in answer.events]
    return [kind for kind, _ in itertools.groupby(found)]


@served
def test_17_responses_events_are_named_numbered_and_in_order(vendor: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "openai_responses", f"{vendor}-text", True)
        assert [name for name, _ in answer.events] == [v["type"] for _, v in answer.events]
        numbers = [v["sequence_number"] for _, v in answer.events]
        assert numbers == sorted(set(numbers))
        assert [k for k in kinds(answer) if k != "response.in_progress"] == [
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]

    in_house(body)


@served
@pytest.mark.parametrize("what", ["error-in-band", "stalls", "length"])
def test_18_a_failed_response_says_failed_and_a_cut_one_incomplete(vendor: str, what: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "openai_responses", f"{vendor}-{what}", True)
        last = answer.events[-1][1]
        assert "response.completed" not in kinds(answer)
        if what == "length":
            assert last["type"] == "response.incomplete"
            assert last["response"]["incomplete_details"]["reason"] == "max_output_tokens"
        else:
            assert last["type"] == "response.failed", last
            assert last["response"]["error"]["message"]

    in_house(body, timeouts=Timeouts(first_byte_s=1, between_s=0.2, total_s=5))


# Anthropic


@served
@pytest.mark.parametrize("what", ["text", "tools", "thinking"])
def test_19_anthropics_records_are_named_and_in_order(vendor: str, what: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "anthropic_messages", f"{vendor}-{what}", True)
        events = [(n, v) for n, v in answer.events if n != "ping"]
        assert all(name == value["type"] for name, value in events)
        start, stop = events[0][1], events[-1][1]
        assert start["type"] == "message_start"
        assert start["message"]["content"] == []
        assert "input_tokens" in start["message"]["usage"]
        assert events[-2][1]["type"] == "message_delta"
        assert events[-2][1]["delta"]["stop_reason"]
        assert events[-2][1]["usage"]["output_tokens"] == 20
        assert stop == {"type": "message_stop"}
        opened: int | None = None
        for _, value in events[1:-2]:
            if value["type"] == "content_block_start":
                assert opened is None
                opened = value["index"]
            else:
                assert value["index"] == opened
            if value["type"] == "content_block_stop":
                opened = None
        assert b"[DONE]" not in answer.body

    in_house(body)


@served
@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("error-400", "invalid_request_error"),
        ("error-404", "not_found_error"),
        ("error-429-7", "rate_limit_error"),
        ("error-500", "api_error"),
        ("error-529", "overloaded_error"),
    ],
)
def test_20_anthropics_errors_are_typed_and_carry_the_request_id(
    vendor: str, what: str, kind: str
) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "anthropic_messages", f"{vendor}-{what}")
        assert answer.json["type"] == "error"
        assert answer.json["error"]["type"] == kind
        assert answer.json["request_id"] == h.calls[-1].request_id
        streamed = await ask(h, "anthropic_messages", f"{vendor}-error-in-band", True)
        name, value = streamed.events[-1]
        assert name == value["type"] == "error"
        assert value["error"]["message"]

    in_house(body)


def test_21_thinking_goes_back_signed_before_its_tool_calls_and_results_stay_adjacent() -> None:
    async def body(h: House) -> None:
        first = await ask(h, "anthropic_messages", "anthropic_messages-thinking")
        content = first.json["content"]
        assert content[0]["signature"] == SIGNATURE
        calls = [block["id"] for block in content if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": i, "content": "21"} for i in calls]
        turns = [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": results},
        ]
        await ask(h, "anthropic_messages", "anthropic_messages-thinking", messages=turns)
        assert h.vendors.seen[-1].body["messages"] == turns
        # In OpenAI's format tool results are messages of their own: they must come together again.
        apart = [
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": None,
                "thinking_blocks": [content[0]],
                "tool_calls": [
                    {
                        "id": i,
                        "type": "function",
                        "function": {"name": "weather", "arguments": "{}"},
                    }
                    for i in calls
                ],
            },
            *[{"role": "tool", "tool_call_id": i, "content": "21"} for i in calls],
        ]
        await ask(h, "openai_chat", "anthropic_messages-thinking", messages=apart)
        _, said, told = h.vendors.seen[-1].body["messages"]
        assert [b["type"] for b in said["content"]] == ["thinking", "tool_use", "tool_use"]
        assert said["content"][0]["signature"] == SIGNATURE
        assert [b["tool_use_id"] for b in told["content"]] == calls

    in_house(body)


# Gemini


@served
def test_22_geminis_stream_is_camel_case_data_with_the_reason_and_usage_last(vendor: str) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "gemini", f"{vendor}-text", True)
        assert all(name is None for name, _ in answer.events)
        parts = [value for _, value in answer.events]
        assert b"[DONE]" not in answer.body
        reasons = [p["candidates"][0].get("finishReason") for p in parts if p.get("candidates")]
        assert reasons[-1] == "STOP"
        assert not any(reasons[:-1])
        usage = parts[-1]["usageMetadata"]
        assert usage["promptTokenCount"] == 100
        assert usage["cachedContentTokenCount"] == 40
        assert usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0) == 20
        assert b"finish_reason" not in answer.body

    in_house(body)


@served
@pytest.mark.parametrize(
    ("what", "status", "word"),
    [
        ("error-400", 400, "INVALID_ARGUMENT"),
        ("error-404", 404, "NOT_FOUND"),
        ("error-429-7", 429, "RESOURCE_EXHAUSTED"),
        ("error-500", 502, "INTERNAL"),
    ],
)
def test_23_geminis_errors_have_a_number_and_a_word(
    vendor: str, what: str, status: int, word: str
) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "gemini", f"{vendor}-{what}")
        error = answer.json["error"]
        assert (answer.status, error["code"], error["status"]) == (status, status, word)
        streamed = await ask(h, "gemini", f"{vendor}-error-in-band", True)
        assert isinstance(streamed.events[-1][1]["error"]["code"], int)

    in_house(body)


# Across dialects


@spoken
@served
@pytest.mark.parametrize("stream", [False, True])
def test_24_tokens_are_counted_once(client: str, vendor: str, stream: bool) -> None:
    async def body(h: House) -> None:
        more = (
            {"stream_options": {"include_usage": True}}
            if client == "openai_chat" and stream
            else {}
        )
        answer = await ask(h, client, f"{vendor}-text", stream, **more)
        assert counted(client, answer, stream) == (100, 40, 20)
        [call] = h.calls
        assert (call.input_tokens, call.cached_input_tokens, call.output_tokens) == (100, 40, 20)

    in_house(body)


def counted(client: str, answer: Answer, stream: bool) -> tuple[int, int, int]:
    """All input, what of it was cached, all output."""
    values = [v for _, v in answer.events if v != "[DONE]"] if stream else [answer.json]
    last = values[-1]
    match client:
        case "openai_chat":
            usage = last["usage"]
            cached = usage["prompt_tokens_details"]["cached_tokens"]
            assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
            return usage["prompt_tokens"], cached, usage["completion_tokens"]
        case "openai_responses":
            usage = (last["response"] if stream else last)["usage"]
            cached = usage["input_tokens_details"]["cached_tokens"]
            return usage["input_tokens"], cached, usage["output_tokens"]
        case "anthropic_messages":
            usage: dict[str, Any] = {}
            for value in values:
                told = value.get("usage") or value.get("message", {}).get("usage") or {}
                usage |= {k: v for k, v in told.items() if v is not None}
            cached = usage["cache_read_input_tokens"]
            return usage["input_tokens"] + cached, cached, usage["output_tokens"]
        case _:
            usage = last["usageMetadata"]
            said = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
            assert usage["totalTokenCount"] == usage["promptTokenCount"] + said
            return usage["promptTokenCount"], usage["cachedContentTokenCount"], said


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["warn", "drop", "reject"])
def test_25_what_a_vendor_cannot_be_told_is_named_dropped_or_refused(
    how: str, stream: bool
) -> None:
    async def body(h: House) -> None:
        answer = await ask(h, "openai_chat", "anthropic_messages-text", stream, seed=3)
        if how == "reject":
            assert answer.status == 422, answer.status
            assert b"seed" in answer.body
            return
        assert answer.status == 200
        assert "seed" not in h.vendors.seen[-1].body
        assert ("seed" in answer.headers.get("x-pilothouse-unsupported", "")) == (how == "warn")

    in_house(body, unsupported=how)


@spoken
@served
def test_26_streams_have_their_headers_and_each_event_is_sent_at_once(
    client: str, vendor: str
) -> None:
    async def body(h: House) -> None:
        host, port = h.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        path, data = request(client, f"{vendor}-stalls", True)
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n"
        writer.write(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert "content-type: text/event-stream" in head
        assert "cache-control: no-cache" in head
        assert "x-accel-buffering: no" in head
        assert "content-encoding" not in head
        await asyncio.wait_for(reader.readuntil(b"Four"), 3)  # while the vendor says no more
        writer.close()

    in_house(body)


@pytest.mark.parametrize(
    "form",
    [
        "crlf",
        "comments",
        "bom",
        "multi-line",
        "no-last-blank-line",
        "malformed-event",
        "split-utf8",
    ],
)
@spoken
def test_27_every_legal_form_of_an_event_stream_is_read(client: str, form: str) -> None:
    async def body() -> None:
        async with faulty_gateway(Fault(form, "", "", model=form)) as url:
            h = House(FakeVendors(), url, [])
            answer = await ask(h, client, "alone", True)
        assert answer.status == 200
        assert answer.is_whole
        text = "".join(words(client, value) for _, value in answer.events)
        assert text.startswith("Four")
        assert text.endswith("四.") or form == "split-utf8"

    asyncio.run(body())


def words(client: str, value: Any) -> str:
    """The text that one event brings."""
    if value == "[DONE]":
        return ""
    match client:
        case "openai_chat":
            return "".join(c["delta"].get("content") or "" for c in value["choices"])
        case "openai_responses":
            return value["delta"] if value["type"] == "response.output_text.delta" else ""
        case "anthropic_messages":
            return value.get("delta", {}).get("text", "")
        case _:
            found = value.get("candidates") or [{}]
            parts = found[0].get("content", {}).get("parts", [])
            return "".join(p.get("text", "") for p in parts)


@pytest.mark.parametrize(
    ("given", "anthropic", "gemini"),
    [
        ({"stop": "END"}, {"stop_sequences": ["END"]}, {"stopSequences": ["END"]}),
        ({"stop": ["A", "B"]}, {"stop_sequences": ["A", "B"]}, {"stopSequences": ["A", "B"]}),
        ({"max_tokens": 7}, {"max_tokens": 7}, {"maxOutputTokens": 7}),
        ({"max_completion_tokens": 7}, {"max_tokens": 7}, {"maxOutputTokens": 7}),
        ({"n": 2}, {}, {"candidateCount": 2}),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else "",
)
def test_28_openais_ways_to_say_the_same_thing_arrive(
    given: dict[str, Any], anthropic: dict[str, Any], gemini: dict[str, Any]
) -> None:
    async def body(h: House) -> None:
        await ask(h, "openai_chat", "anthropic_messages-text", **given)
        assert anthropic.items() <= h.vendors.seen[-1].body.items()
        await ask(h, "openai_chat", "gemini-text", **given)
        assert gemini.items() <= h.vendors.seen[-1].body["generationConfig"].items()

    in_house(body)


@pytest.mark.parametrize("content", ["Be brief.", [{"type": "text", "text": "Be brief."}]])
@pytest.mark.parametrize("role", ["system", "developer"])
def test_28_system_and_developer_messages_arrive_as_text_or_parts(role: str, content: Any) -> None:
    async def body(h: House) -> None:
        turns = [{"role": role, "content": content}, {"role": "user", "content": "2 + 2?"}]
        await ask(h, "openai_chat", "anthropic_messages-text", messages=turns)
        assert "Be brief." in json.dumps(h.vendors.seen[-1].body["system"])
        await ask(h, "openai_chat", "gemini-text", messages=turns)
        assert "Be brief." in json.dumps(h.vendors.seen[-1].body["systemInstruction"])

    in_house(body)
