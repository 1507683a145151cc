"""Gemini's tools and tool configuration, to our nouns and back.

Tools that Google runs itself (`googleSearch`, `codeExecution`, ...) are no functions: they stay in `extra`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.request import Tool, ToolChoice
from pilothouse.dialects._camel import camel_fields, camel_object
from pilothouse.dialects._gemini_contents import Lost
from pilothouse.dialects._gemini_schema import json_schema
from pilothouse.dialects._raw import ABSENT, present


class Declaration(Struct, rename="camel"):
    name: str
    description: str | None = None
    parameters: Raw = ABSENT
    parameters_json_schema: Raw = ABSENT


class Calling(Struct, rename="camel"):
    mode: str | None = None
    allowed_function_names: list[str] | None = None

    @property
    def choice(self) -> ToolChoice:
        """The nearest of ours: VALIDATED, or a choice among several, is kept beside it."""
        allowed = self.allowed_function_names or ()
        match self.mode:
            case "ANY":
                return ToolChoice(mode="required", name=allowed[0] if len(allowed) == 1 else None)
            case "NONE":
                return ToolChoice(mode="none")
            case _:
                return ToolChoice()

    @property
    def is_said(self) -> bool:
        """Whether `choice` says all of it."""
        allowed = self.allowed_function_names or ()
        return self.mode in ("AUTO", "ANY", "NONE") and (
            not allowed or (self.mode == "ANY" and len(allowed) == 1)
        )


_declaration_in = msgspec.json.Decoder(Declaration)
_calling_in = msgspec.json.Decoder(Calling)
_raw_list = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode
_MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}
_CALLING = "functionCallingConfig"


def tools_in(data: Raw) -> tuple[list[Tool], list[Raw]]:
    """Functions, and the tools that are none as they were written."""
    tools: list[Tool] = []
    others: list[Raw] = []
    for each in _raw_list.decode(data):
        fields = camel_fields(each)
        declared = fields.pop("functionDeclarations", None)
        if declared is not None and present(declared):
            tools += [_tool_in(d) for d in _raw_list.decode(declared)]
        if fields:
            others.append(Raw(_encode(fields)))
    return tools, others


def choice_in(data: Raw) -> tuple[ToolChoice | None, Raw | None]:
    """How tools are chosen, and what of the configuration that does not say."""
    fields = camel_fields(data)
    choice = None
    if _CALLING in fields:
        calling = _calling(fields[_CALLING])
        choice = calling.choice
        if calling.is_said and len(camel_fields(fields[_CALLING])) <= 2:
            del fields[_CALLING]
    return choice, Raw(_encode(fields)) if fields else None


def tools_out(tools: Sequence[Tool], others: Raw | None, lost: Lost) -> list[Any]:
    """All functions in one tool, the way Google's SDK sends them; then the other tools."""
    found: list[Any] = []
    if tools:
        declared = [_tool_out(tool, f"tools[{i}]", lost) for i, tool in enumerate(tools)]
        found.append({"functionDeclarations": declared})
    return found if others is None else [*found, *_raw_list.decode(others)]


def choice_out(choice: ToolChoice | None, rest: Raw | None, lost: Lost) -> dict[str, Any]:
    """What was kept of the calling configuration holds while it still means the same choice."""
    config: dict[str, Any] = {} if rest is None else dict(camel_fields(rest))
    if choice is None:
        config.pop(_CALLING, None)
        return config
    if _CALLING in config and _calling(config[_CALLING]).choice == choice:
        return config
    if choice.name is not None and choice.mode != "required":
        lost("tool_choice.mode")
    calling: dict[str, Any] = {"mode": "ANY" if choice.name is not None else _MODES[choice.mode]}
    if choice.name is not None:
        calling["allowedFunctionNames"] = [choice.name]
    config[_CALLING] = calling
    return config


def _calling(data: Raw) -> Calling:
    return _calling_in.decode(camel_object(data, depth=1))


def _tool_in(data: Raw) -> Tool:
    given = _declaration_in.decode(camel_object(data, depth=1))
    parameters, own = present(given.parameters_json_schema), present(given.parameters)
    if parameters is None and own is not None:
        parameters = json_schema(own)
    return Tool(
        name=given.name,
        description=given.description,
        parameters=parameters,
    )


def _tool_out(tool: Tool, at: str, lost: Lost) -> dict[str, Any]:
    if tool.cache is not None:
        lost(f"{at}.cache")
    if tool.strict is not None:
        lost(f"{at}.strict")
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        declared["description"] = tool.description
    if tool.parameters is not None:
        declared["parametersJsonSchema"] = tool.parameters
    return declared
