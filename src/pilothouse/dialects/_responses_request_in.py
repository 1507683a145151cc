"""Requests of the Responses API, to our nouns.

In `extra`: fields without a noun under their own names; what is left of `text`, `reasoning` and `include`
when the nouns are taken out, `text.verbosity` as `verbosity` (chat's name for the same); `tools`: those that
are not functions; `tool_choice`: one that is none of ours.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from pilothouse.core.dialect import Envelope
from pilothouse.core.errors import BadRequest
from pilothouse.core.request import Message, OutputFormat, Request, Thinking, Tool, ToolChoice
from pilothouse.dialects._bad_body import decoded
from pilothouse.dialects._raw import ABSENT, NULL, present
from pilothouse.dialects._responses_items import NAME, messages_in

LOGPROBS = "message.output_text.logprobs"
"""The entry of `include` that asks for log probabilities."""


class _EnvelopeIn(Struct):
    model: Annotated[str, Meta(min_length=1)]
    stream: bool | None = False
    max_output_tokens: int | None = None
    user: str | None = None
    safety_identifier: str | None = None


class _ToolIn(Struct):
    type: str = "function"
    name: str = ""
    description: str | None = None
    parameters: Raw = ABSENT
    strict: bool | None = None


class _Choice(Struct):
    type: str
    name: str | None = None


class _Format(Struct):
    type: str
    name: str | None = None
    schema: Raw = ABSENT
    description: str | None = None
    strict: bool | None = None


class _Text(Struct):
    format: _Format | None = None


class _Reasoning(Struct):
    effort: str | None = None
    summary: str | UnsetType | None = UNSET


class _RequestIn(_EnvelopeIn):
    input: str | list[Raw] | None = None
    instructions: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    tools: list[_ToolIn] | None = None
    tool_choice: str | _Choice | None = None
    parallel_tool_calls: bool | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    include: list[str] | None = None


_envelope_in = msgspec.json.Decoder(_EnvelopeIn)
_request_in = msgspec.json.Decoder(_RequestIn)
_raw_object = msgspec.json.Decoder(dict[str, Raw])
_raw_list = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode
_KNOWN = frozenset(_RequestIn.__struct_fields__) - {"safety_identifier"}
_AUTO = Raw(b'"auto"')
INSTEAD_OF_INPUT = ("previous_response_id", "conversation", "prompt")


def read_envelope(body: bytes) -> Envelope:
    """Raises `BadRequest`."""
    given = decoded(_envelope_in, body)
    return Envelope(
        model=given.model,
        stream=given.stream or False,
        max_output_tokens=given.max_output_tokens,
        subject=given.user or given.safety_identifier,
    )


def read_request(body: bytes) -> Request:
    """Raises `BadRequest`."""
    given = decoded(_request_in, body)
    fields = _raw_object.decode(body)
    messages = _messages(given)
    has_input = bool(messages) or given.input is not None
    if not has_input and not any(fields.get(name, NULL) != NULL for name in INSTEAD_OF_INPUT):
        raise BadRequest("there is no input", param="input")
    tools = given.tools or ()
    return Request(
        model=given.model,
        messages=messages,
        stream=given.stream or False,
        max_output_tokens=given.max_output_tokens,
        temperature=given.temperature,
        top_p=given.top_p,
        logprobs=True if LOGPROBS in (given.include or ()) else None,
        top_logprobs=given.top_logprobs,
        tools=tuple([_tool(tool) for tool in tools if tool.type == "function"]),
        tool_choice=_choice(given.tool_choice),
        parallel_tool_calls=given.parallel_tool_calls,
        output=_output(given.text.format) if given.text and given.text.format else None,
        thinking=_thinking(given.reasoning),
        subject=given.user or given.safety_identifier,
        extra=_extra(given, fields),
        dialect=NAME,
    )


def _messages(given: _RequestIn) -> tuple[Message, ...]:
    found: list[Message] = []
    if given.instructions is not None:
        found.append(Message.of_text("system", given.instructions))
    if isinstance(given.input, str):
        found.append(Message.of_text("user", given.input))
    elif given.input:
        found += messages_in(given.input)
    return tuple(found)


def _tool(given: _ToolIn) -> Tool:
    return Tool(
        name=given.name,
        description=given.description,
        parameters=present(given.parameters),
        strict=given.strict,
    )


def _choice(given: str | _Choice | None) -> ToolChoice | None:
    match given:
        case "auto" | "none" | "required":
            return ToolChoice(mode=given)
        case _Choice(type="function", name=str(name)):
            return ToolChoice(mode="required", name=name)
        case _:
            return None


def _output(form: _Format) -> OutputFormat | None:
    if form.type == "text":
        return None
    return OutputFormat(
        schema=present(form.schema),
        name=form.name,
        description=form.description,
        strict=form.strict,
    )


def _thinking(given: _Reasoning | None) -> Thinking | None:
    if given is None:
        return None
    shown = None if given.summary is UNSET else given.summary is not None
    return Thinking(effort=given.effort, is_shown=shown)


def _extra(given: _RequestIn, fields: dict[str, Raw]) -> dict[str, Raw]:
    extra = {k: v.copy() for k, v in fields.items() if k not in _KNOWN and v != NULL}
    others = [i for i, tool in enumerate(given.tools or ()) if tool.type != "function"]
    if others:
        written = _raw_list.decode(fields["tools"])
        extra["tools"] = Raw(_encode([written[i] for i in others]))
    if given.tool_choice is not None and _choice(given.tool_choice) is None:
        extra["tool_choice"] = fields["tool_choice"].copy()
    included = [name for name in given.include or () if name != LOGPROBS]
    if included:
        extra["include"] = Raw(_encode(included))
    if given.text is not None:
        _leave_text(_raw_object.decode(fields["text"]), extra)
    if given.reasoning is not None:
        _leave_reasoning(_raw_object.decode(fields["reasoning"]), extra)
    return extra


def _leave_text(text: dict[str, Raw], extra: dict[str, Raw]) -> None:
    text.pop("format", None)
    verbosity = text.pop("verbosity", None)
    if verbosity is not None:
        extra["verbosity"] = verbosity.copy()
    if text:
        extra["text"] = Raw(_encode(text))


def _leave_reasoning(reasoning: dict[str, Raw], extra: dict[str, Raw]) -> None:
    reasoning.pop("effort", None)
    if reasoning.get("summary") in (NULL, _AUTO):
        del reasoning["summary"]
    if reasoning:
        extra["reasoning"] = Raw(_encode(reasoning))
