"""Token counts through the gateway with the real Anthropic and Google SDKs, against fake vendors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_vendors import SECRET, Doors, run

from pilothouse.catalog.token_count import count_chat
from pilothouse.core.request import Message

anthropic: Any = pytest.importorskip("anthropic")
genai: Any = pytest.importorskip("google.genai")
pytestmark = pytest.mark.filterwarnings("ignore")  # the SDKs' own

ASK: list[Any] = [{"role": "user", "content": "How do I return a parcel?"}]
HERE = count_chat("gpt-4o", [Message.of_text("user", ASK[0]["content"])]).tokens


async def claude(d: Doors, model: str, **more: Any) -> Any:
    async with anthropic.AsyncAnthropic(base_url=d.url, api_key=SECRET, max_retries=0) as client:
        asked = client.messages.with_raw_response
        return await asked.count_tokens(model=model, messages=ASK, **more)


async def gemini(d: Doors, model: str) -> int:
    client = genai.Client(api_key=SECRET, http_options={"base_url": d.url})
    found = await client.aio.models.count_tokens(model=model, contents=ASK[0]["content"])
    return found.total_tokens


def test_the_vendor_is_asked_in_its_own_format_with_the_targets_model(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        beta = {"anthropic-beta": "context-1m-2025-08-07"}
        got = await claude(d, "claude", system="Be brief.", extra_headers=beta)
        assert (await got.parse()).input_tokens == 14
        assert got.headers["x-pilothouse-count"] == "exact"
        assert got.headers["x-pilothouse-target"] == "claude"
        assert await gemini(d, "flash") == 21
        (path, headers, asked), (other, _, _) = d.vendor.seen
        assert path == "/v1/messages/count_tokens"
        assert headers["x-api-key"] == "sk-one"
        assert headers["anthropic-version"]
        assert headers["anthropic-beta"] == "context-1m-2025-08-07"
        assert asked == {
            "model": "claude-sonnet-4-5",
            "messages": ASK,
            "system": "Be brief.",
        }
        assert other == "/v1beta/models/gemini-2.5-flash:countTokens"
        assert d.calls == [], "nobody bills it"

    run(tmp_path, body)


def test_across_two_formats_the_vendor_is_asked_all_the_same(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        assert (await (await claude(d, "flash", system="Be brief.")).parse()).input_tokens == 21
        assert await gemini(d, "claude") == 14
        (_, _, to_google), (_, _, to_claude) = d.vendor.seen
        inner = to_google["generateContentRequest"]
        assert inner["model"] == "models/gemini-2.5-flash"
        assert inner["systemInstruction"]["parts"] == [{"text": "Be brief."}]
        assert set(to_claude) == {"model", "messages"}, "fields of the answer are refused there"
        assert to_claude["model"] == "claude-sonnet-4-5"

    run(tmp_path, body)


def test_without_a_vendors_count_ours_is_exact_for_openai(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        got = await claude(d, "chat")
        assert (await got.parse()).input_tokens == HERE
        assert got.headers["x-pilothouse-count"] == "exact"
        assert await gemini(d, "chat") == HERE
        tools: list[Any] = [{"name": "f", "description": "d", "input_schema": {"type": "object"}}]
        got = await claude(d, "chat", tools=tools)
        assert got.headers["x-pilothouse-count"] == "estimated"
        assert (await got.parse()).input_tokens > HERE
        assert await gemini(d, "taped") == HERE, "a recording counts as the model it recorded"
        assert not d.vendor.seen

    run(tmp_path, body)


@pytest.mark.parametrize("said", [(500, {"error": {"message": "x"}}), (200, {"oops": 1})])
def test_a_vendor_that_fails_to_count_does_not_fail_the_caller(tmp_path: Path, said: Any) -> None:
    async def body(d: Doors) -> None:
        d.vendor.counts = said
        got = await claude(d, "claude")
        assert got.headers["x-pilothouse-count"] == "estimated"
        assert 5 <= (await got.parse()).input_tokens <= 40

    run(tmp_path, body)


def test_what_the_vendor_says_of_the_question_is_said_to_the_caller(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        error = {"type": "invalid_request_error", "message": "messages: roles must alternate"}
        d.vendor.counts = (400, {"type": "error", "error": error})
        with pytest.raises(anthropic.BadRequestError, match="roles must alternate"):
            await claude(d, "claude")

    run(tmp_path, body)


def test_a_count_needs_a_key_and_a_model_that_the_key_may_name(tmp_path: Path) -> None:
    async def body(d: Doors) -> None:
        assert (await (await claude(d, "claude")).parse()).input_tokens == 14
        with pytest.raises(anthropic.NotFoundError, match='Did you mean "claude"'):
            await claude(d, "claud")
        with pytest.raises(anthropic.NotFoundError):
            await claude(d, "flash")
        sent = json.dumps({"model": "claude", "messages": ASK}).encode()
        status, _, got = await d.get("/v1/messages/count_tokens", method="POST", body=sent)
        assert (status, got["error"]["type"]) == (401, "authentication_error")
        status, _, got = await d.get(
            "/v1/messages/count_tokens", method="POST", body=b"[]", x_api_key=SECRET
        )
        assert status in (400, 422)

    run(tmp_path, body, models=("claude",))
