"""Bedrock's Converse requests, to our nouns and back.

What has no field in Converse goes to the model in `additionalModelRequestFields`, in the model's own words:
known here for Claude (`thinking`, `top_k`) and Nova (`inferenceConfig.topK`).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.errors import BadRequest
from pilothouse.core.request import (
    Message,
    OutputFormat,
    Request,
    Thinking,
)
from pilothouse.dialects._bad_body import bad_request, decoded
from pilothouse.dialects._bedrock_content import DIALECT, Lost
from pilothouse.dialects._bedrock_messages import (
    MessageIn,
    MessagesWriter,
    blocks_in,
    messages_in,
)
from pilothouse.dialects._bedrock_tools import ToolConfig, choice_in, tools_in, tools_out
from pilothouse.dialects._raw import ABSENT, present


class _Inference(Struct, rename="camel"):
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None


class _JsonSchema(Struct):
    schema: str = "{}"
    name: str | None = None
    description: str | None = None


class _Structure(Struct, rename="camel"):
    json_schema: _JsonSchema | None = None


class _TextFormat(Struct):
    structure: _Structure | None = None


class _OutputConfig(Struct, rename="camel"):
    text_format: _TextFormat | None = None
    effort: str | None = None


class _ThinkingIn(Struct):
    type: str = "enabled"
    budget_tokens: int | None = None


class _EnvelopeIn(Struct, rename="camel"):
    messages: Raw = ABSENT
    inference_config: _Inference | None = None


class _RequestIn(Struct, rename="camel"):
    messages: list[MessageIn] = []
    system: list[Raw] = []
    inference_config: _Inference | None = None
    tool_config: ToolConfig | None = None
    output_config: _OutputConfig | None = None
    additional_model_request_fields: dict[str, Raw] | None = None


_envelope_in = msgspec.json.Decoder(_EnvelopeIn)
_request_in = msgspec.json.Decoder(_RequestIn)
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_thinking_in = msgspec.json.Decoder(_ThinkingIn)
_whole_in = msgspec.json.Decoder(int)
_encode = msgspec.json.Encoder().encode
_KNOWN = set(_RequestIn.__struct_encode_fields__)
_FIELDS = "additionalModelRequestFields"
_UNSAID = (
    "n",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
    "subject",
)


def read_envelope(body: bytes, model: str | None, *, stream: bool) -> Envelope:
    """Raises `BadRequest`."""
    given = decoded(_envelope_in, body)
    config = given.inference_config
    return Envelope(
        model=_model(model),
        stream=stream,
        max_output_tokens=config.max_tokens if config else None,
    )


def read_request(body: bytes, model: str | None, *, stream: bool) -> Request:
    """Raises `BadRequest`."""
    given = decoded(_request_in, body)
    try:
        return _request(given, body, _model(model), stream=stream)
    except msgspec.ValidationError as error:
        raise bad_request(error) from None


def write_request(request: Request) -> Written:
    """What Converse cannot say is named in `lost`."""
    gone: list[str] = []
    lost = gone.append
    messages, system = MessagesWriter(request.model, lost).write(request.messages)
    body: dict[str, Any] = {"messages": messages}
    if system:
        body["system"] = system
    extra = _extra(request, lost)
    inference = _inference_out(request)
    if inference:
        body["inferenceConfig"] = inference
    tools = tools_out(request, extra.pop("tools", None), lost)
    if tools:
        body["toolConfig"] = tools
    output: dict[str, Any] = {}
    fields: dict[str, Any] = dict(_raw_object.decode(extra.pop(_FIELDS, b"{}")))
    _format_out(request.output, output, lost)
    _thinking_out(request, output, fields, lost)
    _top_k_out(request, fields, lost)
    if output:
        body["outputConfig"] = output
    if fields:
        body[_FIELDS] = fields
    for name in _UNSAID:
        if getattr(request, name) is not None:
            lost(name)
    body.update(extra)
    return Written(_encode(body), tuple(gone))


def _model(model: str | None) -> str:
    if not model:
        raise BadRequest("no model: name one in the path, /model/{model}/converse", param="model")
    return model


def _request(given: _RequestIn, body: bytes, model: str, *, stream: bool) -> Request:
    messages = messages_in(given.messages)
    system = blocks_in(given.system)
    if system:
        messages.insert(0, Message(role="system", parts=tuple(system)))
    extra = {
        name: value.copy()
        for name, value in _raw_object.decode(body).items()
        if name not in _KNOWN and present(value) is not None
    }
    config = given.inference_config or _Inference()
    tools, others = tools_in(given.tool_config)
    if others:
        extra["tools"] = Raw(_encode(others))
    output = given.output_config or _OutputConfig()
    fields = dict(given.additional_model_request_fields or {})
    thinking = _thinking(output.effort, fields.pop("thinking", None))
    top_k = fields.pop("top_k", None)
    if fields:
        extra[_FIELDS] = Raw(_encode(fields))
    return Request(
        model=model,
        messages=tuple(messages),
        stream=stream,
        max_output_tokens=config.max_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=None if top_k is None else _whole_in.decode(top_k),
        stop=tuple(config.stop_sequences or ()),
        tools=tuple(tools),
        tool_choice=choice_in(given.tool_config),
        output=_format_in(output.text_format),
        thinking=thinking,
        extra=extra,
        dialect=DIALECT,
    )


def _format_in(form: _TextFormat | None) -> OutputFormat | None:
    schema = form.structure.json_schema if form and form.structure else None
    if schema is None:
        return None
    return OutputFormat(
        schema=Raw(schema.schema.encode()), name=schema.name, description=schema.description
    )


def _thinking(effort: str | None, given: Raw | None) -> Thinking | None:
    if given is None:
        return None if effort is None else Thinking(effort=effort)
    claude = _thinking_in.decode(given)
    is_off = claude.type == "disabled"
    return Thinking(
        effort=effort,
        budget_tokens=0 if is_off else claude.budget_tokens,
        is_adaptive=claude.type == "adaptive",
    )


def _inference_out(request: Request) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if request.max_output_tokens is not None:
        config["maxTokens"] = request.max_output_tokens
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.top_p is not None:
        config["topP"] = request.top_p
    if request.stop:
        config["stopSequences"] = request.stop
    return config


def _format_out(form: OutputFormat | None, output: dict[str, Any], lost: Lost) -> None:
    if form is None:
        return
    if form.schema is None:
        lost("output")
        return
    schema: dict[str, Any] = {"schema": bytes(form.schema).decode()}
    if form.name is not None:
        schema["name"] = form.name
    if form.description is not None:
        schema["description"] = form.description
    if form.strict is not None:
        lost("output.strict")
    output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}


def _thinking_out(
    request: Request, output: dict[str, Any], fields: dict[str, Any], lost: Lost
) -> None:
    thinking = request.thinking
    if thinking is None:
        return
    if thinking.effort == "none":
        lost("thinking.effort")
    elif thinking.effort is not None:
        output["effort"] = thinking.effort
    if thinking.is_shown is not None:
        lost("thinking.is_shown")
    is_claude = "anthropic" in request.model
    if thinking.budget_tokens is not None:
        if is_claude and not thinking.is_adaptive:
            fields["thinking"] = _budget_out(thinking.budget_tokens)
        else:
            lost("thinking.budget_tokens")
    if thinking.is_adaptive:
        if is_claude:
            fields["thinking"] = {"type": "adaptive"}
        else:
            lost("thinking.is_adaptive")


def _budget_out(tokens: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens} if tokens else {"type": "disabled"}


def _top_k_out(request: Request, fields: dict[str, Any], lost: Lost) -> None:
    if request.top_k is None:
        return
    if "anthropic" in request.model:
        fields["top_k"] = request.top_k
    elif "amazon.nova" in request.model:
        known = fields.get("inferenceConfig")
        config: dict[str, Any] = {} if known is None else dict(_raw_object.decode(known))
        fields["inferenceConfig"] = {**config, "topK": request.top_k}
    else:
        lost("top_k")


def _extra(request: Request, lost: Lost) -> dict[str, Raw]:
    if request.dialect == DIALECT:
        return dict(request.extra)
    for name in request.extra:
        lost(f"extra.{name}")
    return {}
