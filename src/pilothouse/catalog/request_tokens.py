"""Input tokens of a whole request, whatever is in it: exact only where nothing in it must be guessed.

Texts are counted as `count_chat` counts them. What no vendor says how it renders (tools and their calls, thinking,
schemas of the answer) is counted as its text, media at a flat rate; both make the count an estimate.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pilothouse.catalog.token_count import TokenCount, count_chat, count_text, estimated, total
from pilothouse.core.facts import MEDIA_TOKENS
from pilothouse.core.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    Request,
    ThinkingPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
)

_A_MEDIUM = estimated(
    MEDIA_TOKENS, 80, 20 * MEDIA_TOKENS, "media: a flat rate, since their sizes are not read"
)


def count_request(model: str, request: Request) -> TokenCount:
    """For the model with this id of the catalogue; any id is answered."""
    tools = [_definition(tool) for tool in request.tools]
    parts = [part for message in request.messages for part in _all(message)]
    counts = [count_chat(model, request.messages, tools)]
    counts += [_A_MEDIUM for part in parts if isinstance(part, MediaPart | OpaquePart)]
    unsaid = [text for text in map(_unsaid, parts) if text]
    if request.output is not None and request.output.schema is not None:
        unsaid.append(bytes(request.output.schema).decode())
    counts += [_guessed(model, text) for text in unsaid]
    if len(counts) == 1 and any(m.name for m in request.messages):
        counts.append(estimated(0, 0, 2 * len(request.messages), "names: by OpenAI's older rule"))
    return total(counts)


def _all(message: Message) -> list[Part]:
    inner = [p for one in message.parts if isinstance(one, ToolResultPart) for p in one.parts]
    return [*message.parts, *inner]


def _unsaid(part: Part) -> str:
    """Text of a part that is none of its message's text."""
    match part:
        case ToolCallPart():
            return f"{part.name} {part.arguments}"
        case ToolResultPart():
            return part.call_id
        case ThinkingPart():
            return part.text
        case _:
            return ""


def _guessed(model: str, text: str) -> TokenCount:
    plain = count_text(model, text)
    return estimated(
        plain.tokens,
        plain.low // 2,
        plain.high + 40,
        "tool calls, thinking and schemas: as their text",
    )


def _definition(tool: Tool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        found["description"] = tool.description
    if tool.parameters is not None:
        found["parameters"] = msgspec.json.decode(tool.parameters)
    return found
