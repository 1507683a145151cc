"""Bedrock's tools and how they are chosen, to our nouns and back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from pilothouse.core.request import Request, Tool, ToolCallPart, ToolChoice, ToolResultPart
from pilothouse.dialects._bedrock_content import CachePoint, Lost, cache_out
from pilothouse.dialects._raw import ABSENT, present


class _Schema(Struct):
    json: Raw = ABSENT


class _ToolSpec(Struct, rename="camel"):
    name: str
    description: str | None = None
    input_schema: _Schema | None = None
    strict: bool | None = None


class _ToolIn(Struct, rename="camel"):
    tool_spec: _ToolSpec | None = None
    cache_point: CachePoint | None = None


class _Named(Struct):
    name: str = ""


class _ChoiceIn(Struct):
    auto: dict[str, Raw] | None = None
    any: dict[str, Raw] | None = None
    tool: _Named | None = None


class ToolConfig(Struct, rename="camel"):
    tools: list[Raw] = []
    tool_choice: _ChoiceIn | None = None


_tool_in = msgspec.json.Decoder(_ToolIn)
_raw_list = msgspec.json.Decoder(list[Raw])
_NO_SCHEMA = Raw(b'{"type":"object","properties":{}}')
"""A tool must have a schema; this one says that it takes nothing."""


def tools_in(config: ToolConfig | None) -> tuple[list[Tool], list[Raw]]:
    """Functions, and the tools that are none as they were written."""
    tools: list[Tool] = []
    others: list[Raw] = []
    for written in config.tools if config else ():
        each = _tool_in.decode(written)
        spec = each.tool_spec
        if spec is not None:
            schema = present(spec.input_schema.json) if spec.input_schema else None
            tools.append(
                Tool(
                    name=spec.name,
                    description=spec.description,
                    parameters=None if schema == _NO_SCHEMA else schema,
                    strict=spec.strict,
                )
            )
        elif each.cache_point is not None and tools:
            tools[-1] = structs.replace(tools[-1], cache=each.cache_point.mark)
        else:
            others.append(written)
    return tools, others


def choice_in(config: ToolConfig | None) -> ToolChoice | None:
    """None where nothing is said."""
    choice = config.tool_choice if config else None
    if choice is None:
        return None
    if choice.tool is not None:
        return ToolChoice(mode="required", name=choice.tool.name)
    return ToolChoice(mode="auto" if choice.any is None else "required")


def tools_out(request: Request, others: Raw | None, lost: Lost) -> dict[str, Any]:
    """Converse cannot forbid tools: they are left out, unless the conversation has calls to explain."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "none":
        lost("tool_choice")
        if request.tools and not _has_calls(request):
            lost("tools: left out, so that none is called")
            return {}
    tools: list[Any] = [] if others is None else list(_raw_list.decode(others))
    for tool in request.tools:
        tools.append(_tool_out(tool))
        if tool.cache is not None:
            tools.append(cache_out(tool.cache))
    if not tools:
        if choice is not None and choice.mode != "none":
            lost("tool_choice")
        return {}
    config: dict[str, Any] = {"tools": tools}
    if choice is not None and choice.mode != "none":
        config["toolChoice"] = _choice_out(choice)
    return config


def _has_calls(request: Request) -> bool:
    return any(
        isinstance(part, (ToolCallPart, ToolResultPart))
        for message in request.messages
        for part in message.parts
    )


def _choice_out(choice: ToolChoice) -> dict[str, Any]:
    if choice.name is not None:
        return {"tool": {"name": choice.name}}
    return {"any": {}} if choice.mode == "required" else {"auto": {}}


def _tool_out(tool: Tool) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "name": tool.name,
        "inputSchema": {"json": tool.parameters or _NO_SCHEMA},
    }
    if tool.description is not None:
        spec["description"] = tool.description
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {"toolSpec": spec}
