"""A question in Anthropic's Messages format, read.

Tool results, which are blocks of a user's turn on the wire, become messages of their own, one each, with
the name of the call they answer. What has no noun (`service_tier`, `container`, `mcp_servers`, server
tools, ...) is kept in `Request.extra`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.errors import BadRequest
from pilothouse.core.request import (
    Message,
    OutputFormat,
    Part,
    Request,
    Role,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from pilothouse.dialects._anthropic_blocks import (
    NAME,
    BlockIn,
    CacheControl,
    Text,
    extra_of,
    read_block,
    read_content,
    trim,
)
from pilothouse.dialects._bad_body import bad_request, decoded
from pilothouse.dialects._raw import ABSENT, present

_TurnRole = Literal["user", "assistant", "system"]


class _Turn(Struct):
    role: _TurnRole
    content: str | list[BlockIn]


class _LooseTurn(Struct):
    role: _TurnRole
    content: Raw


class _ToolIn(Struct, forbid_unknown_fields=True):
    name: str
    input_schema: Raw
    description: str | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    type: Literal["custom"] | None = None


class _ToolKind(Struct):
    type: str | None = None


class _Choice(Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _ThinkingIn(Struct):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class _FormatIn(Struct):
    type: Literal["json_schema"]
    schema: Raw


class _OutputConfig(Struct):
    effort: str | None = None
    format: _FormatIn | None = None


class _Metadata(Struct):
    user_id: str | None = None


_Count = Annotated[int, Meta(ge=0)]


class _Asked(Struct):
    """Every field that a noun holds, but for those that come in two strictnesses."""

    model: Annotated[str, Meta(min_length=1)]
    max_tokens: _Count | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    tool_choice: _Choice | None = None
    metadata: Raw = ABSENT
    thinking: Raw = ABSENT
    output_config: Raw = ABSENT


class _Strict(_Asked, forbid_unknown_fields=True, kw_only=True):
    messages: Annotated[list[_Turn], Meta(min_length=1)]
    system: str | list[Text] | None = None
    tools: list[_ToolIn] | None = None


class _Loose(_Asked, kw_only=True):
    messages: Annotated[list[_LooseTurn], Meta(min_length=1)]
    tools: list[Raw] | None = None
    system: Raw = ABSENT


_strict = msgspec.json.Decoder(_Strict)
_loose = msgspec.json.Decoder(_Loose)
_fields = msgspec.json.Decoder(dict[str, Raw])
_tool_in = msgspec.json.Decoder(_ToolIn)
_tool_kind = msgspec.json.Decoder(_ToolKind)
_thinking_in = msgspec.json.Decoder(_ThinkingIn)
_output_in = msgspec.json.Decoder(_OutputConfig)
_metadata_in = msgspec.json.Decoder(_Metadata)
_encode = msgspec.json.Encoder().encode

_NOUNS = frozenset({*_Strict.__struct_fields__})
_TOOL_NOUNS = frozenset({*_ToolIn.__struct_fields__})
_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "any": "required",
    "tool": "required",
    "none": "none",
}
_Extra = dict[str, Raw]


def read_request(
    body: bytes, *, model: str | None = None, needs_max_tokens: bool = True
) -> Request:
    """The whole question. Raises `BadRequest` with the parameter at fault."""
    extra: _Extra = {}
    try:
        asked = _strict.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = decoded(_loose, body)
        extra = {k: v.copy() for k, v in _fields.decode(body).items() if k not in _NOUNS}
        messages, tools, asked = _loose_messages(loose), _loose_tools(loose, extra), loose
    else:
        messages, tools = _messages(asked), tuple([_tool(tool) for tool in asked.tools or ()])
    if needs_max_tokens and asked.max_tokens is None:
        raise BadRequest("max_tokens is required", param="max_tokens")
    choice = asked.tool_choice
    alone = choice.disable_parallel_tool_use if choice else None
    thinking, output = _thinking(asked, extra)
    return Request(
        model=model or asked.model,
        messages=messages,
        stream=asked.stream or False,
        max_output_tokens=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k,
        stop=tuple(asked.stop_sequences or ()),
        tools=tools,
        tool_choice=ToolChoice(mode=_MODES[choice.type], name=choice.name) if choice else None,
        parallel_tool_calls=None if alone is None else not alone,
        output=output,
        thinking=thinking,
        subject=_subject(asked, extra),
        extra=extra,
        dialect=NAME,
    )


def _messages(asked: _Strict) -> tuple[Message, ...]:
    found: list[Message] = []
    system = asked.system
    if system:
        parts = (TextPart(system),) if isinstance(system, str) else map(read_block, system)
        found.append(Message(role="system", parts=tuple(parts)))
    names: dict[str, str] = {}
    for turn in asked.messages:
        content = turn.content
        if isinstance(content, str):
            found.append(Message(role=turn.role, parts=(TextPart(content),)))
        else:
            found += _split(turn.role, [read_block(block) for block in content], names)
    return tuple(found)


def _loose_messages(asked: _Loose) -> tuple[Message, ...]:
    found: list[Message] = []
    system = present(asked.system)
    if system is not None and (parts := read_content(system, "system")):
        found.append(Message(role="system", parts=parts))
    names: dict[str, str] = {}
    for i, turn in enumerate(asked.messages):
        parts = read_content(turn.content, f"messages[{i}].content")
        found += _split(turn.role, parts, names)
    return tuple(found)


def _split(role: Role, parts: Iterable[Part], names: dict[str, str]) -> list[Message]:
    """The turn as messages: a tool's result is one of its own, named after its call."""
    found: list[Message] = []
    run: list[Part] = []
    for part in parts:
        if isinstance(part, ToolResultPart):
            if run:
                found.append(Message(role=role, parts=tuple(run)))
                run = []
            named = msgspec.structs.replace(part, name=names.get(part.call_id))
            found.append(Message(role="tool", parts=(named,)))
            continue
        if isinstance(part, ToolCallPart):
            names[part.id] = part.name
        run.append(part)
    if run or not found:
        found.append(Message(role=role, parts=tuple(run)))
    return found


def _tool(given: _ToolIn) -> Tool:
    return Tool(
        name=given.name,
        description=given.description,
        parameters=given.input_schema.copy(),
        strict=given.strict,
        cache=None if given.cache_control is None else given.cache_control.ttl,
    )


def _loose_tools(asked: _Loose, extra: _Extra) -> tuple[Tool, ...]:
    """Tools of the caller's; those that the vendor runs go to `extra`."""
    found: list[Tool] = []
    servers: list[Raw] = []
    for i, raw in enumerate(asked.tools or ()):
        try:
            if decoded(_tool_kind, raw).type not in (None, "custom"):
                servers.append(raw)
                continue
            fields = _fields.decode(raw)
            mine = {k: v for k, v in fields.items() if k in _TOOL_NOUNS and v != b"null"}
            rest = {k: v for k, v in fields.items() if k not in _TOOL_NOUNS}
            trim(mine, rest)
            tool = _tool(decoded(_tool_in, _encode(mine)))
        except BadRequest as error:
            param = f"tools[{i}].{error.param}" if error.param else f"tools[{i}]"
            raise BadRequest(str(error), param=param) from None
        found.append(msgspec.structs.replace(tool, extra=extra_of(rest)))
    if servers:
        extra["tools"] = Raw(_encode(servers))
    return tuple(found)


def _thinking(asked: _Asked, extra: _Extra) -> tuple[Thinking | None, OutputFormat | None]:
    output = _under(asked.output_config, "output_config", _output_in)
    how = _under(asked.thinking, "thinking", _thinking_in)
    effort, form = (output.effort, output.format) if output else (None, None)
    if output:
        _keep(extra, "output_config", asked.output_config, {"effort", "format"})
    schema = OutputFormat(schema=form.schema.copy()) if form else None
    if how is None:
        return (Thinking(effort=effort) if effort else None), schema
    shown = {"summarized": True, "omitted": False}.get(how.display or "")
    known = {"type", "budget_tokens"} | ({"display"} if shown is not None else set[str]())
    if how.type not in ("enabled", "disabled", "adaptive"):
        known = set[str]()
    _keep(extra, "thinking", asked.thinking, known)
    return Thinking(
        effort=effort,
        budget_tokens=0 if how.type == "disabled" else how.budget_tokens,
        is_shown=shown,
        is_adaptive=how.type == "adaptive",
    ), schema


def _subject(asked: _Asked, extra: _Extra) -> str | None:
    metadata = _under(asked.metadata, "metadata", _metadata_in)
    if metadata is None:
        return None
    _keep(extra, "metadata", asked.metadata, {"user_id"})
    return metadata.user_id


def _under(raw: Raw, name: str, decoder: msgspec.json.Decoder[Any]) -> Any:
    if not raw or raw == b"null":
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        wrong = bad_request(error)
        param = f"{name}.{wrong.param}" if wrong.param else name
        raise BadRequest(str(wrong), param=param) from None


def _keep(extra: _Extra, name: str, raw: Raw, known: set[str]) -> None:
    """The fields of one object that no noun holds, under the object's own name."""
    rest = extra_of({k: v for k, v in _fields.decode(raw).items() if k not in known})
    if rest is not None:
        extra[name] = rest.fields
