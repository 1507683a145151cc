"""Google's generateContent format, both ways."""

from __future__ import annotations

import base64
import contextlib
import json
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
from pilothouse.dialects.gemini import plugin as dialect

GEMINI_3 = "gemini-3-pro"


def read(body: dict[str, Any], model: str = GEMINI_3) -> Request:
    return dialect.read_request(json.dumps(body).encode(), model=model)


def ask(*parts: dict[str, Any], role: str = "user", **fields: Any) -> Request:
    return read({"contents": [{"role": role, "parts": list(parts)}], **fields})


def written(request: Request) -> dict[str, Any]:
    return json.loads(dialect.write_request(request).body)


def asked(*messages: Message, model: str = GEMINI_3, **fields: Any) -> Request:
    return Request(model=model, messages=messages or (Message.of_text("user", "hi"),), **fields)


# What the format can say, there and back


def in_gemini_form(request: Request) -> Request:
    """The same question in the form in which Gemini gives it back."""
    messages: list[Message] = []
    for message in request.messages:
        role = "system" if message.role == "developer" else message.role
        parts = tuple([_part_in_form(p) for p in message.parts])
        last = messages[-1] if messages else None
        if last is not None and last.role == role == "system":
            messages[-1] = structs.replace(last, parts=last.parts + parts)
        else:
            messages.append(structs.replace(message, role=role, parts=parts))
    return structs.replace(
        request,
        messages=tuple(messages),
        thinking=None if request.thinking == Thinking() else request.thinking,
        dialect="gemini",
    )


def _part_in_form(part: Any) -> Any:
    match part:
        case RefusalPart():
            return TextPart(part.text)
        case MediaPart():
            return structs.replace(part, mime=media_type(part))
        case ToolResultPart():
            text = "".join([p.text for p in part.parts if isinstance(p, TextPart)])
            media = [_part_in_form(p) for p in part.parts if isinstance(p, MediaPart)]
            has_text = part.is_error or any(isinstance(p, TextPart) for p in part.parts)
            return structs.replace(part, parts=(*([TextPart(text)] if has_text else ()), *media))
        case _:
            return part


def in_tokens(thinking: Thinking | None) -> Thinking | None:
    """No effort is said as a budget of nothing: the word is lost, the meaning is not."""
    if thinking is None or thinking.effort != "none":
        return thinking
    if thinking.budget_tokens is None and not thinking.is_adaptive:
        return structs.replace(thinking, budget_tokens=0)
    return thinking


@settings(max_examples=40)  # a conversation is slow to make up
@given(strategies.requests, st.sampled_from([GEMINI_3, "alias"]))
def test_a_request_keeps_all_that_is_not_named_as_lost(request: Request, model: str) -> None:
    request = structs.replace(request, model=model)
    out = dialect.write_request(request)
    back = dialect.read_request(out.body, model=model, stream=request.stream)
    gone = [path for path in out.lost if not path.endswith((": refusal", "after an attachment"))]
    meant = structs.replace(request, thinking=in_tokens(request.thinking))
    assert back == in_gemini_form(without(meant, gone))


@given(strategies.answers)
def test_an_answer_survives_the_way_there_and_back(answer: Answer) -> None:
    assert answer.model is not None
    body = dialect.write_answer(answer, model=answer.model, id=answer.id or "x", created_s=1)
    assert dialect.read_answer(body) == answer_in_gemini_form(answer)


def answer_in_gemini_form(answer: Answer) -> Answer:
    [only] = answer.candidates
    parts = [TextPart(p.text) if isinstance(p, RefusalPart) else p for p in only.parts]
    plain = [structs.replace(p, id=None) if isinstance(p, ThinkingPart) else p for p in parts]
    has_calls = any(isinstance(p, ToolCallPart) for p in parts)
    reason = only.finish_reason
    if reason in ("stop", "stop_sequence"):
        reason = "tool_calls" if has_calls else "stop"
    usage = answer.usage and structs.replace(
        answer.usage, cache_write_tokens=0, cache_write_1h_tokens=0, is_estimated=False
    )
    candidate = Candidate(parts=tuple(plain), finish_reason=reason)
    return structs.replace(answer, candidates=(candidate,), usage=usage, id=answer.id or "x")


@given(strategies.streams())
def test_a_stream_tells_the_same_as_the_whole_answer(events: Any) -> None:
    whole = told(events)
    writer = dialect.writer(model=whole.model or "m", id=whole.id or "x", created_s=1)
    reader = dialect.reader()
    back = [
        e for event in events for sent in _events(writer.write(event)) for e in reader.read(sent)
    ]
    expected = answer_in_gemini_form(structs.replace(whole, model=whole.model or "m"))
    assert _with_calls_last(told(_calls_last(back))) == _with_calls_last(expected)
    assert isinstance(back[-1], End)
    assert sum(isinstance(e, Begin) for e in back) == 1


def _calls_last(events: list[Any]) -> list[Any]:
    calls = [e for e in events if isinstance(e, (ToolBegin, ToolDelta))]
    rest = [e for e in events if not isinstance(e, (ToolBegin, ToolDelta))]
    return [*rest[:-1], *calls, rest[-1]]


def _with_calls_last(answer: Answer) -> Answer:
    [only] = answer.candidates
    parts = [
        structs.replace(p, arguments=json.dumps(json.loads(p.arguments)))
        if isinstance(p, ToolCallPart)
        else p
        for p in sorted(only.parts, key=lambda p: isinstance(p, ToolCallPart))
    ]  # the text of arguments may escape what others would not
    return structs.replace(answer, candidates=(structs.replace(only, parts=tuple(parts)),))


def _events(sent: bytes) -> list[bytes]:
    return [each + b"\n\n" for each in sent.split(b"\n\n") if each]


@given(st.binary(max_size=200))
def test_no_body_makes_anything_but_a_request_or_a_bad_request(body: bytes) -> None:
    with contextlib.suppress(BadRequest):
        dialect.read_request(body, model="m")
    with contextlib.suppress(BadRequest):
        dialect.read_envelope(body, model="m")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["contents", "parts", "role", "text", "functionCall", "function_response", "tools",
             "inlineData", "generationConfig", "toolConfig", "systemInstruction", "response",
             "functionDeclarations", "functionCallingConfig", "responseSchema", "thinking_config"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_no_json_makes_anything_but_a_request_or_a_bad_request(body: Any) -> None:
    with contextlib.suppress(BadRequest):
        dialect.read_request(json.dumps(body).encode(), model="m")


# Requests, read


def test_the_model_comes_from_the_path_with_or_without_its_prefix() -> None:
    body = b'{"contents":[{"parts":[{"text":"a"}]}]}'
    assert dialect.read_request(body, model="models/gemini-3-pro").model == "gemini-3-pro"
    assert (
        dialect.read_envelope(body, model="tunedModels/x/y", stream=True).model == "tunedModels/x/y"
    )
    with pytest.raises(BadRequest) as caught:
        dialect.read_envelope(body)
    assert caught.value.param == "model"


def test_a_body_without_contents_names_them() -> None:
    for call in (dialect.read_request, dialect.read_envelope):
        with pytest.raises(BadRequest) as caught:
            call(b"{}", model="m")
        assert caught.value.param == "contents"


def test_the_envelope_knows_what_money_needs_in_either_spelling() -> None:
    for config in ({"maxOutputTokens": 7, "candidateCount": 2}, {"max_output_tokens": "7", "candidate_count": 2}):  # fmt: skip
        for name in ("generationConfig", "generation_config"):
            body = json.dumps({"contents": [], name: config}).encode()
            envelope = dialect.read_envelope(body, model="m", stream=True)
            assert (envelope.max_output_tokens, envelope.n, envelope.stream) == (7, 2, True)


def test_snake_case_is_read_like_camel_case() -> None:
    camel = {
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "f", "args": {"my_key": 1}}, "thoughtSignature": "AAAA"}]},
        ],
        "systemInstruction": {"parts": [{"text": "s_s"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"a_b": 1}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"topK": 3, "responseMimeType": "application/json",
                             "thinkingConfig": {"thinkingBudget": 5}},
        "safetySettings": [],
    }  # fmt: skip
    snake = {
        "contents": [
            {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"function_call": {"name": "f", "args": {"my_key": 1}}, "thought_signature": "AAAA"}]},
        ],
        "system_instruction": {"parts": [{"text": "s_s"}]},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"a_b": 1}}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
        "generation_config": {"top_k": 3, "response_mime_type": "application/json",
                              "thinking_config": {"thinking_budget": 5}},
        "safety_settings": [],
    }  # fmt: skip
    assert read(snake) == read(camel)


def test_url_safe_base64_as_the_sdk_writes_it_becomes_standard() -> None:
    [message] = ask({"inlineData": {"mimeType": "image/png", "data": "-_-_"}}).messages
    assert message.parts == (MediaPart(kind="image", mime="image/png", data="+/+/"),)


def test_thoughts_keep_their_signatures_and_text_has_its_own_behind_it() -> None:
    request = ask(
        {"text": "hm", "thought": True, "thoughtSignature": "AAAA"},
        {"text": "so", "thoughtSignature": "BBBB"},
        {"text": "", "thoughtSignature": "CCCC"},
        role="model",
    )
    assert request.messages[0].parts == (
        ThinkingPart(text="hm", signature="AAAA"),
        TextPart("so"),
        ThinkingPart(signature="BBBB"),
        ThinkingPart(signature="CCCC"),
    )


def test_calls_without_ids_get_their_place_and_results_find_them_by_name() -> None:
    def call(name: str) -> dict[str, Any]:
        return {"functionCall": {"name": name, "args": {}}}

    def result(name: str, said: str) -> dict[str, Any]:
        return {"functionResponse": {"name": name, "response": {"output": said}}}

    request = read(
        {
            "contents": [
                {"role": "model", "parts": [call("a"), call("b"), call("a")]},
                {"role": "user", "parts": [result("b", "1"), result("a", "2"), result("a", "3")]},
                {"role": "model", "parts": [call("a")]},
                {"role": "function", "parts": [result("a", "4")]},
            ]
        }
    )
    calls = [p.id for m in request.messages for p in m.parts if isinstance(p, ToolCallPart)]
    results = [(p.call_id, p.parts[0].text) for m in request.messages for p in m.parts if isinstance(p, ToolResultPart)]  # fmt: skip
    assert calls == ["call_0", "call_1", "call_2", "call_3"]
    assert results == [("call_1", "1"), ("call_0", "2"), ("call_2", "3"), ("call_3", "4")]
    assert [m.role for m in request.messages] == [
        "assistant",
        "tool",
        "tool",
        "tool",
        "assistant",
        "tool",
    ]


@pytest.mark.parametrize(
    ("response", "said", "is_error"),
    [
        ({"output": "x"}, "x", False),
        ({"error": "x"}, "x", True),
        ({"result": [1]}, '{"result": [1]}', False),
        ({"output": {"a": 1}}, '{"a": 1}', False),
    ],
)
def test_a_functions_response_is_read_by_googles_names(
    response: Any, said: str, is_error: bool
) -> None:
    [message] = ask({"functionResponse": {"name": "f", "response": response}}).messages
    [part] = message.parts
    assert isinstance(part, ToolResultPart)
    assert (part.parts, part.is_error) == ((TextPart(said),), is_error)


def test_an_openapi_schema_becomes_a_json_schema() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "my_name": {"type": "STRING", "nullable": True, "format": "enum", "enum": ["a"]},
            "list": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "2"},
            "either": {"any_of": [{"type": "STRING"}, {"type": "NUMBER"}], "nullable": True},
        },
        "required": ["my_name"],
    }
    declared = {"name": "f", "description": "d", "parameters": schema}
    request = ask({"text": "a"}, tools=[{"functionDeclarations": [declared]}])
    parameters = request.tools[0].parameters
    assert parameters is not None
    assert json.loads(bytes(parameters)) == {
        "type": "object",
        "properties": {
            "my_name": {"type": ["string", "null"], "enum": ["a", None]},
            "list": {"type": "array", "items": {"type": "integer"}, "minItems": 2},
            "either": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
        },
        "required": ["my_name"],
    }


def test_what_only_google_understands_comes_back_to_google_and_is_named_to_others() -> None:
    body = {
        "contents": [
            {"role": "model", "parts": [
                {"text": "a"}, {"executableCode": {"code": "1"}}, {"codeExecutionResult": {}}]}
        ],
        "tools": [{"googleSearch": {}}, {"functionDeclarations": [{"name": "f"}], "codeExecution": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["f", "g"]},
                       "retrievalConfig": {"languageCode": "de"}},
        "generationConfig": {"speechConfig": {"x": 1}, "responseModalities": ["AUDIO"], "seed": 1},
        "safetySettings": [{"category": "C", "threshold": "T"}],
        "cachedContent": "cachedContents/x",
        "labels": {"team": "t"},
    }  # fmt: skip
    request = read(body)
    out = written(request)
    assert out["contents"] == body["contents"]
    assert {"googleSearch": {}} in out["tools"]
    assert {"codeExecution": {}} in out["tools"]
    for name in ("toolConfig", "generationConfig", "safetySettings", "cachedContent", "labels"):
        assert out[name] == body[name]
    assert dialect.write_request(request).lost == ()
    other = structs.replace(request, dialect="openai_chat")
    lost = dialect.write_request(other).lost
    assert {f"extra.{name}" for name in request.extra} <= set(lost)
    assert isinstance(request.messages[0].parts[1], OpaquePart)


def test_an_answer_form_of_plain_text_is_no_form() -> None:
    request = ask({"text": "a"}, generationConfig={"responseMimeType": "text/plain"})
    assert request.output is None
    assert request.extra == {}


@pytest.mark.parametrize(
    ("config", "thinking"),
    [
        ({"thinkingBudget": -1}, Thinking(is_adaptive=True)),
        ({"thinkingBudget": 0}, Thinking(budget_tokens=0)),
        (
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            Thinking(effort="high", is_shown=True),
        ),
    ],
)
def test_thinking_is_read_in_words_and_in_tokens(config: Any, thinking: Thinking) -> None:
    assert ask({"text": "a"}, generationConfig={"thinkingConfig": config}).thinking == thinking


# Requests, written


def test_an_effort_is_a_level_since_gemini_3_and_a_budget_before() -> None:
    thinking = Thinking(effort="low")
    new = written(asked(thinking=thinking))
    old = dialect.write_request(asked(thinking=thinking, model="gemini-2.5-flash"))
    assert new["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW"}
    assert json.loads(old.body)["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 1024}
    assert old.lost == ("thinking.effort",)


def test_leading_system_messages_are_the_instruction_and_later_ones_are_named() -> None:
    out = dialect.write_request(
        asked(
            Message.of_text("system", "a"),
            Message.of_text("developer", "b"),
            Message.of_text("user", "c"),
            Message.of_text("system", "d"),
        )
    )
    body = json.loads(out.body)
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert [c["parts"][0]["text"] for c in body["contents"]] == ["c", "d"]
    assert out.lost == ("messages[3].role: system after the start",)


def tool_turn(model: str) -> Request:
    call = ToolCallPart(id="1", name="f", arguments='{"a":1}')
    picture = MediaPart(kind="image", mime="image/png", data="AAAA")
    return asked(
        Message.of_text("user", "q"),
        Message(role="assistant", parts=(call, structs.replace(call, id="2"))),
        Message(role="tool", parts=(ToolResultPart(call_id="1", parts=(TextPart('{"x":1}'),)),)),
        Message(role="tool", parts=(ToolResultPart(call_id="2", parts=(TextPart("t"), picture)),)),
        model=model,
    )


def test_results_of_one_turn_are_one_content_with_the_names_of_their_calls() -> None:
    last = written(tool_turn(GEMINI_3))["contents"][-1]
    first, second = [p["functionResponse"] for p in last["parts"]]
    assert last["role"] == "user"
    assert first == {"id": "1", "name": "f", "response": {"x": 1}}
    assert second["response"] == {"output": "t"}
    assert second["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]


def test_before_gemini_3_a_results_attachments_stand_beside_it() -> None:
    out = dialect.write_request(tool_turn("gemini-2.5-pro"))
    parts = json.loads(out.body)["contents"][-1]["parts"]
    assert [list(p) for p in parts] == [["functionResponse"], ["functionResponse"], ["inlineData"]]
    assert out.lost == ("messages[3].parts[0]: its attachments stand beside it",)


def test_gemini_3_gets_a_signature_for_calls_that_none_of_its_models_made() -> None:
    first, second = written(tool_turn(GEMINI_3))["contents"][1]["parts"]
    assert first["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in second
    for part in written(tool_turn("gemini-2.5-pro"))["contents"][1]["parts"]:
        assert "thoughtSignature" not in part


def test_another_vendors_signature_and_secret_thoughts_are_not_sent_to_google() -> None:
    parts = (ThinkingPart(text="a", signature="not base64!"), ThinkingPart(redacted="r"))
    out = dialect.write_request(asked(Message(role="assistant", parts=parts)))
    assert json.loads(out.body)["contents"] == [{"role": "model", "parts": [{"text": "a", "thought": True}]}]  # fmt: skip
    assert out.lost == (
        "messages[0].parts[0].signature: another vendor's",
        "messages[0].parts[1]: redacted thinking",
    )


def test_schemas_are_written_as_json_schemas() -> None:
    schema = Raw(b'{"type":"object","additionalProperties":false}')
    out = written(asked(tools=(Tool(name="f", parameters=schema),), output=OutputFormat(schema=schema)))  # fmt: skip
    [tool] = out["tools"]
    assert tool == {"functionDeclarations": [{"name": "f", "parametersJsonSchema": json.loads(bytes(schema))}]}  # fmt: skip
    assert out["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": json.loads(bytes(schema)),
    }


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice(mode="none"), {"mode": "NONE"}),
        (ToolChoice(), {"mode": "AUTO"}),
        (ToolChoice(mode="required"), {"mode": "ANY"}),
        (ToolChoice(mode="required", name="f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_how_tools_are_chosen(choice: ToolChoice, config: Any) -> None:
    assert written(asked(tool_choice=choice))["toolConfig"] == {"functionCallingConfig": config}


def test_a_changed_choice_wins_over_the_kept_configuration() -> None:
    request = ask({"text": "a"}, toolConfig={"functionCallingConfig": {"mode": "VALIDATED"}})
    changed = structs.replace(request, tool_choice=ToolChoice(mode="none"))
    assert written(changed)["toolConfig"] == {"functionCallingConfig": {"mode": "NONE"}}


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3-pro", "/models/gemini-3-pro:generateContent"),
        ("models/m", "/models/m:generateContent"),
        ("tunedModels/m", "/tunedModels/m:generateContent"),
        ("publishers/a/models/m", "/publishers/a/models/m:generateContent"),
        ("org/model", "/models/org/model:generateContent"),
        ("a?b#c", "/models/a%3Fb%23c:generateContent"),
    ],
)
def test_the_path_holds_the_model(model: str, path: str) -> None:
    assert dialect.path(model, stream=False) == path


def test_a_streams_path_asks_for_server_sent_events() -> None:
    assert dialect.path("m", stream=True) == "/models/m:streamGenerateContent?alt=sse"


@pytest.mark.parametrize("model", ["../x", "a//b", ".", "a/../../b", ""])
def test_a_model_that_leaves_its_path_is_refused(model: str) -> None:
    with pytest.raises(BadRequest):
        dialect.path(model, stream=False)


def test_another_model_changes_no_byte_unless_the_body_names_one() -> None:
    body = b'{"contents": [{"parts":[{"text":"the \\"model\\""}]}],"seed":12345678901234567890}'
    assert dialect.with_model(body, "x", stream=True) == body
    named = b'{"model":"models/a","contents":[]}'
    assert json.loads(dialect.with_model(named, "x", stream=False))["model"] == "models/x"


# Counting tokens


def test_a_count_is_asked_for_contents_or_for_a_whole_request() -> None:
    bare = b'{"contents":[{"parts":[{"text":"a"}]}]}'
    inner = b'"contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{"text":"s"}]}'
    whole = b'{"generateContentRequest":{"model":"models/m",%b}}' % inner
    assert dialect.read_count_request(bare, model="m").messages[0].text == "a"
    request = dialect.read_count_request(whole)
    assert (request.model, [m.text for m in request.messages]) == ("m", ["s", "a"])
    back = dialect.read_count_request(dialect.write_count_request(request).body)
    assert back == request
    assert dialect.read_count(dialect.write_count(7)) == 7
    assert dialect.count_path("m") == "/models/m:countTokens"


# Answers


def answer(candidate: dict[str, Any], **fields: Any) -> Answer:
    return dialect.read_answer(json.dumps({"candidates": [candidate], **fields}).encode())


def test_thoughts_stand_beside_the_output_there_and_inside_it_here() -> None:
    usage = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 40,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 30,
        "toolUsePromptTokenCount": 5,
        "totalTokenCount": 155,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 90},
            {"modality": "AUDIO", "tokenCount": 10},
        ],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 8}],
    }
    found = answer({"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}, usageMetadata=usage)  # fmt: skip
    assert found.usage == Usage(
        input_tokens=105,
        output_tokens=50,
        cached_input_tokens=40,
        reasoning_tokens=30,
        audio_input_tokens=10,
        audio_output_tokens=8,
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        ("OTHER", "OTHER"),
    ],
)
def test_reasons_are_read_in_our_words_where_there_are_any(theirs: str, ours: str) -> None:
    assert answer({"finishReason": theirs}).finish_reason == ours


@pytest.mark.parametrize("reason", ["refusal", "pause_turn", "max_time"])
def test_a_reason_google_has_no_word_for_is_other(reason: str) -> None:
    body = dialect.write_answer(Answer.of_text("a", finish_reason=reason), model="m", id="1", created_s=1)  # fmt: skip
    assert json.loads(body)["candidates"][0]["finishReason"] == "OTHER"


def test_a_tool_call_without_an_id_gets_one_that_its_answer_alone_has() -> None:
    call = {"content": {"parts": [{"functionCall": {"name": "f"}}] * 2}, "finishReason": "STOP"}
    one, again, other = (answer(call, responseId=id).candidates[0] for id in ("x", "x", "y"))
    ids = [p.id for c in (one, other) for p in c.parts if isinstance(p, ToolCallPart)]
    assert one == again
    assert len(set(ids)) == 4
    assert one.finish_reason == "tool_calls"
    assert all(id.replace("_", "").isalnum() for id in ids)


def test_a_blocked_prompt_is_a_refusal() -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(b'{"promptFeedback":{"blockReason":"SAFETY"}}')
    assert caught.value.kind == "refused"
    with pytest.raises(ProviderError) as caught:
        dialect.reader().read(b'data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n')
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("body", [b"", b"nope", b"{}", b"\xff", b'{"candidates":[]}', b"[1]"])
def test_what_is_no_answer_is_garbage(body: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.read_answer(body)
    assert caught.value.kind == "garbage"


def test_log_probabilities_are_openais_here_and_googles_there() -> None:
    token = {"token": "a", "logProbability": -0.5}
    result = {"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]}
    [found] = answer({"finishReason": "STOP", "logprobsResult": result}).candidates
    assert found.logprobs is not None
    [first] = json.loads(bytes(found.logprobs))["content"]
    assert (first["token"], first["logprob"], first["bytes"]) == ("a", -0.5, [97])
    assert first["top_logprobs"][0]["token"] == "a"
    body = dialect.write_answer(Answer(candidates=(found,)), model="m", id="1", created_s=1)
    assert json.loads(body)["candidates"][0]["logprobsResult"] == result


def test_arguments_that_are_no_object_make_a_malformed_call() -> None:
    call = ToolCallPart(id="1", name="f", arguments='{"a":')
    whole = Answer(candidates=(Candidate(parts=(call,), finish_reason="tool_calls"),))
    body = json.loads(dialect.write_answer(whole, model="m", id="1", created_s=1))
    assert body["candidates"][0]["finishReason"] == "MALFORMED_FUNCTION_CALL"
    writer = dialect.writer(model="m", id="1", created_s=1)
    sent = b"".join(map(writer.write, [ToolBegin(0, "1", "f"), ToolDelta(0, '{"a":'), Finish("tool_calls"), End()]))  # fmt: skip
    assert b'"finishReason":"MALFORMED_FUNCTION_CALL"' in sent
    assert b"functionCall" not in sent


def test_another_vendors_signatures_travel_through_a_google_client_and_back() -> None:
    like_ours = base64.b64encode(b"ph-sig:v1x").decode()
    signatures = ("sig-_!", like_ours, "skip_thought_signature_validator")
    parts = (
        *[ThinkingPart(text="t", signature=signature) for signature in signatures],
        ThinkingPart(redacted="enc+/"),
    )
    whole = Answer(candidates=(Candidate(parts=parts, finish_reason="stop"),))
    body = json.loads(dialect.write_answer(whole, model="m", id="1", created_s=1))
    sent = body["candidates"][0]["content"]
    for part in sent["parts"]:  # a client keeps bytes, and sends them in its own alphabet
        data = base64.b64decode(part["thoughtSignature"], validate=True)
        part["thoughtSignature"] = base64.urlsafe_b64encode(data).decode()
    assert read({"contents": [sent]}).messages[0].parts == parts


# Streams


def chunk(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish:
        candidate["finishReason"] = finish
    return b"data: " + json.dumps({"candidates": [candidate], **fields}).encode() + b"\n\n"


def test_a_stream_is_read_to_its_reason_and_a_late_usage_still_counts() -> None:
    reader = dialect.reader()
    first = reader.read(
        chunk(
            {"text": "a"}, responseId="r", modelVersion="v", usageMetadata={"promptTokenCount": 3}
        )
    )
    assert first == [Begin("r", "v"), TextDelta("a"), Used(Usage(input_tokens=3, output_tokens=0))]
    assert reader.read(chunk({"text": "b"})) == (TextDelta("b"),)
    assert reader.read(chunk({"text": "t", "thought": True})) == (ThinkingDelta("t"),)
    assert reader.read(chunk({"text": ""})) == []
    assert reader.read(chunk(finish="STOP")) == [Finish("stop"), End()]
    late = reader.read(
        b'data: {"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}\n\n'
    )
    assert late == [Used(Usage(input_tokens=3, output_tokens=2))]


def test_a_stream_without_a_reason_has_no_end() -> None:
    reader = dialect.reader()
    events = [*reader.read(chunk({"text": "a"})), *reader.read(chunk({"text": "b"}))]
    assert not any(isinstance(e, (Finish, End)) for e in events)


def test_a_stream_of_two_candidates_ends_when_both_have() -> None:
    def of(index: int, finish: str | None = None) -> dict[str, Any]:
        return {"content": {"parts": [{"text": "x"}]}, "index": index, "finishReason": finish}

    reader = dialect.reader()
    both = reader.read(b"data: " + json.dumps({"candidates": [of(0), of(1)]}).encode() + b"\n\n")
    assert [e.choice for e in both if isinstance(e, TextDelta)] == [0, 1]
    one = reader.read(b"data: " + json.dumps({"candidates": [of(1, "STOP")]}).encode() + b"\n\n")
    assert not any(isinstance(e, End) for e in one)
    last = reader.read(b"data: " + json.dumps({"candidates": [of(0, "STOP")]}).encode() + b"\n\n")
    assert isinstance(last[-1], End)


def test_calls_images_and_signatures_of_a_stream() -> None:
    reader = dialect.reader()
    reader.read(chunk({"text": "a"}, responseId="r"))
    [begin, delta] = reader.read(
        chunk(
            {"functionCall": {"name": "f", "id": "i", "args": {"a": 1}}, "thoughtSignature": "AAAA"}
        )
    )
    assert begin == ToolBegin(0, "i", "f", 0, "AAAA")
    assert delta == ToolDelta(0, '{"a": 1}')
    [unnamed, _] = reader.read(chunk({"functionCall": {"name": "g"}}))
    assert isinstance(unnamed, ToolBegin)
    assert unnamed.index == 1
    assert unnamed.id.startswith("call_")
    [image] = reader.read(chunk({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}))
    assert image == WholePart(MediaPart(kind="image", mime="image/png", data="AAAA"))
    assert reader.read(chunk({"text": "", "thoughtSignature": "BBBB"})) == [ThinkingDelta("", 0, "BBBB")]  # fmt: skip
    assert reader.read(chunk(finish="STOP"))[0] == Finish("tool_calls")


@pytest.mark.parametrize(
    ("code", "kind"),
    [(400, "caller"), (401, "auth"), (403, "auth"), (429, "rate_limited"), (500, "provider_down"),
     (503, "provider_down"), (504, "timeout")],
)  # fmt: skip
def test_an_error_in_a_stream_is_raised_by_its_code(code: int, kind: str) -> None:
    event = dialect.error_event(code, "why")
    with pytest.raises(ProviderError, match="why") as caught:
        dialect.reader().read(event)
    assert (caught.value.kind, caught.value.http_status) == (kind, code)
    assert dialect.writer(model="m", id="1", created_s=1).fail(code, "why") == event


@pytest.mark.parametrize("event", [b": x\n\n", b"\n\n", b"event: ping\n\n"])
def test_comments_and_empty_events_say_nothing(event: bytes) -> None:
    assert not dialect.reader().read(event)


@pytest.mark.parametrize("event", [b"data: {\n\n", b"data: [1]\n\n", b'data: {"candidates":1}\n\n'])
def test_an_event_that_is_none_is_garbage(event: bytes) -> None:
    with pytest.raises(ProviderError) as caught:
        dialect.reader().read(event)
    assert caught.value.kind == "garbage"


def test_line_breaks_that_only_some_clients_know_are_escaped() -> None:
    writer = dialect.writer(model="m", id="1", created_s=1)
    sent = writer.write(TextDelta("a\u2028b\u2029c\x85d\u00e9"))
    assert len(sent.decode().splitlines()) == 2
    events = dialect.reader().read(sent)
    assert events[-1] == TextDelta("a\u2028b\u2029c\x85d\u00e9")


# Errors


def test_errors_have_a_number_and_googles_word_for_it() -> None:
    body = dialect.write_error(429, "slow down", code="budget", param="contents")
    error = json.loads(body)["error"]
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert [d["@type"].rpartition(".")[2] for d in error["details"]] == ["ErrorInfo", "BadRequest"]
    assert dialect.read_error(body) == ("slow down", "RESOURCE_EXHAUSTED")


def test_error_bodies_are_read_as_far_as_they_are_ones() -> None:
    assert dialect.read_error(b'[{"error":{"message":"m","status":"S"}}]') == ("m", "S")
    assert dialect.read_error(b'{"error":"words"}') == ("words", None)
    assert dialect.read_error(b"<html>") == ("", None)
    assert dialect.read_error(b"[]") == ("", None)


def test_a_count_names_the_paths_model_wherever_it_names_one() -> None:
    inner = b'{"generateContentRequest":{"model":"models/route","contents":[],"x":1.50}}'
    sent = dialect.with_counted_model(inner, "gemini-x")
    assert json.loads(sent)["generateContentRequest"]["model"] == "models/gemini-x"
    assert b"1.50" in sent
    plain = b'{"contents":[]}'
    assert dialect.with_counted_model(plain, "gemini-x") == plain
    with pytest.raises(BadRequest):
        dialect.with_counted_model(b"[1]", "gemini-x")
