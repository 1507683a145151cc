"""Gemini's whole requests, and those that only ask for a count, to our nouns and back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.dialect import Envelope, Written
from pilothouse.core.errors import BadRequest
from pilothouse.core.request import Request, Tool, ToolChoice
from pilothouse.dialects._bad_body import bad_request, decoded
from pilothouse.dialects._camel import camel
from pilothouse.dialects._gemini_config import ConfigIn, config_in, config_out, config_rest, named
from pilothouse.dialects._gemini_contents import (
    ContentIn,
    ContentsReader,
    ContentsWriter,
    Lost,
    system_in,
)
from pilothouse.dialects._gemini_tools import choice_in, choice_out, tools_in, tools_out
from pilothouse.dialects._raw import ABSENT, present


class _EnvelopeConfig(Struct):
    """Both spellings of what must be known at once."""

    maxOutputTokens: int | None = None
    max_output_tokens: int | None = None
    candidateCount: int | None = None
    candidate_count: int | None = None


class _EnvelopeIn(Struct):
    contents: Raw = ABSENT
    generationConfig: _EnvelopeConfig | None = None
    generation_config: _EnvelopeConfig | None = None
    model: str | None = None


_envelope_in = msgspec.json.Decoder(_EnvelopeIn, strict=False)
_contents_in = msgspec.json.Decoder(list[ContentIn])
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode
_NO_CONFIG = _EnvelopeConfig()
_DIALECT = "gemini"


def read_envelope(body: bytes, model: str | None, *, stream: bool) -> Envelope:
    """Raises `BadRequest`."""
    given = decoded(_envelope_in, body)
    if present(given.contents) is None:
        raise BadRequest("`contents` is missing: what is the model to answer?", param="contents")
    config = given.generationConfig or given.generation_config or _NO_CONFIG
    return Envelope(
        model=_model(model or given.model),
        stream=stream,
        max_output_tokens=config.maxOutputTokens or config.max_output_tokens,
        n=config.candidateCount or config.candidate_count or 1,
    )


def read_request(body: bytes, model: str | None, *, stream: bool) -> Request:
    """Raises `BadRequest`."""
    fields = _fields(body)
    given_model = fields.pop("model", None)
    if model is None and given_model is not None:
        model = msgspec.json.decode(given_model, type=str)
    try:
        return _request(fields, _model(model), stream=stream)
    except msgspec.ValidationError as error:
        raise bad_request(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not valid JSON: {error}") from None


def read_count_request(body: bytes, model: str | None) -> Request:
    """A question whose tokens are to be counted: bare contents, or a whole request inside.

    Raises `BadRequest`.
    """
    inner = _fields(body).get("generateContentRequest")
    return read_request(body if inner is None else bytes(inner), model, stream=False)


def write_request(request: Request) -> Written:
    """What Gemini cannot say is named in `lost`."""
    gone: list[str] = []
    lost = gone.append
    contents, system = ContentsWriter(request.model, lost).write(request.messages)
    extra = _extra(request, lost)
    body: dict[str, Any] = {"contents": [c for c in contents if c["parts"]]}
    if system["parts"]:
        body["systemInstruction"] = system
    tools = tools_out(request.tools, extra.pop("tools", None), lost)
    if tools:
        body["tools"] = tools
    choice = choice_out(request.tool_choice, extra.pop("toolConfig", None), lost)
    if choice:
        body["toolConfig"] = choice
    rest = extra.pop("generationConfig", None)
    config = config_out(request, lost)
    if rest is not None:
        config = {**_raw_object.decode(rest), **config}
    if config:
        body["generationConfig"] = config
    for name in ("parallel_tool_calls", "subject"):
        if getattr(request, name) is not None:
            lost(name)
    body.update(extra)
    return Written(_encode(body), tuple(gone))


def write_count_request(request: Request) -> Written:
    """The body that asks how many tokens `request` has."""
    written = write_request(request)
    model = _encode(f"models/{_model(request.model)}")
    body = b'{"generateContentRequest":{"model":%b,%b}' % (model, written.body[1:])
    return Written(body, written.lost)


def with_model(body: bytes, model: str) -> bytes:
    """The path names the model; a body that names it too (a few clients' do) must not disagree."""
    if b'"model"' not in body:
        return body
    fields = _raw_object.decode(body)
    if "model" not in fields:
        return body
    fields["model"] = Raw(_encode(f"models/{_model(model)}"))
    return _encode(fields)


def with_counted_model(body: bytes, model: str) -> bytes:
    """For `:countTokens`: a whole request inside must name the path's model. Raises `BadRequest`."""
    fields = decoded(_raw_object, body)
    for name in ("generateContentRequest", "generate_content_request"):
        inner = fields.get(name)
        if inner is not None and present(inner):
            asked = decoded(_raw_object, bytes(inner))
            asked["model"] = Raw(_encode(f"models/{_model(model)}"))
            fields[name] = Raw(_encode(asked))
    if "model" in fields:
        fields["model"] = Raw(_encode(f"models/{_model(model)}"))
    return _encode(fields)


def _fields(body: bytes) -> dict[str, Raw]:
    fields = decoded(_raw_object, body)
    return {camel(name): value for name, value in fields.items() if present(value)}


def _model(model: str | None) -> str:
    if not model:
        raise BadRequest("no model: name one in the path, /models/{model}", param="model")
    return model.removeprefix("models/")


def _request(fields: dict[str, Raw], model: str, *, stream: bool) -> Request:
    contents = fields.pop("contents", None)
    if contents is None:
        raise BadRequest("`contents` is missing: what is the model to answer?", param="contents")
    messages = ContentsReader().read(_contents_in.decode(contents))
    if "systemInstruction" in fields:
        messages = (system_in(fields.pop("systemInstruction")), *messages)
    kept: dict[str, Raw] = {}
    tools, choice = _tools(fields, kept)
    config = _config(fields, kept)
    return Request(
        model=model,
        messages=messages,
        stream=stream,
        max_output_tokens=config.max_output_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=config.top_k,
        stop=tuple(config.stop_sequences or ()),
        n=config.candidate_count,
        seed=config.seed,
        frequency_penalty=config.frequency_penalty,
        presence_penalty=config.presence_penalty,
        logprobs=config.response_logprobs,
        top_logprobs=config.logprobs,
        tools=tuple(tools),
        tool_choice=choice,
        output=config.output,
        thinking=config.thinking,
        extra={**{k: v.copy() for k, v in fields.items()}, **kept},
        dialect=_DIALECT,
    )


def _tools(fields: dict[str, Raw], kept: dict[str, Raw]) -> tuple[list[Tool], ToolChoice | None]:
    tools: list[Tool] = []
    choice: ToolChoice | None = None
    if "tools" in fields:
        tools, others = tools_in(fields.pop("tools"))
        if others:
            kept["tools"] = Raw(_encode(others))
    if "toolConfig" in fields:
        choice, rest = choice_in(fields.pop("toolConfig"))
        if rest is not None:
            kept["toolConfig"] = rest
    return tools, choice


def _config(fields: dict[str, Raw], kept: dict[str, Raw]) -> ConfigIn:
    written = fields.pop("generationConfig", None)
    if written is None:
        return ConfigIn()
    config = named(written)
    given = config_in.decode(config)
    rest = config_rest(config, given)
    if rest is not None:
        kept["generationConfig"] = rest
    return given


def _extra(request: Request, lost: Lost) -> dict[str, Raw]:
    if request.dialect == _DIALECT:
        return dict(request.extra)
    for name in request.extra:
        lost(f"extra.{name}")
    return {}
