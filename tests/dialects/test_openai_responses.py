"""The Responses API, both ways: what is kept, what is named as lost, and the order of a stream."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, structs
from strategies import answers, requests, streams, told, without

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
from pilothouse.wire.sse import Events

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


def said(answer: Answer) -> Answer:
    """`answer` without what this API has no place for."""
    only, usage = answer.candidates[0], answer.usage
    reason = only.finish_reason
    if reason in ("stop", "stop_sequence", "tool_calls"):
        reason = "tool_calls" if any(isinstance(p, ToolCallPart) for p in only.parts) else "stop"
    if usage is not None:
        usage = structs.replace(
            usage,
            cache_write_1h_tokens=0,
            audio_input_tokens=0,
            audio_output_tokens=0,
            is_estimated=False,
        )
    only = structs.replace(only, finish_reason=reason, stop_sequence=None)
    return structs.replace(answer, candidates=(only,), usage=usage, id="resp_1", model="m")


def without_ids(answer: Answer) -> Answer:
    only = answer.candidates[0]
    parts = [structs.replace(p, id=None) if isinstance(p, ThinkingPart) else p for p in only.parts]
    return structs.replace(answer, candidates=(structs.replace(only, parts=tuple(parts)),))


@few
@given(answers)
def test_an_answer_survives_the_way_there_and_back(answer: Answer) -> None:
    back = dialect.read_answer(dialect.write_answer(answer, model="m", id="1", created_s=1))
    assert without_ids(back) == without_ids(said(answer))


def written(events: Iterable[Event]) -> list[bytes]:
    writer = dialect.writer(model="m", id="1", created_s=1)
    return Events().feed(b"".join([writer.write(event) for event in events]))


def read(events: Iterable[bytes]) -> list[Event]:
    reader = dialect.reader()
    return [told for event in events for told in reader.read(event)]


def data(event: bytes) -> dict[str, Any]:
    name, _, rest = event.partition(b"\n")
    found = json.loads(rest.removeprefix(b"data: "))
    assert name == b"event: " + found["type"].encode()
    return found


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


def test_a_reason_nobody_knows_is_never_a_completed_answer() -> None:
    body = dialect.write_answer(
        Answer.of_text("a", finish_reason="pause_turn"), model="m", id="1", created_s=1
    )
    assert json.loads(body)["status"] == "incomplete"


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


def event(type: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (
        type.encode(),
        json.dumps({"type": type, **fields}).encode(),
    )


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
        for one in reader.read(event("response.output_item.done", output_index=i, item=item))
    ]
    assert found[:3] == [TextDelta("a"), ToolBegin(0, "c", "f"), ToolDelta(0, "{}")]
    assert isinstance(found[3], WholePart)
    assert isinstance(found[3].part, OpaquePart)


def test_paragraphs_of_a_summary_stay_apart_and_the_proof_closes_it() -> None:
    kind = "response.reasoning_summary_text.delta"
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "x"}]}
    reader = dialect.reader()
    found = [
        *reader.read(event(kind, output_index=0, summary_index=0, delta="a")),
        *reader.read(event(kind, output_index=0, summary_index=1, delta="b")),
        *reader.read(
            event(
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


def test_images_that_a_model_made_are_read_and_written() -> None:
    image = MediaPart(kind="image", mime="image/webp", data="aGk=")
    events = read(written([WholePart(image), Finish("stop"), Used(Usage(input_tokens=1, output_tokens=2)), End()]))  # fmt: skip
    assert WholePart(image) in events


def test_a_second_candidate_does_not_mix_with_the_first() -> None:
    events = [TextDelta("a"), TextDelta("b", 1), RefusalDelta("c", 1), Finish("stop"), Finish("stop", 1), End()]  # fmt: skip
    assert told(read(written(events))).text == "a"


def test_error_bodies_are_those_of_openai() -> None:
    body = dialect.write_error(429, "slow", code="rate_limited", param=None)
    assert json.loads(body)["error"]["type"] == "rate_limit_error"
    assert dialect.read_error(body) == ("slow", "rate_limited")
    assert dialect.read_error(b"<html>") == ("", None)
