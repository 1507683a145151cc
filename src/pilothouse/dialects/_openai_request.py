"""OpenAI's chat requests, to our nouns and back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.request import OutputFormat, Request, Thinking, Tool, ToolChoice
from pilothouse.dialects._bad_body import decoded, must_be_utf8
from pilothouse.dialects._openai_content import Lost, MessageIn, message_in, messages_out
from pilothouse.dialects._raw import ABSENT, present


class _StreamOptions(Struct):
    include_usage: bool | None = False


class _Function(Struct):
    name: str
    description: str | None = None
    parameters: Raw = ABSENT
    strict: bool | None = None


class _Tool(Struct):
    type: str = "function"
    function: _Function | None = None


class _Named(Struct):
    name: str


class _Choice(Struct):
    type: str = "function"
    function: _Named | None = None


class _Schema(Struct):
    name: str = "answer"
    description: str | None = None
    schema: Raw = ABSENT
    strict: bool | None = None


class _Format(Struct):
    type: str
    json_schema: _Schema | None = None


class _EnvelopeMessage(Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Raw = ABSENT


class _EnvelopeIn(Struct):
    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_EnvelopeMessage], Meta(min_length=1)]
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    user: str | None = None


class _RequestIn(Struct):
    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[MessageIn], Meta(min_length=1)]
    stream: bool | None = False
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | _Choice | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Format | None = None
    reasoning_effort: str | None = None
    user: str | None = None


_envelope_in = msgspec.json.Decoder(_EnvelopeIn)
_request_in = msgspec.json.Decoder(_RequestIn)
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_raw_list = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode
_KNOWN = {*_RequestIn.__struct_fields__, "stream_options"}
_SAME_NAME = (
    "temperature",
    "top_p",
    "n",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
)


def read_envelope(body: bytes) -> Envelope:
    """Raises `BadRequest`."""
    must_be_utf8(body)
    given = decoded(_envelope_in, body)
    options = given.stream_options
    return Envelope(
        model=given.model,
        stream=given.stream or False,
        wants_usage=bool(options and options.include_usage),
        max_output_tokens=given.max_completion_tokens or given.max_tokens,
        n=given.n or 1,
        subject=given.user,
    )


def read_request(body: bytes) -> Request:
    """Raises `BadRequest`. Tools that are not functions stay in `extra` as `tools`."""
    given = decoded(_request_in, body)
    extra = {k: v for k, v in _raw_object.decode(body).items() if k not in _KNOWN and present(v)}
    tools = given.tools or ()
    others = [i for i, tool in enumerate(tools) if tool.function is None]
    if others:
        written = _raw_list.decode(_raw_object.decode(body)["tools"])
        extra["tools"] = Raw(_encode([written[i] for i in others]))
    form = given.response_format
    return Request(
        model=given.model,
        messages=tuple([message_in(m) for m in given.messages]),
        stream=given.stream or False,
        max_output_tokens=given.max_completion_tokens or given.max_tokens,
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        stop=(given.stop,) if isinstance(given.stop, str) else tuple(given.stop or ()),
        n=given.n,
        seed=given.seed,
        frequency_penalty=given.frequency_penalty,
        presence_penalty=given.presence_penalty,
        logprobs=given.logprobs,
        top_logprobs=given.top_logprobs,
        tools=tuple([_tool(t.function) for t in tools if t.function is not None]),
        tool_choice=_choice(given.tool_choice),
        parallel_tool_calls=given.parallel_tool_calls,
        output=_output(form),
        thinking=Thinking(effort=given.reasoning_effort) if given.reasoning_effort else None,
        subject=given.user,
        extra=extra,
        dialect="openai_chat",
    )


def write_request(request: Request) -> Written:
    """What chat completions cannot say is named in `lost`."""
    gone: list[str] = []
    lost = gone.append
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [
            out for i, m in enumerate(request.messages) for out in messages_out(m, f"messages[{i}]", lost)
        ],
    }  # fmt: skip
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    if request.max_output_tokens is not None:
        body["max_completion_tokens"] = request.max_output_tokens
    for name in _SAME_NAME:
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    if request.stop:
        body["stop"] = list(request.stop)
    if request.subject is not None:
        body["user"] = request.subject
    if request.top_k is not None:
        lost("top_k")
    _tools_out(request, body, lost)
    _thinking_out(request.thinking, body, lost)
    if request.output is not None:
        body["response_format"] = _format_out(request.output, lost)
    _extra_out(request, body, lost)
    return Written(_encode(body), tuple(gone))


def _tool(given: _Function) -> Tool:
    return Tool(
        name=given.name,
        description=given.description,
        parameters=present(given.parameters),
        strict=given.strict,
    )


def _choice(given: str | _Choice | None) -> ToolChoice | None:
    match given:
        case None:
            return None
        case "none" | "required" | "auto":
            return ToolChoice(mode=given)
        case _Choice(function=_Named(name=name)):
            return ToolChoice(mode="required", name=name)
        case _:
            return ToolChoice()


def _output(form: _Format | None) -> OutputFormat | None:
    if form is None or form.type == "text":
        return None
    schema = form.json_schema
    if schema is None:
        return OutputFormat()
    return OutputFormat(
        schema=present(schema.schema),
        name=schema.name,
        description=schema.description,
        strict=schema.strict,
    )


def _tools_out(request: Request, body: dict[str, Any], lost: Lost) -> None:
    if request.tools:
        body["tools"] = [_tool_out(t, f"tools[{i}]", lost) for i, t in enumerate(request.tools)]
    choice = request.tool_choice
    if choice is not None:
        body["tool_choice"] = (
            {"type": "function", "function": {"name": choice.name}} if choice.name else choice.mode
        )


def _tool_out(tool: Tool, at: str, lost: Lost) -> dict[str, Any]:
    if tool.cache is not None:
        lost(f"{at}.cache")
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _thinking_out(thinking: Thinking | None, body: dict[str, Any], lost: Lost) -> None:
    if thinking is None:
        return
    if thinking.effort is not None:
        body["reasoning_effort"] = thinking.effort
    elif thinking.budget_tokens == 0:
        body["reasoning_effort"] = "none"
    if thinking.budget_tokens is not None and (thinking.budget_tokens or thinking.effort):
        lost("thinking.budget_tokens")
    if thinking.is_shown is not None:
        lost("thinking.is_shown")
    if thinking.is_adaptive:
        lost("thinking.is_adaptive")


def _format_out(output: OutputFormat, lost: Lost) -> dict[str, Any]:
    if output.schema is None:
        for name in ("name", "description", "strict"):
            if getattr(output, name) is not None:
                lost(f"output.{name}")
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": output.name or "answer", "schema": output.schema}
    if output.description is not None:
        schema["description"] = output.description
    if output.strict is not None:
        schema["strict"] = output.strict
    return {"type": "json_schema", "json_schema": schema}


def _extra_out(request: Request, body: dict[str, Any], lost: Lost) -> None:
    if request.dialect != "openai_chat":
        for name in request.extra:
            lost(f"extra.{name}")
        return
    for name, value in request.extra.items():
        if name == "tools":
            body["tools"] = [*body.get("tools", ()), *_raw_list.decode(value)]
        else:
            body[name] = value
