"""Streams of the Responses API: the order of events, what each tells, and how they end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import Raw
from responses_forms import data, named, read, said, without_ids, written
from strategies import streams, told

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
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
from pilothouse.core.request import (
    MediaPart,
    OpaquePart,
    TextPart,
)
from pilothouse.dialects.openai_responses import plugin as dialect
from pilothouse.wire.sse import Events

few = settings(max_examples=40)


@few
@given(streams())
def test_a_stream_tells_the_same_as_before(events: tuple[Event, ...]) -> None:
    back = read(written(events))
    assert without_ids(told(back)) == without_ids(said(told(events)))
    assert isinstance(back[0], Begin)
    assert isinstance(back[-1], End)


@few
@given(streams())
def test_the_last_event_holds_what_the_pieces_told(events: tuple[Event, ...]) -> None:
    last = data(written(events)[-1])
    whole = dialect.read_answer(json.dumps(last["response"]).encode())
    assert without_ids(whole) == without_ids(said(told(events)))
    assert last["type"] == f"response.{last['response']['status']}"


@few
@given(streams())
def test_numbers_rise_by_one_and_items_open_before_they_close(events: tuple[Event, ...]) -> None:
    found = [data(event) for event in written(events)]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert [event["type"] for event in found[:2]] == ["response.created", "response.in_progress"]
    opened: list[int] = []
    closed: set[int] = set()
    for event in found[2:-1]:
        at = event["output_index"]
        if event["type"] == "response.output_item.added":
            opened.append(at)
        assert at in opened
        assert at not in closed
        if event["type"] == "response.output_item.done":
            closed.add(at)
    assert opened == list(range(len(opened)))
    assert closed == set(opened)


def test_a_text_is_told_in_the_order_of_the_api() -> None:
    events = [Begin(), TextDelta("a"), TextDelta("b"), Finish("stop"), End()]
    assert [data(event)["type"] for event in written(events)] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


@pytest.mark.parametrize(
    ("reason", "theirs"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_an_answer_that_was_cut_short_is_incomplete(reason: str, theirs: str) -> None:
    last = data(written([TextDelta("a"), Finish(reason), End()])[-1])
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": theirs}
    assert last["response"]["output"][0]["status"] == "incomplete"


def test_a_stream_that_fails_says_so_and_never_completes() -> None:
    writer = dialect.writer(model="m", id="1", created_s=1)
    sent = writer.write(TextDelta("half")) + writer.fail(503, "upstream went away", code="cut")
    events = Events().feed(sent)
    last = data(events[-1])
    assert last["type"] == "response.failed"
    assert last["response"]["id"] == data(events[0])["response"]["id"]
    assert last["response"]["error"]["message"] == "upstream went away"
    assert b"completed" not in b"".join(events).replace(b'"completed_at"', b"")
    with pytest.raises(ProviderError, match="upstream went away"):
        read(events)


def test_an_error_event_without_a_writer_is_a_failed_response() -> None:
    event = dialect.error_event(429, "slow down", response_id="resp_7", sequence_number=9)
    last = data(event)
    assert (last["type"], last["response"]["id"]) == ("response.failed", "resp_7")
    with pytest.raises(ProviderError) as caught:
        dialect.reader().read(event)
    assert caught.value.kind == "rate_limited"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "server_error", "message": "broke", "param": None},
        {"type": "error", "error": {"type": "server_error", "message": "broke"}},
    ],
)
def test_both_forms_of_an_error_in_a_stream_are_read(event: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="broke") as caught:
        dialect.reader().read(b"event: error\ndata: %b\n\n" % json.dumps(event).encode())
    assert caught.value.kind == "provider_down"


@pytest.mark.parametrize(
    "event",
    [
        b": keepalive\n\n",
        b"event: ping\n\n",
        b"\n\n",
        b"data: [DONE]\n\n",
        b'event: x\ndata: {"type":"response.of_next_year","delta":{"any":1}}\n\n',
        b'data: {"type":"response.web_search_call.searching","output_index":"x"}\n\n',
    ],
)
def test_events_that_we_do_not_know_say_nothing(event: bytes) -> None:
    assert list(dialect.reader().read(event)) == []


@pytest.mark.parametrize(
    "event",
    [
        b"data: {\n\n",
        b'data: {"type":"response.output_text.delta","delta":7}\n\n',
        b'data: {"type":"response.function_call_arguments.delta","delta":"x"}\n\n',
        b'event: y\ndata: "words"\n\n',
    ],
)
def test_an_event_that_is_not_one_is_garbage(event: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.reader().read(event)
    assert caught.value.kind == "garbage"


def test_unnamed_events_and_several_lines_of_data_are_read() -> None:
    parts = b'data: {"type":"response.output_text.delta",\r\ndata: "delta":"a"}\r\n\r\n'
    assert list(dialect.reader().read(parts)) == [TextDelta("a")]


def test_items_told_only_when_whole_are_told_all_the_same() -> None:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}  # fmt: skip
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    reader = dialect.reader()
    found = [
        one
        for i, item in enumerate([message, call, search])
        for one in reader.read(named("response.output_item.done", output_index=i, item=item))
    ]
    assert found[:3] == [TextDelta("a"), ToolBegin(0, "c", "f"), ToolDelta(0, "{}")]
    assert isinstance(found[3], WholePart)
    assert isinstance(found[3].part, OpaquePart)


def test_paragraphs_of_a_summary_stay_apart_and_the_proof_closes_it() -> None:
    kind = "response.reasoning_summary_text.delta"
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "x"}]}
    reader = dialect.reader()
    found = [
        *reader.read(named(kind, output_index=0, summary_index=0, delta="a")),
        *reader.read(named(kind, output_index=0, summary_index=1, delta="b")),
        *reader.read(
            named(
                "response.output_item.done", output_index=0, item={**item, "encrypted_content": "e"}
            )
        ),
    ]
    assert found == [ThinkingDelta("a"), ThinkingDelta("\n\nb"), ThinkingDelta("", 0, "e")]


def test_log_probabilities_come_in_chats_form_and_go_back() -> None:
    entry = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
    logprobs = Raw(json.dumps({"content": [entry]}).encode())
    only = Candidate(parts=(TextPart("a"),), finish_reason="stop", logprobs=logprobs)
    body = dialect.write_answer(Answer(candidates=(only,)), model="m", id="1", created_s=1)
    assert json.loads(body)["output"][0]["content"][0]["logprobs"] == [entry]
    back = dialect.read_answer(body).candidates[0].logprobs
    assert back is not None and json.loads(bytes(back)) == {"content": [entry]}
    [delta] = [e for e in read(written([TextDelta("a", 0, logprobs), Finish("stop"), End()])) if isinstance(e, TextDelta)]  # fmt: skip
    assert delta.logprobs is not None and json.loads(bytes(delta.logprobs)) == {"content": [entry]}


def test_images_that_a_model_made_are_read_and_written() -> None:
    image = MediaPart(kind="image", mime="image/webp", data="aGk=")
    events = read(written([WholePart(image), Finish("stop"), Used(Usage(input_tokens=1, output_tokens=2)), End()]))  # fmt: skip
    assert WholePart(image) in events


def test_a_second_candidate_does_not_mix_with_the_first() -> None:
    events = [TextDelta("a"), TextDelta("b", 1), RefusalDelta("c", 1), Finish("stop"), Finish("stop", 1), End()]  # fmt: skip
    assert told(read(written(events))).text == "a"
