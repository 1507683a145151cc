"""Inspect's chat messages in OpenAI's form, which the conversation reader takes."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput

_KEPT = ("text", "image")


def chat_messages(messages: Any) -> list[dict[str, Any]]:
    """Raises `InvalidInput` with the message at fault; reasoning of earlier answers is left out."""
    if not isinstance(messages, list):
        raise InvalidInput("input: neither a text nor a list of messages")
    listed = cast("list[Any]", messages)
    return [_message(message, i) for i, message in enumerate(listed)]


def _message(message: Any, index: int) -> dict[str, Any]:
    where = f"input[{index}]"
    if not isinstance(message, dict):
        raise InvalidInput(f"{where}: not a message: an object with role and content")
    given = cast("dict[str, Any]", message)
    role, content = given.get("role"), given.get("content")
    if role not in ("system", "user", "assistant", "tool"):
        raise InvalidInput(f'{where}.role: "{role}" is none of system, user, assistant, tool')
    if content is None:
        raise InvalidInput(f"{where}: a message without content")
    out: dict[str, Any] = {"role": role, "content": _content(content, f"{where}.content")}
    if role == "tool":
        out["tool_call_id"] = given.get("tool_call_id")
    calls: Any = given.get("tool_calls")
    if role == "assistant" and calls:
        out["tool_calls"] = [_call(call) for call in calls]
    return out


def _content(content: Any, where: str) -> Any:
    if isinstance(content, str):
        return content
    parts: list[dict[str, Any]] = []
    for i, part in enumerate(cast("list[dict[str, Any]]", content)):
        match part.get("type"):
            case "text":
                parts.append({"type": "text", "text": part.get("text", "")})
            case "image":
                image = {"url": part.get("image"), "detail": part.get("detail", "auto")}
                parts.append({"type": "image_url", "image_url": image})
            case "reasoning":
                continue
            case kind:
                known = " and ".join(_KEPT)
                raise InvalidInput(f'{where}[{i}]: content "{kind}" is not supported ({known} are)')
    return parts


def _call(call: dict[str, Any]) -> dict[str, Any]:
    arguments: Any = call.get("arguments", {})
    text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    function = {"name": call.get("function"), "arguments": text}
    return {"id": call.get("id"), "type": "function", "function": function}
