"""Through the gateway: broken streams that go on, shadows, hedges, and requests that nobody can say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

Run = Callable[..., None]
ASK: list[Any] = [{"role": "user", "content": "2 + 2?"}]
GO_ON = {"continuation": True}


def post(path: str, body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(data)}"
    return f"{head}\r\n\r\n".encode() + data


def chat(model: str, **more: Any) -> bytes:
    return post("/v1/chat/completions", {"model": model, "messages": ASK, **more})


def body_of(raw: bytes) -> bytes:
    """A chunked body, whole."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert b"chunked" in head.lower()
    found = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        found += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return found


@pytest.mark.parametrize("model", ["cut-politely", "cut-hard", "stalls"])
def test_a_broken_stream_goes_on_as_one_answer_for_the_openai_sdk(
    with_gateway: Run, model: str
) -> None:
    async def body(h: Any) -> None:
        async with openai.AsyncOpenAI(base_url=h.url, api_key="any", max_retries=0) as client:
            stream = await client.chat.completions.create(
                model=f"{model}-then-good",
                messages=ASK,
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
        said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        # It said "Fo" and broke; the next one says "Four.": the broken word is not said twice.
        assert said == "Four."
        assert {chunk.id for chunk in chunks} == {"chatcmpl-x"}
        assert sum(bool(c.choices and c.choices[0].delta.role) for c in chunks) == 1
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
        assert chunks[-1].usage is not None
        first, second = h.calls
        assert (first.status, first.is_usage_estimated) == ("error", True)
        assert (second.status, second.finish_reason, second.attempt) == ("ok", "stop", 2)
        assert first.request_id == second.request_id
        roles = [m["role"] for m in h.upstream.seen[-1]["messages"]]
        assert roles == ["user", "assistant", "user"]
        assert h.upstream.seen[-1]["messages"][1]["content"] == "Fo"

    with_gateway(body, serves=GO_ON)


def test_the_comment_says_who_went_on_where_the_dialect_has_comments(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        raw = body_of(await h.raw(chat("cut-hard-then-good", stream=True)))
        assert raw.count(b": continued on good\n\n") == 1
        assert raw.endswith(b"data: [DONE]\n\n")
        gemini = post(
            "/v1beta/models/cut-hard-then-good:streamGenerateContent?alt=sse",
            {"contents": [{"role": "user", "parts": [{"text": "x"}]}]},
        )
        raw = body_of(await h.raw(gemini))
        assert b"continued" not in raw
        events = [json.loads(e[6:]) for e in raw.decode().split("\n\n") if e.startswith("data: ")]
        parts = [p for e in events for c in e["candidates"] for p in c["content"].get("parts", [])]
        assert "".join(part["text"] for part in parts) == "Four."

    with_gateway(body, serves=GO_ON)


def test_across_dialects_the_anthropic_sdk_reads_one_message(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        url = h.url.removesuffix("/v1")
        async with (
            anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0) as client,
            client.messages.stream(
                model="cut-hard-then-good", max_tokens=50, messages=ASK
            ) as stream,
        ):
            message = await stream.get_final_message()
        [block] = message.content
        assert (block.text, message.stop_reason) == ("Four.", "end_turn")  # type: ignore[union-attr]

    with_gateway(body, serves=GO_ON)


def test_the_responses_sdk_reads_one_response(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        async with openai.AsyncOpenAI(base_url=h.url, api_key="any", max_retries=0) as client:
            asked = client.responses.create(model="cut-hard-then-good", input="2 + 2?", stream=True)
            async with await asked as stream:
                events = [event async for event in stream]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert events[-1].response.output_text == "Four."  # type: ignore[union-attr]

    with_gateway(body, serves=GO_ON, dialect="openai_chat")


def test_when_nobody_can_go_on_the_error_is_in_band(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        raw = await h.raw(chat("cut-hard", stream=True))
        assert b'data: {"error":' in raw and b"[DONE]" not in raw
        assert not raw.endswith(b"0\r\n\r\n")

    with_gateway(body, serves=GO_ON)


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_shadow_gets_a_whole_copy_after_the_answer(with_gateway: Run, is_stream: bool) -> None:
    async def body(h: Any) -> None:
        raw = await h.raw(chat("good", stream=is_stream))
        assert raw.startswith(b"HTTP/1.1 200 OK")
        await h.shadows.close(5)
        live, shadow = h.calls
        assert (live.source, shadow.source) == ("serve", "shadow")
        assert (shadow.target, shadow.error_class) == ("broken", "provider_down")
        assert live.request_id == shadow.request_id
        assert not h.upstream.seen[-1].get("stream")
        assert h.shadows.counts()["good"].failed == 1

    with_gateway(body, serves={"shadow": "broken"})


def test_what_was_not_answered_is_not_copied(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        await h.raw(chat("broken"))
        await h.shadows.close(5)
        assert [call.source for call in h.calls] == ["serve"]

    with_gateway(body, serves={"shadow": "good"})


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_silent_target_is_hedged_and_its_connection_closed(
    with_gateway: Run, is_stream: bool
) -> None:
    async def body(h: Any) -> None:
        raw = await h.raw(chat("silent-then-good", stream=is_stream))
        assert b"x-pilothouse-target: good\r\n" in raw
        await h.upstream.closed_by_client.wait()
        told = [(c.target, c.error_class) for c in h.calls]
        assert told == [("silent", "cancelled"), ("good", None)]

    with_gateway(body, serves={"hedge_after_s": 0.001})


def test_a_request_that_no_target_can_say_is_refused_with_its_fields(with_gateway: Run) -> None:
    async def body(h: Any) -> None:
        asked = {"model": "good", "max_tokens": 9, "messages": ASK, "top_k": 4}
        raw = await h.raw(post("/v1/messages", asked))
        assert raw.startswith(b"HTTP/1.1 422 "), raw
        assert b"(good: top_k)" in raw
        assert not h.upstream.seen
        system = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]
        raw = await h.raw(post("/v1/messages", {**asked, "top_k": None, "system": system}))
        assert raw.startswith(b"HTTP/1.1 200 "), "a mark for the cache is a hint"

    with_gateway(body, serves={"unsupported": "reject"})
