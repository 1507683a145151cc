"""Requests in the form of the Responses API, and what of them it cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from pilothouse.core.dialect import Written
from pilothouse.core.request import (
    Message,
    OutputFormat,
    Request,
    TextPart,
    Thinking,
    Tool,
    ToolCallPart,
)
from pilothouse.dialects._responses_items import NAME
from pilothouse.dialects._responses_items_out import ItemsOut, Lost
from pilothouse.dialects._responses_request_in import INSTEAD_OF_INPUT, LOGPROBS

_raw_object = msgspec.json.Decoder(dict[str, Raw])
_raw_list = msgspec.json.Decoder(list[Raw])
_strings = msgspec.json.Decoder(list[str])
_encode = msgspec.json.Encoder().encode
_SAME_NAME = ("max_output_tokens", "temperature", "top_p", "top_logprobs", "parallel_tool_calls")
_UNSAID = ("top_k", "seed", "frequency_penalty", "presence_penalty")
SHARED = frozenset(
    {
        "metadata",
        "moderation",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "verbosity",
    }
)
"""Extras that mean the same in OpenAI's chat format."""
_MERGED = {"tools", "include", "text", "verbosity", "reasoning"}


def write_request(request: Request) -> Written:
    """The body, and in `lost` what could not be said."""
    gone: list[str] = []
    lost = gone.append
    extra = _extra(request, lost)
    body: dict[str, Any] = {"model": request.model}
    _conversation(request, body, lost)
    if request.stream:
        body["stream"] = True
    for name in _SAME_NAME:
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    for name in _UNSAID:
        if getattr(request, name) is not None:
            lost(name)
    if request.stop:
        lost("stop")
    if request.n is not None and request.n != 1:
        lost("n")
    if request.subject is not None and extra.get("safety_identifier") != Raw(
        _encode(request.subject)
    ):
        body["user"] = request.subject
    _tools(request, extra, body, lost)
    _include(request, extra, body)
    _text(request.output, extra, body)
    _reasoning(request.thinking, extra, body, lost)
    body.update({name: value for name, value in extra.items() if name not in _MERGED})
    return Written(_encode(body), tuple(gone))


def _extra(request: Request, lost: Lost) -> dict[str, Raw]:
    if request.dialect in (None, NAME):
        return request.extra
    kept: dict[str, Raw] = {}
    for name, value in request.extra.items():
        if request.dialect == "openai_chat" and name in SHARED:
            kept[name] = value
        else:
            lost(f"extra.{name}")
    return kept


def _conversation(request: Request, body: dict[str, Any], lost: Lost) -> None:
    """The first plain system message is `instructions`, a lone user text a string."""
    messages = request.messages
    first = 0
    if len(messages) > 1 and messages[0].role == "system" and _is_plain(messages[0]):
        body["instructions"] = messages[0].text
        first = 1
    if len(messages) == first + 1 and messages[first].role == "user" and _is_plain(messages[first]):
        body["input"] = messages[first].text
        return
    out = ItemsOut(_call_names(messages), lost, has_marks=request.dialect == NAME)
    items = [
        item for i, m in enumerate(messages[first:], first) for item in out.items(m, f"messages[{i}]")
    ]  # fmt: skip
    if items or not any(name in request.extra for name in INSTEAD_OF_INPUT):
        body["input"] = items


def _is_plain(message: Message) -> bool:
    if len(message.parts) != 1 or message.name is not None:
        return False
    only = message.parts[0]
    return isinstance(only, TextPart) and only.cache is None


def _call_names(messages: Sequence[Message]) -> dict[str, str]:
    return {p.id: p.name for m in messages for p in m.parts if isinstance(p, ToolCallPart)}


def _tools(request: Request, extra: dict[str, Raw], body: dict[str, Any], lost: Lost) -> None:
    tools: list[Any] = [_tool(tool, f"tools[{i}]", lost) for i, tool in enumerate(request.tools)]
    if "tools" in extra:
        tools += _raw_list.decode(extra["tools"])
    if tools:
        body["tools"] = tools
    choice = request.tool_choice
    if choice is not None:
        named = {"type": "function", "name": choice.name}
        body["tool_choice"] = named if choice.name is not None else choice.mode


def _tool(tool: Tool, at: str, lost: Lost) -> dict[str, Any]:
    if tool.cache is not None:
        lost(f"{at}.cache")
    # Without `strict` this API assumes true, and refuses most schemas that were written for others.
    found: dict[str, Any] = {
        "type": "function",
        "name": tool.name,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }
    if tool.description is not None:
        found["description"] = tool.description
    return found


def _include(request: Request, extra: dict[str, Raw], body: dict[str, Any]) -> None:
    included = _strings.decode(extra["include"]) if "include" in extra else []
    if request.logprobs:
        included.append(LOGPROBS)
    if included:
        body["include"] = included


def _text(output: OutputFormat | None, extra: dict[str, Raw], body: dict[str, Any]) -> None:
    text: dict[str, Any] = dict(_raw_object.decode(extra["text"])) if "text" in extra else {}
    if output is not None:
        text["format"] = _format(output)
    if "verbosity" in extra:
        text["verbosity"] = extra["verbosity"]
    if text:
        body["text"] = text


def _format(output: OutputFormat) -> dict[str, Any]:
    if output.schema is None:
        return {"type": "json_object"}
    form: dict[str, Any] = {
        "type": "json_schema",
        "name": output.name or "answer",
        "schema": output.schema,
    }
    if output.description is not None:
        form["description"] = output.description
    if output.strict is not None:
        form["strict"] = output.strict
    return form


def _reasoning(
    thinking: Thinking | None, extra: dict[str, Raw], body: dict[str, Any], lost: Lost
) -> None:
    left: dict[str, Any] = dict(_raw_object.decode(extra["reasoning"])) if "reasoning" in extra else {}  # fmt: skip
    if thinking is not None:
        if thinking.effort is not None:
            left["effort"] = thinking.effort
        elif thinking.budget_tokens == 0:
            left["effort"] = "none"
        if thinking.is_shown is not None:
            left.setdefault("summary", "auto" if thinking.is_shown else None)
        if thinking.budget_tokens is not None:
            lost("thinking.budget_tokens")
        if thinking.is_adaptive:
            lost("thinking.is_adaptive")
    if thinking is not None or left:
        body["reasoning"] = left
