"""Input tokens of whole requests: exact only where nothing is guessed."""

from __future__ import annotations

import pytest
from msgspec import Raw

from pilothouse.catalog.request_tokens import count_request
from pilothouse.catalog.token_count import count_chat
from pilothouse.core.request import (
    MediaPart,
    Message,
    OutputFormat,
    Part,
    Request,
    TextPart,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)

TEXTS = (Message.of_text("system", "Be brief."), Message.of_text("user", "How are you?"))
PLAIN = count_chat("gpt-4o", TEXTS)


def test_texts_alone_are_exact_for_openai_and_estimated_for_others() -> None:
    assert count_request("gpt-4o", Request(model="r", messages=TEXTS)) == PLAIN
    other = count_request("claude-sonnet-4-5", Request(model="r", messages=TEXTS))
    assert other.method == "estimate"
    assert other.low <= other.tokens <= other.high


@pytest.mark.parametrize(
    "part",
    [
        ToolCallPart(id="1", name="weather", arguments='{"city":"Oslo"}'),
        ToolResultPart(call_id="1", parts=(TextPart("rain"),)),
        ThinkingPart(text="They ask how I am."),
        MediaPart(kind="image", url="https://x/y.png"),
        ToolResultPart(call_id="1", parts=(MediaPart(kind="image", data="aaaa"),)),
    ],
)
def test_what_nobody_says_how_it_is_rendered_makes_an_estimate(part: Part) -> None:
    more = Message(role="user", parts=(part,))
    found = count_request("gpt-4o", Request(model="r", messages=(*TEXTS, more)))
    assert found.method == "estimate"
    assert found.low <= found.tokens <= found.high
    assert found.tokens > PLAIN.tokens + 3


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": (Tool(name="f", description="d", parameters=Raw(b'{"type":"object"}')),)},
        {"output": OutputFormat(schema=Raw(b'{"type":"object"}'))},
    ],
)
def test_tools_and_schemas_count(changes: dict[str, object]) -> None:
    request = Request(model="r", messages=TEXTS, **changes)  # type: ignore[arg-type]
    found = count_request("gpt-4o", request)
    assert (found.method, found.tokens > PLAIN.tokens) == ("estimate", True)


def test_a_name_leaves_the_count_as_it_is_but_no_longer_certain() -> None:
    named = Message(role="user", parts=(TextPart("Hi"),), name="ann")
    found = count_request("gpt-4o", Request(model="r", messages=(named,)))
    assert found.method == "estimate"
    assert found.low < found.high
