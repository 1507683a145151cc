"""OpenAI's chat completions, both ways."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace
from strategies import answers, requests, streams, told, without

from pilothouse.core.answer import Answer, End, Event, TextDelta, Usage, Used
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import (
    MediaPart,
    Message,
    RefusalPart,
    Request,
    TextPart,
    Thinking,
    ThinkingPart,
    ToolCallPart,
)
from pilothouse.dialects.openai_chat import plugin as dialect
from pilothouse.wire.sse import Events

_USAGE = Usage(input_tokens=1, output_tokens=1)


def canonical(request: Request) -> Request:
    """Chat keeps refusals and tool calls beside the content, not among it; no budget is no effort."""
    thinking = request.thinking
    if thinking is not None and thinking.budget_tokens == 0:
        thinking = replace(thinking, effort="none", budget_tokens=None)
    output = request.output
    if output is not None and output.schema is not None:
        output = replace(output, name=output.name or "answer", schema=Raw(bytes(output.schema)))
    return replace(
        request,
        output=output,
        messages=tuple([_sorted(m) for m in request.messages]),
        thinking=None if thinking == Thinking() else thinking,
        dialect=None,
    )


def _sorted(message: Message) -> Message:
    refused = "".join([p.text for p in message.parts if isinstance(p, RefusalPart)])
    calls = [p for p in message.parts if isinstance(p, ToolCallPart)]
    rest = [p for p in message.parts if not isinstance(p, (RefusalPart, ToolCallPart))]
    return replace(message, parts=(*rest, *([RefusalPart(refused)] if refused else []), *calls))


def said(answer: Answer) -> object:
    """What a caller sees of an answer in this format."""
    only = answer.candidates[0]
    thinking = [p for p in only.parts if isinstance(p, ThinkingPart)]
    proven = [(p.signature, p.redacted) for p in thinking if p.signature or p.redacted]
    usage = answer.usage and replace(answer.usage, cache_write_1h_tokens=0, is_estimated=False)
    reason = "stop" if only.finish_reason == "stop_sequence" else only.finish_reason
    calls = [p for p in only.parts if isinstance(p, ToolCallPart)]
    return only.text, proven, calls, reason, usage


@given(requests)
def test_a_request_keeps_all_that_is_not_named_as_lost(request: Request) -> None:
    written = dialect.write_request(request)
    kept = canonical(without(request, written.lost))
    assume(kept.messages)
    read = dialect.read_request(written.body)
    assert canonical(read) == kept


@given(answers)
def test_an_answer_survives_the_way_there_and_back(answer: Answer) -> None:
    body = dialect.write_answer(answer, model="m", id=answer.id or "1", created_s=1)
    assert said(dialect.read_answer(body)) == said(answer)


@given(streams(), st.lists(st.integers(0, 10_000), max_size=5))
def test_a_stream_tells_the_same_answer_wherever_it_is_cut(
    events: tuple[Event, ...], cuts: list[int]
) -> None:
    writer = dialect.writer(model="m", id="1", created_s=1)
    data = b"".join([writer.write(event) for event in events])
    edges = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    splitter, reader = Events(), dialect.reader()
    read = [
        event
        for start, end in pairwise(edges)
        for whole in splitter.feed(data[start:end])
        for event in reader.read(whole)
    ]
    assert isinstance(read[-1], End)
    assert said(told(read)) == said(told(events))


def test_usage_is_streamed_only_to_those_who_asked() -> None:
    for wants in (True, False):
        writer = dialect.writer(model="m", id="1", created_s=1, wants_usage=wants)
        events = (TextDelta("a"), Used(_USAGE), End())
        data = b"".join([writer.write(event) for event in events])
        chunks = [json.loads(d[6:]) for d in data.split(b"\n\n") if d and b"[DONE]" not in d]
        assert [c["choices"] for c in chunks].count([]) == wants
        assert all(("usage" in c) == wants for c in chunks)


def test_rewriting_the_model_leaves_every_other_value_as_it_was() -> None:
    body = b'{"model":"a","seed":12345678901234567890,"x":{"y":[1.10,null]},"messages":[]}'
    after = dialect.with_model(body, "b", stream=False)
    assert after == body.replace(b'"a"', b'"b"')
    assert json.loads(dialect.with_model(body, "b", stream=True))["stream_options"] == {
        "include_usage": True
    }


def test_content_parts_are_read() -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
    ]
    body = {"model": "m", "messages": [{"role": "developer", "content": parts}]}
    [message] = dialect.read_request(json.dumps(body).encode()).messages
    assert message.role == "developer"
    assert message.parts == (
        TextPart("a"),
        MediaPart(kind="image", mime="image/png", data="QUJD"),
        MediaPart(kind="audio", mime="audio/mp3", data="QUJD"),
    )


def test_what_other_speakers_of_the_format_add_is_read() -> None:
    google = {"google": {"thought_signature": "sig"}}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm.",
        "tool_calls": [{**call, "extra_content": google}],
    }
    body = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    answer = dialect.read_answer(json.dumps(body).encode())
    thought, tool = answer.candidates[0].parts
    assert tool == ToolCallPart(id="c", name="f", arguments="{}", signature="sig")
    assert getattr(thought, "text", None) == "Hm."


def test_what_is_not_a_function_stays_in_extra_and_comes_back() -> None:
    custom = {"type": "custom", "custom": {"name": "g"}}
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "f"}}, custom],
        "verbosity": "low",
        "logit_bias": {"5": -1},
    }
    request = dialect.read_request(json.dumps(body).encode())
    assert set(request.extra) == {"tools", "verbosity", "logit_bias"}
    again = json.loads(dialect.write_request(request).body)
    assert (again["tools"][1], again["verbosity"]) == (custom, "low")
    elsewhere = dialect.write_request(replace(request, dialect="gemini"))
    assert set(elsewhere.lost) == {"extra.tools", "extra.verbosity", "extra.logit_bias"}


@pytest.mark.parametrize("body", [b"", b"nope", b"{}", b"\xff", b'{"choices":[]}', b"[1]"])
def test_what_is_no_answer_is_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(body)
    assert caught.value.kind == "garbage"


@given(st.binary(max_size=200))
def test_no_body_makes_anything_but_a_request_or_a_bad_request(body: bytes) -> None:
    for read in (dialect.read_request, dialect.read_envelope):
        with contextlib.suppress(BadRequest):
            read(body)


@pytest.mark.parametrize("event", [b": keepalive\n\n", b"event: ping\n\n", b"\n\n"])
def test_comments_and_empty_events_say_nothing(event: bytes) -> None:
    assert not dialect.reader().read(event)


def test_an_event_of_several_lines_is_joined() -> None:
    assert dialect.reader().read(b'event: x\r\ndata: {"choices":\r\ndata: []}\r\n\r\n')


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("content_filter", "refused"),
        ("server_error", "provider_down"),
        ("rate_limit_exceeded", "rate_limited"),
    ],
)
def test_an_error_in_the_stream_is_an_error_of_its_class(code: str, kind: str) -> None:
    with pytest.raises(ProviderError, match="went wrong") as caught:
        dialect.reader().read(dialect.error_event(500, "went wrong", code=code))
    assert caught.value.kind == kind


def test_error_bodies_are_read_as_far_as_they_are_ones() -> None:
    assert dialect.read_error(b'{"error":{"message":"m","code":7}}') == ("m", "7")
    assert dialect.read_error(b'{"error":{"message":"m","type":"t","code":null}}') == ("m", "t")
    assert dialect.read_error(b'{"error":"words"}') == ("words", None)
    assert dialect.read_error(b"<html>") == ("", None)
