"""Anthropic's streams, event by event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from pilothouse.core.answer import (
    Begin,
    End,
    Event,
    Finish,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
    Used,
    WholePart,
)
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import OpaquePart, ThinkingPart
from pilothouse.dialects.anthropic_messages import plugin


def _event(kind: str, **fields: Any) -> bytes:
    body = msgspec.json.encode({"type": kind, **fields})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), body)


def _start(index: int, **block: Any) -> bytes:
    return _event("content_block_start", index=index, content_block=block)


def _delta(index: int, kind: str, **fields: Any) -> bytes:
    return _event("content_block_delta", index=index, delta={"type": kind, **fields})


def _stop(index: int) -> bytes:
    return _event("content_block_stop", index=index)


def _read(*events: bytes) -> list[Event]:
    reader = plugin.reader()
    return [found for event in events for found in reader.read(event)]


def _write(events: Iterable[Event]) -> list[dict[str, Any]]:
    writer = plugin.writer(model="m", id="1", created_s=0)
    whole = b"".join([writer.write(event) for event in events])
    return [msgspec.json.decode(line[6:]) for line in whole.split(b"\n") if line[:5] == b"data:"]


def test_a_whole_stream_is_read() -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}
    found = _read(
        _event("message_start", message={"id": "msg_1", "model": "m", "usage": usage}),
        _start(0, type="thinking", thinking="", signature=""),
        plugin.keepalive,
        _delta(0, "thinking_delta", thinking="hm"),
        _delta(0, "signature_delta", signature="s"),
        _stop(0),
        _start(1, type="redacted_thinking", data="d"),
        _stop(1),
        _start(2, type="text", text=""),
        _delta(2, "text_delta", text="hi"),
        _delta(2, "citations_delta", citation={"type": "page_location"}),
        _stop(2),
        _start(3, type="tool_use", id="t", name="w", input={}),
        _delta(3, "input_json_delta", partial_json=""),
        _delta(3, "input_json_delta", partial_json='{"a":1}'),
        _stop(3),
        _event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 20}),
        _event("message_stop"),
    )
    assert found == [
        Begin("msg_1", "m"),
        Used(Usage(input_tokens=15, output_tokens=1, cached_input_tokens=5)),
        ThinkingDelta("hm"),
        ThinkingDelta(signature="s"),
        WholePart(ThinkingPart(redacted="d")),
        TextDelta("hi"),
        ToolBegin(0, "t", "w"),
        ToolDelta(0, '{"a":1}'),
        Finish("tool_calls"),
        Used(Usage(input_tokens=15, output_tokens=20, cached_input_tokens=5)),
        End(),
    ]


def test_a_tool_call_without_arguments_gives_an_empty_object() -> None:
    found = _read(_start(4, type="tool_use", id="t", name="w", input={}), _stop(4))
    assert found == [ToolBegin(0, "t", "w"), ToolDelta(0, "{}")]


def test_arguments_given_at_the_start_of_a_call_are_not_missed() -> None:
    found = _read(_start(0, type="tool_use", id="t", name="w", input={"a": 1}), _stop(0))
    assert found[1] == ToolDelta(0, '{"a":1}')


def test_a_block_of_the_vendor_s_own_is_put_together_and_carried() -> None:
    found = _read(
        _start(0, type="server_tool_use", id="s", name="web_search", input={}),
        _delta(0, "input_json_delta", partial_json='{"query":'),
        _delta(0, "input_json_delta", partial_json='"x"}'),
        _stop(0),
    )
    only = found[0]
    assert isinstance(only, WholePart)
    assert isinstance(only.part, OpaquePart)
    assert msgspec.json.decode(only.part.raw)["input"] == {"query": "x"}


def test_an_explained_refusal_is_said_before_the_end() -> None:
    details = {"type": "refusal", "explanation": "no"}
    delta = {"stop_reason": "refusal", "stop_details": details}
    found = _read(_event("message_delta", delta=delta, usage=None))
    assert found == [RefusalDelta("no"), Finish("content_filter")]


@pytest.mark.parametrize(
    "event",
    [
        b": keep-alive\n\n",
        b"event: ping\n\n",
        b"retry: 3\n\n",
        b'event: fresh\ndata: {"type":"fresh","x":1}\n\n',
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"fresh"}}\n\n',
    ],
)
def test_what_says_nothing_of_the_answer_is_nothing(event: bytes) -> None:
    assert _read(event) == []


@pytest.mark.parametrize(
    "event",
    [
        b"data: {\n\n",
        b"data: 3\n\n",
        b'data: {"type":"content_block_delta"}\n\n',
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}\n\n',
        b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":1}}\n\n',
        b'data: {"type":"message_start"}\n\n',
        b"data: \xff\xfe\n\n",
    ],
)
def test_an_event_that_is_not_one_is_garbage(event: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        _read(event)
    assert raised.value.kind == "garbage"


def test_lines_may_end_in_carriage_returns_and_data_may_be_split() -> None:
    event = (
        b'event: content_block_delta\r\ndata: {"type":"content_block_delta","index":0,\r\n'
        b'data: "delta":{"type":"text_delta","text":"hi"}}\r\n\r\n'
    )
    assert _read(event) == [TextDelta("hi")]


def test_the_input_is_told_at_the_start_when_it_is_known_and_at_the_end_in_any_case() -> None:
    usage = Usage(input_tokens=7, output_tokens=2)
    early = _write([Begin("1", "m"), Used(usage), TextDelta("a"), Finish("stop"), End()])
    assert early[0]["message"]["usage"]["input_tokens"] == 7
    late = _write([Begin("1", "m"), TextDelta("a"), Finish("stop"), Used(usage), End()])
    assert late[0]["message"]["usage"]["input_tokens"] == 0
    assert late[-2]["usage"]["input_tokens"] == 7
    assert late[-2]["usage"]["output_tokens"] == 2


def test_blocks_open_and_close_as_kinds_change() -> None:
    found = _write(
        [
            ThinkingDelta("a"),
            TextDelta("b"),
            ToolBegin(0, "t", "w"),
            ToolDelta(0, "{}"),
            TextDelta("c"),
            Finish("tool_calls"),
            End(),
        ]
    )
    starts = [e["content_block"]["type"] for e in found if e["type"] == "content_block_start"]
    assert starts == ["thinking", "text", "tool_use", "text"]


def test_calls_side_by_side_are_written_one_after_the_other_and_whole() -> None:
    found = _write(
        [
            ToolBegin(0, "a", "w"),
            ToolBegin(1, "b", "w"),
            ToolDelta(1, '{"b":'),
            ToolDelta(0, '{"a":'),
            TextDelta("meanwhile"),
            ToolDelta(1, "2}"),
            ToolDelta(0, "1}"),
            Finish("tool_calls"),
            End(),
        ]
    )
    said = ["", "", ""]
    order: list[int] = []
    for event in found:
        if event["type"] == "content_block_delta":
            delta = event["delta"]
            said[event["index"]] += delta.get("partial_json") or delta.get("text", "")
            order.append(event["index"])
    assert said == ['{"a":1}', '{"b":2}', "meanwhile"]
    assert order == sorted(order)


def test_a_call_that_is_whole_does_not_hold_up_the_next() -> None:
    writer = plugin.writer(model="m", id="1", created_s=0)
    for event in (ToolBegin(0, "a", "w"), ToolDelta(0, '{"a":1}'), ToolBegin(1, "b", "w")):
        writer.write(event)
    assert b'"partial_json":"{"' in writer.write(ToolDelta(1, "{"))


def test_a_stream_that_never_finished_says_no_reason() -> None:
    assert _write([TextDelta("a"), End()])[-2]["delta"]["stop_reason"] is None


def test_only_the_first_candidate_is_written() -> None:
    found = _write([TextDelta("a"), TextDelta("b", 1), Finish("length", 1), Finish("stop"), End()])
    assert [e["delta"]["text"] for e in found if e["type"] == "content_block_delta"] == ["a"]
    assert found[-2]["delta"]["stop_reason"] == "end_turn"
