"""Nothing is lost in Anthropic's format that is not named, whatever is asked, answered or streamed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace
from strategies import answers, requests, streams, told, without

from pilothouse.core.answer import Answer, Candidate, Event, Usage
from pilothouse.core.request import (
    MediaPart,
    Message,
    OutputFormat,
    Part,
    RefusalPart,
    Request,
    TextPart,
    Thinking,
    ThinkingPart,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from pilothouse.dialects.anthropic_messages import plugin
from pilothouse.wire.sse import Events

_ANY_OBJECT = Raw(b'{"type":"object","properties":{}}')
_settled = settings(max_examples=50)


@_settled
@given(requests)
def test_a_question_keeps_everything_that_is_not_named_as_lost(request: Request) -> None:
    written = plugin.write_request(request)
    assume(b'"messages":[]' not in written.body)  # nothing of it could be said
    read = plugin.read_request(written.body)
    read = without(read, [path for path in written.lost if _is_said_otherwise(path, read)])
    read = replace(read, thinking=_thinking(read.thinking))
    assert read == _as_said_here(without(request, written.lost), read)


@_settled
@given(requests)
def test_a_question_of_this_dialect_is_written_as_it_was_read(request: Request) -> None:
    body = plugin.write_request(request).body
    assume(b'"messages":[]' not in body)
    read = plugin.read_request(body)
    again = plugin.write_request(read)
    assert again.lost == ()
    assert plugin.read_request(again.body) == read


@_settled
@given(requests, st.sampled_from(["user", "assistant", "system"]))
def test_fields_and_blocks_without_a_noun_come_back_to_this_dialect(
    request: Request, role: str
) -> None:
    body = msgspec.json.decode(plugin.write_request(request).body)
    assume(body["messages"])  # a system turn with none before it is instructions
    body["service_tier"] = "auto"
    body["thinking"] = {"type": "adaptive", "display": "updates", "block_binding": {"x": 1}}
    body.setdefault("output_config", {})["task_budget"] = {"type": "tokens", "total": 9}
    body["metadata"] = {"user_id": "u", "tenant": "t"}
    body["messages"].append({"role": role, "content": [{"type": "fresh_kind", "of": [1, 2]}]})
    body["messages"].append({"role": "user", "content": "and?"})
    body.setdefault("tools", []).append({"type": "web_search_20250305", "name": "web_search"})
    written = plugin.write_request(plugin.read_request(msgspec.json.encode(body)))
    assert written.lost == ()
    after = msgspec.json.decode(written.body)
    assert after["messages"][-1:] == body["messages"][-1:] or role == "user"
    assert {"type": "fresh_kind", "of": [1, 2]} in [
        block
        for turn in after["messages"]
        if isinstance(turn["content"], list)
        for block in turn["content"]
    ]
    for name in ("service_tier", "thinking", "output_config", "metadata", "tools"):
        assert after[name] == body[name]


@_settled
@given(answers)
def test_an_answer_keeps_everything(answer: Answer) -> None:
    usage = answer.usage or Usage(input_tokens=1, output_tokens=1)
    answer = replace(answer, usage=usage)
    body = plugin.write_answer(answer, model="m", id=answer.id or "x", created_s=1)
    read = plugin.read_answer(body)
    assert read == _answer_here(answer)


@_settled
@given(streams())
def test_a_stream_tells_the_same_answer_after_writing_and_reading(
    events: tuple[Event, ...],
) -> None:
    assert told(_read(_written(events))) == _expected_of(events)


@_settled
@given(streams(), st.data())
def test_where_a_stream_is_cut_into_packets_does_not_matter(
    events: tuple[Event, ...], data: st.DataObject
) -> None:
    whole = _written(events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    splitter, reader = Events(), plugin.reader()
    found: list[Event] = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        for event in splitter.feed(whole[start:end]):
            found += reader.read(event)
    assert found == _read(whole)


@_settled
@given(streams())
def test_every_record_is_named_as_its_type_and_blocks_follow_each_other(
    events: tuple[Event, ...],
) -> None:
    types: list[str] = []
    opened: int | None = None
    count = 0
    for record in _written(events).split(b"\n\n")[:-1]:
        name, data = record.split(b"\n")
        body = msgspec.json.decode(data.removeprefix(b"data: "))
        assert name == b"event: " + body["type"].encode()
        types.append(body["type"])
        if body["type"] == "content_block_start":
            assert opened is None
            assert body["index"] == count
            opened, count = count, count + 1
        elif body["type"].startswith("content_block"):
            assert body["index"] == opened
            opened = None if body["type"] == "content_block_stop" else opened
    assert types[0] == "message_start"
    assert types[-2:] == ["message_delta", "message_stop"]
    assert opened is None


def _is_said_otherwise(path: str, read: Request) -> bool:
    """Whether a lost value was replaced by the nearest that the vendor takes."""
    how = read.thinking
    if path.startswith("thinking.budget_tokens"):  # 0 = off, which is not what was lost
        return how is not None and how.budget_tokens != 0
    if path.startswith("thinking"):
        return how is not None
    return path.startswith("temperature")


def _written(events: Iterable[Event]) -> bytes:
    writer = plugin.writer(model="m", id="x", created_s=1)
    return b"".join([writer.write(event) for event in events])


def _read(whole: bytes) -> list[Event]:
    reader = plugin.reader()
    return [found for event in Events().feed(whole) for found in reader.read(event)]


def _expected_of(events: tuple[Event, ...]) -> Answer:
    answer = told(events)
    usage = answer.usage or Usage(input_tokens=0, output_tokens=0)
    only = answer.candidates[0]
    parts = _joined([_part(part) for part in only.parts])
    only = Candidate(
        parts=parts, finish_reason=only.finish_reason, stop_sequence=only.stop_sequence
    )
    return Answer(candidates=(only,), usage=_usage(usage), id="msg_x", model="m")


def _answer_here(answer: Answer) -> Answer:
    only = answer.candidates[0]
    parts = only.parts
    if only.finish_reason == "content_filter":
        words = "".join([p.text for p in parts if isinstance(p, RefusalPart)])
        parts = tuple([_part(p) for p in parts if not isinstance(p, RefusalPart)])
        parts = (*parts, RefusalPart(words)) if words else parts
    else:
        parts = tuple([_part(p) for p in parts])
    return Answer(
        candidates=(replace(only, parts=parts),),
        usage=_usage(answer.usage) if answer.usage else None,
        id=f"msg_{answer.id or 'x'}",
        model="m",
    )


def _usage(usage: Usage) -> Usage:
    """Audio stays inside its whole; whether it is an estimate is nobody's business on the wire."""
    return replace(usage, audio_input_tokens=0, audio_output_tokens=0, is_estimated=False)


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Neighbouring texts are one block of a stream."""
    found: list[Part] = []
    for part in parts:
        if found and isinstance(part, TextPart) and isinstance(found[-1], TextPart):
            found[-1] = TextPart(found[-1].text + part.text)
        else:
            found.append(part)
    return tuple(found)


def _part(part: Part) -> Part:
    match part:
        case RefusalPart():
            return TextPart(part.text)
        case ThinkingPart():
            return replace(part, id=None)
        case ToolCallPart():
            return replace(part, signature=None)
        case MediaPart(detail="auto"):
            return replace(part, detail=None)
        case ToolResultPart():
            return replace(part, parts=tuple([_part(inner) for inner in part.parts]))
        case _:
            return part


def _as_said_here(request: Request, read: Request) -> Request:
    """`request` in the words of this dialect: what `_anthropic_request_writer` says is not a loss."""
    thinking, output, choice = request.thinking, request.output, request.tool_choice
    if output is not None:
        output = replace(output, name=None, strict=None)
    if request.parallel_tool_calls is not None:
        choice = choice or ToolChoice()
    return replace(
        request,
        messages=_messages(request.messages),
        max_output_tokens=request.max_output_tokens or read.max_output_tokens,
        n=None,
        frequency_penalty=None,
        presence_penalty=None,
        logprobs=None,
        top_logprobs=None,
        tools=tuple([replace(t, parameters=t.parameters or _ANY_OBJECT) for t in request.tools]),
        tool_choice=choice,
        output=output if output != OutputFormat() else None,
        thinking=_thinking(thinking),
        dialect="anthropic_messages",
    )


def _thinking(how: Thinking | None) -> Thinking | None:
    if how is None or how == Thinking():
        return None
    if how.effort == "none" or how.budget_tokens == 0:
        effort = None if how.effort == "none" else how.effort
        return Thinking(effort=effort, budget_tokens=0)
    if how.is_shown is not None and not how.budget_tokens:
        return replace(how, is_adaptive=True)
    return how


def _messages(messages: Iterable[Message]) -> tuple[Message, ...]:
    found: list[Message] = []
    for message in messages:
        role = "system" if message.role == "developer" else message.role
        parts = tuple([_part(part) for part in message.parts])
        if found and found[-1].role == role != "tool":
            found[-1] = replace(found[-1], parts=found[-1].parts + parts)
        else:
            found.append(Message(role=role, parts=parts))
    return tuple(found)
