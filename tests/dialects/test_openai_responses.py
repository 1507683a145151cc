"""The Responses API, both ways: what is kept, and what is named as lost."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, structs
from responses_forms import said, without_ids
from strategies import answers, requests, without

from pilothouse.core.answer import (
    Answer,
    Candidate,
)
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import (
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
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects.openai_responses import plugin as dialect

few = settings(max_examples=40)


extras = st.fixed_dictionaries(
    {},
    optional={
        "store": st.sampled_from([Raw(b"true"), Raw(b"false")]),
        "metadata": st.just(Raw(b'{"a":"b"}')),
        "previous_response_id": st.just(Raw(b'"resp_1"')),
        "prompt_cache_key": st.just(Raw(b'"k"')),
        "service_tier": st.just(Raw(b'"flex"')),
        "truncation": st.just(Raw(b'"auto"')),
        "include": st.just(Raw(b'["reasoning.encrypted_content"]')),
        "verbosity": st.just(Raw(b'"low"')),
        "tools": st.just(Raw(b'[{"type":"web_search"}]')),
    },
)


def spoken(request: Request, back: Request) -> Request:
    """`request` in the form of this API, where it says the same in one way only."""
    messages = tuple(turns(request.messages))
    output, thinking = request.output, request.thinking
    if output is not None and output.schema is not None and output.name is None:
        output = structs.replace(output, name="answer")
    if thinking is not None and back.thinking is not None and thinking.effort is None:
        # a budget of nothing is said as effort "none", and the budget is named as lost
        effort = "none" if request.thinking and back.thinking.effort == "none" else None
        thinking = structs.replace(thinking, effort=effort)
    return structs.replace(
        request,
        messages=messages,
        n=None,
        logprobs=request.logprobs or None,
        output=output,
        thinking=thinking,
        dialect="openai_responses",
    )


def turns(messages: Iterable[Message]) -> list[Message]:
    """Where all that somebody said in between is lost, the model's two turns are one."""
    found: list[Message] = []
    for message in messages:
        last = found[-1] if found else None
        is_one_turn = last is not None and last.role == message.role == "assistant"
        if (
            last is None
            or not is_one_turn
            or (is_said(last.parts[-1]) and is_said(message.parts[0]))
        ):
            found.append(message)
        else:
            found[-1] = structs.replace(last, parts=(*last.parts, *message.parts))
    return found


def is_said(part: Part) -> bool:
    return isinstance(part, (TextPart, RefusalPart))


@few
@given(requests, extras)
def test_a_request_keeps_all_but_what_is_named_as_lost(
    bare: Request, extra: dict[str, Raw]
) -> None:
    request = structs.replace(bare, extra=extra)
    written = dialect.write_request(request)
    back = dialect.read_request(written.body)
    assert back == spoken(without(request, written.lost), back)


@few
@given(requests, extras)
def test_writing_what_was_read_gives_the_same_body(bare: Request, extra: dict[str, Raw]) -> None:
    asked = dialect.write_request(structs.replace(bare, extra=extra)).body
    body = dialect.write_request(dialect.read_request(asked)).body
    again = dialect.write_request(dialect.read_request(body))
    assert again.lost == ()
    assert json.loads(again.body) == json.loads(body)


@few
@given(answers)
def test_an_answer_survives_the_way_there_and_back(answer: Answer) -> None:
    back = dialect.read_answer(dialect.write_answer(answer, model="m", id="1", created_s=1))
    assert without_ids(back) == without_ids(said(answer))


def test_a_reason_nobody_knows_is_never_a_completed_answer() -> None:
    body = dialect.write_answer(
        Answer.of_text("a", finish_reason="pause_turn"), model="m", id="1", created_s=1
    )
    assert json.loads(body)["status"] == "incomplete"


def test_a_signature_of_another_vendors_call_reaches_the_client_and_comes_back() -> None:
    call = ToolCallPart(id="c1", name="f", arguments="{}", signature="c2ln")
    only = Candidate(parts=(call,), finish_reason="tool_calls")
    body = dialect.write_answer(Answer(candidates=(only,)), model="m", id="1", created_s=1)
    items = json.loads(body)["output"]
    result = {"type": "function_call_output", "call_id": "c1", "output": "7"}
    asked = {"model": "m", "input": [{"role": "user", "content": "q"}, *items, result]}
    request = dialect.read_request(json.dumps(asked).encode())
    assert request.messages[1].parts == (call,)
    assert request.messages[2].parts == (
        ToolResultPart(call_id="c1", name="f", parts=(TextPart("7"),)),
    )


def test_a_conversation_of_all_kinds_is_read() -> None:
    body = {
        "model": "m",
        "instructions": "be brief",
        "input": [
            {"role": "developer", "content": "rules"},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "see"},
                    {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
                    {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {
                "type": "function_call_output",
                "call_id": "c",
                "output": [{"type": "input_image", "image_url": "https://media.example/a"}],
            },
            {"type": "item_reference", "id": "msg_9"},
        ],
    }  # fmt: skip
    request = dialect.read_request(json.dumps(body).encode())
    system, developer, user, turn, result, reference = request.messages
    assert (system, developer) == (
        Message.of_text("system", "be brief"),
        Message.of_text("developer", "rules"),
    )
    assert user.parts == (
        TextPart("see"),
        MediaPart(kind="image", mime="image/png", data="aGk=", detail="low"),
        MediaPart(kind="file", mime="application/pdf", data="aGk=", name="a.pdf"),
        MediaPart(kind="audio", mime="audio/wav", data="aGk="),
    )
    thinking, search, call = turn.parts
    assert thinking == ThinkingPart(redacted="xyz", id="rs_1")
    assert isinstance(search, OpaquePart)
    assert isinstance(call, ToolCallPart)
    [told] = result.parts
    assert isinstance(told, ToolResultPart) and told.name == "f"
    assert isinstance(reference.parts[0], OpaquePart)
    again = json.loads(dialect.write_request(request).body)
    assert again["input"][3] == body["input"][3]  # pyright: ignore
    assert again["input"][-1] == body["input"][-1]  # pyright: ignore


def test_what_only_this_api_knows_is_lost_elsewhere_by_name() -> None:
    part = OpaquePart(raw=Raw(b'{"type":"server_tool_use"}'), dialect="anthropic_messages")
    request = Request(
        model="m",
        messages=(Message(role="assistant", parts=(part,)), Message.of_text("user", "q")),
        extra={"container": Raw(b'"c"')},
        dialect="anthropic_messages",
    )
    assert dialect.write_request(request).lost == (
        "extra.container",
        "messages[0].parts[0]: opaque",
    )


def test_extras_of_openais_chat_that_mean_the_same_are_kept() -> None:
    request = Request(
        model="m",
        messages=(Message.of_text("user", "q"),),
        extra={"store": Raw(b"true"), "verbosity": Raw(b'"low"'), "logit_bias": Raw(b"{}")},
        dialect="openai_chat",
    )
    written = dialect.write_request(request)
    assert written.lost == ("extra.logit_bias",)
    body = json.loads(written.body)
    assert (body["store"], body["text"]) == (True, {"verbosity": "low"})


def test_structured_output_and_reasoning_are_read_and_written() -> None:
    body = {
        "model": "m",
        "input": "q",
        "text": {
            "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True},
            "verbosity": "high",
        },
        "reasoning": {"effort": "low", "summary": "detailed", "mode": "pro"},
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []},
        "safety_identifier": "u1",
    }  # fmt: skip
    request = dialect.read_request(json.dumps(body).encode())
    assert request.output == OutputFormat(schema=Raw(b'{"type": "object"}'), name="n", strict=True)
    assert request.thinking == Thinking(effort="low", is_shown=True)
    assert request.subject == "u1"
    assert json.loads(dialect.write_request(request).body) == body


def test_an_envelope_tells_what_must_be_known_at_once() -> None:
    body = b'{"input":[{"role":"user"}],"model":"m","stream":true,"max_output_tokens":5,"user":"u"}'
    envelope = dialect.read_envelope(body)
    assert (envelope.model, envelope.stream, envelope.max_output_tokens) == ("m", True, 5)
    assert envelope.subject == "u"


def test_rewriting_the_model_leaves_every_other_value_as_it_was() -> None:
    body = b'{"model":"a","metadata":{"y":[1.10,null,12345678901234567890]},"input":"q"}'
    for stream in (False, True):
        assert dialect.with_model(body, "b", stream=stream) == body.replace(b'"a"', b'"b"')


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "q"}, "model"),
        ({"model": "m"}, "input"),
        ({"model": "m", "input": 7}, "input"),
        ({"model": "m", "input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"model": "m", "input": "q", "temperature": "hot"}, "temperature"),
    ],
)
def test_a_bad_request_names_the_parameter_at_fault(body: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        dialect.read_request(json.dumps(body).encode())
    assert caught.value.param == param


@given(st.binary(max_size=200))
def test_no_body_makes_anything_but_a_request_or_a_bad_request(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        dialect.read_request(body)


@pytest.mark.parametrize("body", [b"", b"nope", b"{}", b"\xff", b'{"output":7}', b"[1]"])
def test_what_is_no_answer_is_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(body)
    assert caught.value.kind == "garbage"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("server_error", "provider_down"),
        ("rate_limit_exceeded", "rate_limited"),
        ("bio_policy", "refused"),
        ("invalid_image", "caller"),
    ],
)
def test_a_failed_response_is_the_failure_it_names(code: str, kind: str) -> None:
    body = {"status": "failed", "output": [], "error": {"code": code, "message": "no"}}
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(json.dumps(body).encode())
    assert caught.value.kind == kind


def test_error_bodies_are_those_of_openai() -> None:
    body = dialect.write_error(429, "slow", code="rate_limited", param=None)
    assert json.loads(body)["error"]["type"] == "rate_limit_error"
    assert dialect.read_error(body) == ("slow", "rate_limited")
    assert dialect.read_error(b"<html>") == ("", None)
