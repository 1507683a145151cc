"""AWS Bedrock's Converse format, both ways."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from typing import Any

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, structs
from strategies import told, without

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
    End,
    Finish,
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
from pilothouse.dialects._media_types import media_type
from pilothouse.dialects.bedrock_converse import plugin as dialect
from pilothouse.wire.event_stream import AwsEvents, frame

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-pro-v1:0"


def read(body: dict[str, Any], model: str = CLAUDE) -> Request:
    return dialect.read_request(json.dumps(body).encode(), model=model)


def asked(*messages: Message, model: str = CLAUDE, **fields: Any) -> Request:
    return Request(model=model, messages=messages or (Message.of_text("user", "hi"),), **fields)


def written(request: Request) -> dict[str, Any]:
    return json.loads(dialect.write_request(request).body)


# What the format can say, there and back


def in_converse_form(request: Request) -> Request:
    """The same question in the form in which Converse gives it back: roles take turns."""
    turns: list[tuple[str, list[Any]]] = []
    for message in request.messages:
        role = {"developer": "system", "tool": "user"}.get(message.role, message.role)
        parts = [_part_in_form(p) for p in message.parts]
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(parts)
        else:
            turns.append((role, parts))
    messages = [m for role, parts in turns for m in _split(role, parts)]
    thinking = None if request.thinking == Thinking() else request.thinking
    return structs.replace(
        request, messages=tuple(messages), thinking=thinking, dialect="bedrock_converse"
    )


def _part_in_form(part: Any) -> Any:
    match part:
        case RefusalPart():
            return TextPart(part.text)
        case MediaPart():
            return structs.replace(part, mime=media_type(part), name=None)  # only a name like it
        case ToolResultPart():
            return structs.replace(part, parts=tuple([_part_in_form(p) for p in part.parts]))
        case _:
            return part


def _split(role: str, parts: list[Any]) -> list[Message]:
    results = [Message(role="tool", parts=(p,)) for p in parts if isinstance(p, ToolResultPart)]
    rest = [p for p in parts if not isinstance(p, ToolResultPart)]
    return [*results, *([Message(role=role, parts=tuple(rest))] if rest else [])]  # pyright: ignore[reportArgumentType]


@settings(max_examples=40)  # a conversation is slow to make up
@given(strategies.requests, st.sampled_from([CLAUDE, "meta.llama"]))
def test_a_request_keeps_all_that_is_not_named_as_lost(request: Request, model: str) -> None:
    request = structs.replace(request, model=model)
    out = dialect.write_request(request)
    back = dialect.read_request(out.body, model=model, stream=request.stream)
    gone = [path for path in out.lost if not path.endswith(": refusal")]
    assert in_converse_form(back) == in_converse_form(without(request, gone))


@settings(max_examples=40)
@given(strategies.requests, st.sampled_from([CLAUDE, NOVA]))
def test_awss_own_model_of_the_api_takes_what_is_written(request: Request, model: str) -> None:
    validate, shape = _awss_model()
    out = dialect.write_request(structs.replace(request, model=model))
    report = validate({"modelId": model, **json.loads(out.body)}, shape)
    assert not report.has_errors(), report.generate_report()


@cache
def _awss_model() -> tuple[Any, Any]:
    reason = "botocore is not installed: requests are not compared with AWS's own model"
    session = pytest.importorskip("botocore.session", reason=reason)
    validate: Any = pytest.importorskip("botocore.validate", reason=reason)
    service = session.get_session().get_service_model("bedrock-runtime")
    return validate.ParamValidator().validate, service.operation_model("Converse").input_shape


@given(strategies.answers)
def test_an_answer_survives_the_way_there_and_back(answer: Answer) -> None:
    body = dialect.write_answer(answer, model="m", id="x", created_s=1)
    assert dialect.read_answer(body) == answer_in_converse_form(answer)


def answer_in_converse_form(answer: Answer) -> Answer:
    """Without id and model; Claude tells no reasoning or audio tokens here; calls have no signature."""
    [only] = answer.candidates
    parts: list[Any] = []
    for part in only.parts:
        match part:
            case RefusalPart():
                parts.append(TextPart(part.text))
            case ThinkingPart():
                parts.append(structs.replace(part, id=None))
            case ToolCallPart():
                parts.append(structs.replace(part, signature=None))
            case _:
                parts.append(part)
    usage = answer.usage and structs.replace(
        answer.usage,
        reasoning_tokens=0,
        audio_input_tokens=0,
        audio_output_tokens=0,
        is_estimated=False,
    )
    candidate = structs.replace(only, parts=tuple(parts))
    return structs.replace(answer, candidates=(candidate,), usage=usage, id=None, model=None)


@given(strategies.streams())
def test_a_stream_tells_the_same_as_the_whole_answer(events: Any) -> None:
    writer = dialect.writer(model="m", id="x", created_s=1)
    reader = dialect.reader()
    back = [
        e
        for event in events
        for sent in writer.write(event).split(b"\n\n")
        if sent
        for e in reader.read(sent + b"\n\n")
    ]
    assert told(back) == answer_in_converse_form(told(events))
    assert isinstance(back[-1], End)


@given(st.binary(max_size=200))
def test_no_body_makes_anything_but_a_request_or_a_bad_request(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        dialect.read_request(body, model="m")
    with contextlib.suppress(BadRequest):
        dialect.read_envelope(body, model="m")


# Requests


def test_every_kind_of_block_has_its_part() -> None:
    request = read(
        {
            "system": [{"text": "s"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "q"},
                        {"image": {"format": "png", "source": {"bytes": "AAAA"}}},
                        {"document": {"format": "pdf", "name": "a b", "source": {"bytes": "AAAA"}}},
                        {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/k"}}}},
                        {"cachePoint": {"type": "default"}},
                        {"guardContent": {"text": {"text": "g"}}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
                        {"reasoningContent": {"redactedContent": "AAAA"}},
                        {"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1.50}}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "toolResult": {
                                "toolUseId": "1",
                                "content": [{"json": {"x": 1}}, {"text": "t"}],
                                "status": "error",
                            }
                        }
                    ],
                },
            ],
            "inferenceConfig": {"maxTokens": 5, "stopSequences": ["x"]},
            "guardrailConfig": {"guardrailIdentifier": "g"},
            "additionalModelRequestFields": {"top_k": 3, "anthropic_beta": ["b"]},
        }
    )
    system, user, assistant, tool = request.messages
    assert system.parts == (TextPart("s", cache="1h"),)
    assert user.parts[:4] == (
        TextPart("q"),
        MediaPart(kind="image", mime="image/png", data="AAAA"),
        MediaPart(kind="file", mime="application/pdf", data="AAAA", name="a b"),
        MediaPart(kind="video", mime="video/mp4", url="s3://b/k", cache="5m"),
    )
    assert isinstance(user.parts[4], OpaquePart)
    assert assistant.parts == (
        ThinkingPart(text="hm", signature="sig"),
        ThinkingPart(redacted="AAAA"),
        ToolCallPart(id="1", name="f", arguments='{"a": 1.5}'),
    )
    assert tool.parts == (
        ToolResultPart(
            call_id="1", name="f", parts=(TextPart('{"x": 1}'), TextPart("t")), is_error=True
        ),
    )
    assert (request.max_output_tokens, request.stop, request.top_k) == (5, ("x",), 3)
    again = dialect.read_request(dialect.write_request(request).body, model=CLAUDE)
    assert again == request
    assert written(request)["guardrailConfig"] == {"guardrailIdentifier": "g"}
    assert written(request)["additionalModelRequestFields"] == {"top_k": 3, "anthropic_beta": ["b"]}


def test_neighbours_of_one_role_become_one_message() -> None:
    call = ToolCallPart(id="1", name="f", arguments="")
    result = ToolResultPart(call_id="1", parts=(TextPart("r"),))
    body = written(
        asked(
            Message.of_text("user", "a"),
            Message(role="assistant", parts=(call,)),
            Message(role="tool", parts=(result,)),
            Message.of_text("user", "b"),
        )
    )
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
    assert [next(iter(b)) for b in body["messages"][-1]["content"]] == ["toolResult", "text"]
    assert body["messages"][1]["content"][0]["toolUse"]["input"] == {}


def test_what_bedrock_would_have_to_fetch_is_named() -> None:
    far = MediaPart(kind="image", url="https://x.example/a.png")
    near = MediaPart(kind="image", url="s3://bucket/a.png")
    named = MediaPart(kind="file", data="AAAA", name="q3_report.v2.pdf")
    out = dialect.write_request(asked(Message(role="user", parts=(far, near, named))))
    image, document = json.loads(out.body)["messages"][0]["content"]
    assert out.lost == ("messages[0].parts[0]: image", "messages[0].parts[2].name")
    assert image["image"] == {
        "format": "png",
        "source": {"s3Location": {"uri": "s3://bucket/a.png"}},
    }
    assert document["document"]["name"] == "q3 report v2 pdf"


@pytest.mark.parametrize(
    ("thinking", "fields", "effort"),
    [
        (Thinking(budget_tokens=2000), {"type": "enabled", "budget_tokens": 2000}, None),
        (Thinking(budget_tokens=0), {"type": "disabled"}, None),
        (Thinking(is_adaptive=True, effort="high"), {"type": "adaptive"}, "high"),
    ],
)
def test_claude_is_told_how_to_think_in_its_own_words(
    thinking: Thinking, fields: Any, effort: str | None
) -> None:
    request = asked(thinking=thinking)
    body = written(request)
    assert body["additionalModelRequestFields"]["thinking"] == fields
    assert body.get("outputConfig", {}).get("effort") == effort
    assert dialect.read_request(json.dumps(body).encode(), model=CLAUDE).thinking == thinking
    assert dialect.write_request(structs.replace(request, model=NOVA)).lost


def test_top_k_goes_where_each_family_has_it() -> None:
    assert written(asked(top_k=3))["additionalModelRequestFields"] == {"top_k": 3}
    nova = written(asked(top_k=3, model=NOVA))
    assert nova["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 3}}
    assert dialect.write_request(asked(top_k=3, model="meta.llama")).lost == ("top_k",)


def test_unsigned_thoughts_are_not_sent_to_claude_but_to_others() -> None:
    message = Message(role="assistant", parts=(ThinkingPart(text="hm"), TextPart("a")))
    out = dialect.write_request(asked(message))
    assert out.lost == ("messages[0].parts[0]: thinking without the signature Claude wants",)
    assert len(written(asked(message, model="deepseek.r1"))["messages"][0]["content"]) == 2


def test_a_schema_is_text_in_the_output_configuration() -> None:
    form = OutputFormat(schema=Raw(b'{"type":"object"}'), name="n")
    config = written(asked(output=form))["outputConfig"]["textFormat"]
    assert config["structure"]["jsonSchema"] == {"schema": '{"type":"object"}', "name": "n"}
    assert dialect.write_request(asked(output=OutputFormat())).lost == ("output",)


def test_tools_that_must_not_be_called_are_left_out_unless_the_conversation_has_calls() -> None:
    tools = (Tool(name="f"),)
    none = ToolChoice(mode="none")
    out = dialect.write_request(asked(tools=tools, tool_choice=none))
    assert "toolConfig" not in json.loads(out.body)
    call = Message(role="assistant", parts=(ToolCallPart(id="1", name="f", arguments="{}"),))
    kept = dialect.write_request(asked(call, tools=tools, tool_choice=none))
    assert "toolChoice" not in json.loads(kept.body)["toolConfig"]
    assert kept.lost == ("tool_choice",)


def test_a_tools_mark_stands_behind_it() -> None:
    body = written(asked(tools=(Tool(name="f", cache="1h"), Tool(name="g"))))
    assert [next(iter(t)) for t in body["toolConfig"]["tools"]] == [
        "toolSpec",
        "cachePoint",
        "toolSpec",
    ]


def test_the_path_writes_an_arn_as_aws_does() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude"
    told = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude"
    assert dialect.path(arn, stream=False) == f"/model/{told}/converse"
    assert dialect.path("m", stream=True) == "/model/m/converse-stream"


def test_a_request_without_a_model_says_so() -> None:
    for call in (dialect.read_request, dialect.read_envelope):
        with pytest.raises(BadRequest) as caught:
            call(b'{"messages":[]}')
        assert caught.value.param == "model"


# Answers


def test_what_the_cache_gave_and_took_is_part_of_the_whole_input() -> None:
    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": "a"}]}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": 10,
            "outputTokens": 5,
            "totalTokens": 115,
            "cacheReadInputTokens": 60,
            "cacheWriteInputTokens": 40,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 10}],
        },
    }
    assert dialect.read_answer(json.dumps(body).encode()).usage == Usage(
        input_tokens=110,
        output_tokens=5,
        cached_input_tokens=60,
        cache_write_tokens=40,
        cache_write_1h_tokens=30,
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("end_turn", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop_sequence"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("model_context_window_exceeded", "length"),
        ("malformed_tool_use", "malformed_tool_use"),
    ],
)
def test_reasons_are_read_in_our_words_where_there_are_any(theirs: str, ours: str) -> None:
    body = {"output": {"message": {"content": []}}, "stopReason": theirs}
    assert dialect.read_answer(json.dumps(body).encode()).finish_reason == ours


def test_text_with_citations_is_text() -> None:
    cited = {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": []}}
    body = {"output": {"message": {"content": [cited]}}, "stopReason": "end_turn"}
    assert dialect.read_answer(json.dumps(body).encode()).text == "ab"


@pytest.mark.parametrize("body", [b"", b"nope", b"{}", b"\xff", b'{"output":{}}', b"[1]"])
def test_what_is_no_answer_is_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(body)
    assert caught.value.kind == "garbage"


# Streams


def sent(kind: str, payload: dict[str, Any], *, message_type: str = "event") -> bytes:
    name = ":event-type" if message_type == "event" else ":exception-type"
    headers = {name: kind, ":content-type": "application/json", ":message-type": message_type}
    return frame(headers, json.dumps(payload).encode())


def test_a_stream_of_frames_is_read_event_by_event() -> None:
    frames = [
        sent("messageStart", {"role": "assistant", "p": "abc"}),
        sent("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
        sent("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "s"}}}),
        sent("contentBlockStop", {"contentBlockIndex": 0}),
        sent("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"reasoningContent": {"redactedContent": "AAAA"}}}),
        sent("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": "hé"}, "p": "a"}),
        sent("contentBlockStart", {"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}),
        sent("contentBlockDelta", {"contentBlockIndex": 3, "delta": {"toolUse": {"input": ""}}}),
        sent("contentBlockDelta", {"contentBlockIndex": 3, "delta": {"toolUse": {"input": '{"a":1}'}}}),
        sent("contentBlockStart", {"contentBlockIndex": 4, "start": {"toolUse": {"name": "web", "type": "server_tool_use"}}}),
        sent("contentBlockDelta", {"contentBlockIndex": 4, "delta": {"toolUse": {"input": "{}"}}}),
        sent("contentBlockStart", {"contentBlockIndex": 5, "start": {"image": {"format": "png"}}}),
        sent("contentBlockDelta", {"contentBlockIndex": 5, "delta": {"image": {"source": {"bytes": "AAAA"}}}}),
        sent("contentBlockStop", {"contentBlockIndex": 5}),
        sent("somethingNew", {"x": 1}),
        sent("messageStop", {"stopReason": "tool_use"}),
        sent("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 4}}),
    ]  # fmt: skip
    reader = dialect.reader()
    events = [e for event in AwsEvents().feed(b"".join(frames)) for e in reader.read(event)]
    assert events == [
        Begin(),
        ThinkingDelta("hm"),
        ThinkingDelta("", 0, "s"),
        WholePart(ThinkingPart(redacted="AAAA")),
        TextDelta("hé"),
        ToolBegin(0, "t", "f"),
        ToolDelta(0, '{"a":1}'),
        WholePart(MediaPart(kind="image", mime="image/png", data="AAAA")),
        Finish("tool_calls"),
        Used(Usage(input_tokens=1, output_tokens=2)),
        End(),
    ]


@pytest.mark.parametrize(
    ("exception", "kind", "status"),
    [
        ("throttlingException", "rate_limited", 429),
        ("validationException", "caller", 400),
        ("modelStreamErrorException", "provider_down", 424),
        ("internalServerException", "provider_down", 500),
        ("serviceUnavailableException", "provider_down", 503),
        ("modelTimeoutException", "timeout", 408),
        ("unheardOfException", "provider_down", 500),
    ],
)
def test_an_exception_in_a_stream_is_raised_by_its_name(
    exception: str, kind: str, status: int
) -> None:
    [event] = AwsEvents().feed(sent(exception, {"message": "why"}, message_type="exception"))
    with pytest.raises(ProviderError, match="why") as caught:
        dialect.reader().read(event)
    assert (caught.value.kind, caught.value.http_status) == (kind, status)


def test_a_frame_that_is_an_error_is_raised() -> None:
    headers = {":message-type": "error", ":error-code": "500", ":error-message": 'a "b"'}
    [event] = AwsEvents().feed(frame(headers, b""))
    with pytest.raises(ProviderError, match="a  b"):
        dialect.reader().read(event)


def test_our_own_error_event_reads_as_one() -> None:
    event = dialect.error_event(429, "slow")
    assert dialect.writer(model="m", id="1", created_s=1).fail(429, "slow") == event
    with pytest.raises(ProviderError) as caught:
        dialect.reader().read(event)
    assert caught.value.kind == "rate_limited"


@pytest.mark.parametrize("event", [b": x\n\n", b"\n\n", b"event: ping\n\n"])
def test_comments_and_empty_events_say_nothing(event: bytes) -> None:
    assert not dialect.reader().read(event)


def test_an_event_that_is_none_is_garbage() -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.reader().read(b"event: contentBlockDelta\ndata: {\n\n")
    assert caught.value.kind == "garbage"


def test_only_the_first_candidate_is_streamed() -> None:
    writer = dialect.writer(model="m", id="1", created_s=1)
    assert writer.write(TextDelta("a", choice=1)) == b""
    assert writer.write(Finish("stop", choice=1)) == b""


def test_a_call_without_an_object_is_not_said_in_an_answer() -> None:
    call = ToolCallPart(id="1", name="f", arguments="[1]")
    whole = Answer(candidates=(Candidate(parts=(call, TextPart("a")), finish_reason="tool_calls"),))
    body = json.loads(dialect.write_answer(whole, model="m", id="1", created_s=1))
    assert body["output"]["message"]["content"] == [{"text": "a"}]


# Errors


def test_error_bodies_are_read_as_far_as_they_are_ones() -> None:
    assert dialect.read_error(dialect.write_error(429, "m")) == ("m", "ThrottlingException")
    assert dialect.read_error(b'{"Message":"m"}') == ("m", None)
    assert dialect.read_error(b'{"__type":"com.amazon#AccessDeniedException"}') == ("", "AccessDeniedException")  # fmt: skip
    assert dialect.read_error(b"<html>") == ("", None)
