"""A question written in Anthropic's format: what is decided, and what is named as lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from pilothouse.core.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    Request,
    TextPart,
    Thinking,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._anthropic_request_writer import DEFAULT_MAX_TOKENS
from pilothouse.dialects.anthropic_messages import plugin

_HI = {"role": "user", "content": "hi"}


def _read(**fields: Any) -> Request:
    body = {"model": "m", "max_tokens": 9, "messages": [_HI], **fields}
    return plugin.read_request(msgspec.json.encode(body))


def _ask(*messages: Message, **fields: Any) -> Request:
    hi = (Message.of_text("user", "hi"),)
    return Request(model="m", messages=messages or hi, **fields)


def _write(request: Request) -> tuple[Any, tuple[str, ...]]:
    written = plugin.write_request(request)
    return msgspec.json.decode(written.body), written.lost


def _says(*parts: Part) -> Message:
    return Message(role="assistant", parts=parts)


def test_without_a_limit_a_default_is_written_above_the_thinking_budget() -> None:
    assert _write(_ask())[0]["max_tokens"] == DEFAULT_MAX_TOKENS
    body, lost = _write(_ask(thinking=Thinking(budget_tokens=4000)))
    assert (body["max_tokens"], lost) == (DEFAULT_MAX_TOKENS + 4000, ())


def test_instructions_come_first_and_later_ones_are_said_by_the_user() -> None:
    request = _ask(
        Message.of_text("system", "a"),
        Message.of_text("developer", "b"),
        Message.of_text("user", "hi"),
        Message.of_text("system", "c"),
    )
    body, lost = _write(request)
    assert [block["text"] for block in body["system"]] == ["a", "b"]
    assert [block["text"] for block in body["messages"][0]["content"]] == ["hi", "c"]
    assert [path.partition(":")[0] for path in lost] == ["messages[3].role"]


def test_a_system_turn_of_this_dialect_stays_one() -> None:
    turns = [_HI, {"role": "system", "content": "c"}]
    body, lost = _write(_read(messages=turns))
    assert (body["messages"], lost) == (turns, ())


def test_instructions_alone_are_a_turn_to_answer() -> None:
    body, _ = _write(_ask(Message.of_text("system", "a")))
    assert body["messages"] == [{"role": "user", "content": "a"}]


def test_turns_of_one_side_are_one_and_results_come_first_in_theirs() -> None:
    def result(id: str) -> Message:
        return Message(role="tool", parts=(ToolResultPart(call_id=id, parts=(TextPart("r"),)),))

    calls = [ToolCallPart(id=id, name="w", arguments="") for id in ("a", "b")]
    request = _ask(
        Message.of_text("user", "hi"),
        _says(TextPart("wait")),
        _says(*calls),
        Message.of_text("user", "quick"),
        result("a"),
        result("b"),
    )
    turns = _write(request)[0]["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [b["type"] for b in turns[1]["content"]] == ["text", "tool_use", "tool_use"]
    assert [b["type"] for b in turns[2]["content"]] == ["tool_result", "tool_result", "text"]
    assert turns[1]["content"][1]["input"] == {}


def test_what_the_vendor_would_refuse_is_changed_and_named() -> None:
    request = _ask(
        temperature=1.5,
        stop=("\n", "END"),
        max_output_tokens=1500,
        thinking=Thinking(budget_tokens=200, effort="minimal"),
    )
    body, lost = _write(request)
    assert body["temperature"] == 1
    assert body["stop_sequences"] == ["END"]
    assert body["thinking"]["budget_tokens"] == 1024
    assert body["output_config"] == {"effort": "low"}
    assert sorted(path.partition(":")[0] for path in lost) == [
        "stop[0]",
        "temperature",
        "thinking.budget_tokens",
        "thinking.effort",
    ]


def test_a_budget_is_dropped_where_the_last_tool_call_shows_no_thinking() -> None:
    call = ToolCallPart(id="t", name="w", arguments="{}")
    result = ToolResultPart(call_id="t", parts=(TextPart("r"),))
    request = _ask(
        Message.of_text("user", "hi"),
        _says(call),
        Message(role="tool", parts=(result,)),
        thinking=Thinking(budget_tokens=2048),
    )
    body, lost = _write(request)
    assert "thinking" not in body
    assert lost[0].startswith("thinking.budget_tokens")


@pytest.mark.parametrize(
    ("part", "lost"),
    [
        (MediaPart(kind="audio", mime="audio/wav", data="AAAA"), ": audio"),
        (MediaPart(kind="file", mime="application/zip", data="AAAA"), ": a file of type"),
        (MediaPart(kind="image", mime="image/png", data="AAAA", detail="high"), ".detail"),
        (ThinkingPart(text="hm"), ": thinking without its signature"),
        (ThinkingPart(redacted="gAAAAABo"), ": another vendor's sealed thinking"),
        (OpaquePart(raw=Raw(b"{}"), dialect="other"), ": only other has a word for it"),
        (ToolCallPart(id="t", name="n", arguments="{}", signature="s"), ".signature"),
    ],
)
def test_a_part_that_cannot_be_said_is_named(part: Part, lost: str) -> None:
    found = _write(_ask(Message(role="user", parts=(TextPart("t"), part))))[1]
    assert [path.startswith(f"messages[0].parts[1]{lost}") for path in found] == [True]


def test_parameters_without_a_word_are_named_and_those_that_ask_for_nothing_are_not() -> None:
    request = _ask(n=2, seed=0, frequency_penalty=0.0, presence_penalty=0.5, logprobs=False)
    assert _write(request)[1] == ("n", "seed", "presence_penalty")
    foreign = _ask(extra={"store": Raw(b"true")}, dialect="openai_chat")
    assert _write(foreign)[1] == ("extra.store",)


def test_arguments_that_are_no_object_are_sent_as_the_vendor_advises() -> None:
    call = ToolCallPart(id="functions.w:0", name="w", arguments='{"a": ')
    body, lost = _write(_ask(Message.of_text("user", "hi"), _says(call)))
    block = body["messages"][1]["content"][0]
    assert block["input"] == {"INVALID_JSON": '{"a": '}
    assert block["id"] == "functions_w_0"
    assert lost == ("messages[1].parts[0].arguments: not a JSON object",)
