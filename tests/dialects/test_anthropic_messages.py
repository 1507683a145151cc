"""Anthropic's Messages format, mapping by mapping: questions, answers, counts."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from pilothouse.core.answer import Answer, Candidate, Usage
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import (
    Extra,
    MediaPart,
    Message,
    OpaquePart,
    OutputFormat,
    Part,
    RefusalPart,
    Request,
    TextPart,
    Thinking,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from pilothouse.dialects.anthropic_messages import plugin

_HI = {"role": "user", "content": "hi"}


def _read(**fields: Any) -> Request:
    body = {"model": "m", "max_tokens": 9, "messages": [_HI], **fields}
    return plugin.read_request(msgspec.json.encode(body))


def _blocks(*blocks: Any, role: str = "user") -> tuple[Part, ...]:
    return _read(messages=[{"role": role, "content": blocks}]).messages[0].parts


def _ask(*messages: Message, **fields: Any) -> Request:
    hi = (Message.of_text("user", "hi"),)
    return Request(model="m", messages=messages or hi, **fields)


def _write(request: Request) -> tuple[Any, tuple[str, ...]]:
    written = plugin.write_request(request)
    return msgspec.json.decode(written.body), written.lost


# What is read.


def test_the_envelope_is_what_must_be_known_at_once() -> None:
    found = plugin.read_envelope(
        b'{"model":"m","stream":true,"max_tokens":7,"metadata":{"user_id":"u"},"messages":0}'
    )
    assert (found.model, found.stream, found.max_output_tokens) == ("m", True, 7)
    assert (found.subject, found.wants_usage, found.n) == ("u", True, 1)


def test_scalars_are_read_into_their_nouns() -> None:
    request = _read(
        stream=True,
        stop_sequences=["a"],
        temperature=0.5,
        top_p=0.9,
        top_k=3,
        metadata={"user_id": "u"},
    )
    assert (request.stream, request.stop, request.subject) == (True, ("a",), "u")
    assert (request.temperature, request.top_p, request.top_k) == (0.5, 0.9, 3)
    assert (request.max_output_tokens, request.dialect) == (9, "anthropic_messages")


@pytest.mark.parametrize(
    "system", ["be brief", [{"type": "text", "text": "be brief", "cache_control": None}]]
)
def test_a_system_prompt_is_a_string_or_blocks(system: Any) -> None:
    assert _read(system=system).messages[0] == Message.of_text("system", "be brief")


def test_every_block_with_a_noun_is_read() -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    found = _blocks(
        {"type": "text", "text": "t", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image", "source": image, "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "url", "url": "https://x"}},
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "document", "source": image | {"media_type": "application/pdf"}, "title": "T"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é"}},
    )
    assert found == (
        TextPart("t", cache="1h"),
        MediaPart(kind="image", mime="image/png", data="AAAA", cache="5m"),
        MediaPart(kind="image", url="https://x"),
        MediaPart(kind="image", file_id="f"),
        MediaPart(kind="file", mime="application/pdf", data="AAAA", name="T"),
        MediaPart(kind="file", mime="text/plain", data=base64.b64encode("é".encode()).decode()),
    )


def test_thinking_keeps_its_signature_and_arguments_their_spelling() -> None:
    body = (
        b'{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":['
        b'{"type":"thinking","thinking":"hm","signature":"s"},'
        b'{"type":"redacted_thinking","data":"d"},'
        b'{"type":"tool_use","id":"t","name":"n","input":{"a" : 1.50}}]}]}'
    )
    assert plugin.read_request(body).messages[0].parts == (
        ThinkingPart(text="hm", signature="s"),
        ThinkingPart(redacted="d"),
        ToolCallPart(id="t", name="n", arguments='{"a" : 1.50}'),
    )


def test_a_tool_s_result_is_a_message_of_its_own_named_after_its_call() -> None:
    call = {"type": "tool_use", "id": "t", "name": "weather", "input": {}}
    results = [
        {"type": "tool_result", "tool_use_id": "t", "content": "rain", "is_error": True},
        {"type": "text", "text": "so?"},
    ]
    request = _read(
        messages=[
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": results},
        ]
    )
    result = ToolResultPart(call_id="t", name="weather", parts=(TextPart("rain"),), is_error=True)
    assert request.messages[1:] == (
        Message(role="tool", parts=(result,)),
        Message.of_text("user", "so?"),
    )


def test_a_block_or_field_without_a_noun_is_carried() -> None:
    found = _blocks(
        {"type": "search_result", "source": "s"},
        {"type": "text", "text": "t", "citations": [1], "fresh": 2},
        {"type": "document", "source": {"type": "content", "content": "c"}},
    )
    assert isinstance(found[0], OpaquePart)
    assert found[1] == TextPart(
        "t", extra=Extra("anthropic_messages", Raw(b'{"citations":[1],"fresh":2}'))
    )
    assert isinstance(found[2], OpaquePart)


def test_fields_inside_a_cache_mark_or_a_source_that_are_new_come_back_too() -> None:
    cache = {"type": "ephemeral", "ttl": "1h", "scope": "global"}
    source = {"type": "url", "url": "https://x", "fresh": True}
    blocks = [
        {"type": "text", "text": "t", "cache_control": cache},
        {"type": "image", "source": source},
    ]
    tool = {"name": "w", "input_schema": {}, "cache_control": cache, "defer_loading": True}
    request = _read(messages=[{"role": "user", "content": blocks}], tools=[tool])
    first = request.messages[0].parts[0]
    assert isinstance(first, TextPart)
    assert (first.cache, request.tools[0].cache) == ("1h", "1h")
    body, lost = _write(request)
    assert (body["messages"][0]["content"], body["tools"], lost) == (blocks, [tool], ())


def test_tools_of_the_caller_are_read_and_those_of_the_vendor_carried() -> None:
    custom = {"name": "w", "description": "d", "input_schema": {"type": "object"}, "strict": True}
    request = _read(tools=[custom, {"type": "bash_20250124", "name": "bash"}])
    assert request.tools == (
        Tool(name="w", description="d", parameters=Raw(b'{"type":"object"}'), strict=True),
    )
    assert request.extra == {"tools": Raw(b'[{"type":"bash_20250124","name":"bash"}]')}


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ({"type": "auto"}, ToolChoice()),
        ({"type": "any"}, ToolChoice(mode="required")),
        ({"type": "none"}, ToolChoice(mode="none")),
        ({"type": "tool", "name": "w"}, ToolChoice(mode="required", name="w")),
    ],
)
def test_tool_choices_both_ways(wire: dict[str, Any], choice: ToolChoice) -> None:
    assert _read(tool_choice=wire).tool_choice == choice
    body, lost = _write(_ask(tools=(Tool(name="w"),), tool_choice=choice))
    assert (body["tool_choice"], lost) == (wire, ())


def test_one_tool_at_a_time_both_ways() -> None:
    wire = {"type": "auto", "disable_parallel_tool_use": True}
    assert _read(tool_choice=wire).parallel_tool_calls is False
    body, _ = _write(_ask(tools=(Tool(name="w"),), parallel_tool_calls=False))
    assert body["tool_choice"] == wire


@pytest.mark.parametrize(
    ("wire", "thinking"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Thinking(budget_tokens=2048)),
        ({"thinking": {"type": "disabled"}}, Thinking(budget_tokens=0)),
        (
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            Thinking(is_adaptive=True, is_shown=False),
        ),
        ({"output_config": {"effort": "max"}}, Thinking(effort="max")),
    ],
)
def test_ways_to_think_both_ways(wire: dict[str, Any], thinking: Thinking) -> None:
    assert _read(max_tokens=4096, **wire).thinking == thinking
    body, lost = _write(_ask(thinking=thinking, max_output_tokens=4096))
    assert body | wire == body
    assert lost == ()


def test_a_schema_both_ways() -> None:
    wire = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    output = OutputFormat(schema=Raw(b'{"type":"object"}'))
    assert _read(output_config=wire).output == output
    assert _write(_ask(output=output))[0]["output_config"] == wire


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"model": ""}, "model"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
        ),
        ({"tools": [{"name": "w", "input_schema": {}, "strict": 3}]}, "tools[0].strict"),
        ({"thinking": {"type": "enabled", "budget_tokens": "x"}}, "thinking.budget_tokens"),
    ],
)
def test_a_bad_question_names_the_parameter_at_fault(fields: Any, param: str) -> None:
    with pytest.raises(BadRequest) as raised:
        _read(**fields)
    assert raised.value.param == param


def test_a_body_that_is_not_json_says_so() -> None:
    with pytest.raises(BadRequest, match="not valid JSON"):
        plugin.read_request(b'{"model": ')


def test_another_model_changes_nothing_else() -> None:
    body = b'{"model":"a","x":{"y" : 1.0},"messages":[]}'
    assert plugin.with_model(body, "b", stream=True) == body.replace(b'"a"', b'"b"')


# Answers.


@pytest.mark.parametrize(
    ("wire", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
    ],
)
def test_reasons_to_stop_both_ways(wire: str, ours: str) -> None:
    only = Candidate(parts=(TextPart("a"),), finish_reason=ours)
    answer = Answer(candidates=(only,), usage=Usage(input_tokens=1, output_tokens=1))
    body = plugin.write_answer(answer, model="m", id="1", created_s=0)
    assert msgspec.json.decode(body)["stop_reason"] == wire
    assert plugin.read_answer(body).finish_reason == ours


def test_a_full_context_is_an_answer_cut_for_length() -> None:
    body = b'{"type":"message","content":[],"stop_reason":"model_context_window_exceeded","usage":null}'
    assert plugin.read_answer(body).finish_reason == "length"


def test_counts_are_disjoint_on_the_wire_and_parts_of_a_whole_here() -> None:
    usage = Usage(
        input_tokens=100,
        output_tokens=9,
        cached_input_tokens=60,
        cache_write_tokens=30,
        cache_write_1h_tokens=10,
        reasoning_tokens=4,
    )
    body = plugin.write_answer(Answer.of_text("a", usage=usage), model="m", id="1", created_s=0)
    assert msgspec.json.decode(body)["usage"] == {
        "input_tokens": 10,
        "output_tokens": 9,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 60,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        "output_tokens_details": {"thinking_tokens": 4},
    }
    assert plugin.read_answer(body).usage == usage


def test_a_filter_s_explanation_is_a_refusal() -> None:
    only = Candidate(parts=(RefusalPart("no"),), finish_reason="content_filter")
    answer = Answer(candidates=(only,), usage=Usage(input_tokens=1, output_tokens=0))
    body = plugin.write_answer(answer, model="m", id="1", created_s=0)
    assert msgspec.json.decode(body)["stop_details"]["explanation"] == "no"
    assert plugin.read_answer(body).candidates == (only,)


def test_thinking_that_nobody_signed_is_still_shown_to_the_caller() -> None:
    only = Candidate(parts=(ThinkingPart(text="hm"),), finish_reason="stop")
    answer = Answer(candidates=(only,), usage=Usage(input_tokens=1, output_tokens=0))
    body = plugin.write_answer(answer, model="m", id="1", created_s=0)
    assert msgspec.json.decode(body)["content"][0]["thinking"] == "hm"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"type":"error","error":{}}', b"\xff"])
def test_what_is_not_a_message_is_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        plugin.read_answer(body)
    assert raised.value.kind == "garbage"


# Counts.


def test_a_count_is_asked_without_a_limit_and_answered_with_one_number() -> None:
    request = plugin.read_count_request(
        b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    )
    assert request.max_output_tokens is None
    assert plugin.write_count(3) == b'{"input_tokens":3}'
    assert plugin.read_count(plugin.write_count(3)) == 3
