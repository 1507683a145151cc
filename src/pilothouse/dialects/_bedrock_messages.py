"""Bedrock's messages and system blocks, to ours and back.

Roles must take turns: neighbours of one role are written as one message, tool results as the user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Raw, Struct, structs

from pilothouse.core.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    RefusalPart,
    Role,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._bedrock_content import (
    DIALECT,
    CachePoint,
    Lost,
    block_in,
    cache_out,
    call_out,
    media_out,
    thinking_out,
)


class MessageIn(Struct):
    role: str
    content: list[Raw] = []


def messages_in(given: Iterable[MessageIn]) -> list[Message]:
    """A message each, and one for each tool result, with the name of the call it answers."""
    names: dict[str, str] = {}
    found: list[Message] = []
    for message in given:
        rest: list[Part] = []
        for part in blocks_in(message.content):
            if isinstance(part, ToolResultPart):
                named = structs.replace(part, name=names.get(part.call_id))
                found.append(Message(role="tool", parts=(named,)))
                continue
            if isinstance(part, ToolCallPart):
                names[part.id] = part.name
            rest.append(part)
        role: Role = message.role if message.role in ("assistant", "system") else "user"
        if rest:
            found.append(Message(role=role, parts=tuple(rest)))
    return found


def blocks_in(content: Iterable[Raw]) -> list[Part]:
    """Parts, with their cache marks."""
    found: list[Part] = []
    for written in content:
        part = block_in(written)
        if not isinstance(part, CachePoint):
            found.append(part)
        elif found and isinstance(found[-1], (TextPart, MediaPart, ToolCallPart, ToolResultPart)):
            found[-1] = structs.replace(found[-1], cache=part.mark)
    return found


class MessagesWriter:
    """Writes messages."""

    def __init__(self, model: str, lost: Lost) -> None:
        self._lost = lost
        self._is_claude = "anthropic" in model
        self._names: dict[str, str] = {}

    def write(
        self, messages: Sequence[Message]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Messages, and system blocks: a system message after the start can only be the user's."""
        found: list[dict[str, Any]] = []
        system: list[dict[str, Any]] = []
        for i, message in enumerate(messages):
            at = f"messages[{i}]"
            if message.name is not None:
                self._lost(f"{at}.name")
            blocks = [b for j, p in enumerate(message.parts) for b in self._blocks(p, f"{at}.parts[{j}]")]  # fmt: skip
            is_system = message.role in ("system", "developer")
            if is_system and not found:
                system += blocks
                continue
            if is_system:
                self._lost(f"{at}.role: {message.role} after the start")
            role = "assistant" if message.role == "assistant" else "user"
            if found and found[-1]["role"] == role:
                found[-1]["content"] += blocks
            elif blocks:
                found.append({"role": role, "content": blocks})
        return found, system

    def _blocks(self, part: Part, at: str) -> list[Any]:
        match part:
            case TextPart():
                return [{"text": part.text}, *self._mark(part)]
            case MediaPart():
                block = media_out(part, at, self._lost)
                return [] if block is None else [block, *self._mark(part)]
            case ToolCallPart():
                return [self._call(part, at), *self._mark(part)]
            case ToolResultPart():
                return [self._result(part, at), *self._mark(part)]
            case ThinkingPart():
                return self._thinking(part, at)
            case RefusalPart():
                self._lost(f"{at}: refusal")
                return [{"text": part.text}]
            case OpaquePart():
                if part.dialect == DIALECT:
                    return [part.raw]
                self._lost(f"{at}: a part of {part.dialect}")
                return []

    def _mark(
        self, part: TextPart | MediaPart | ToolCallPart | ToolResultPart
    ) -> list[dict[str, Any]]:
        return [] if part.cache is None else [cache_out(part.cache)]

    def _call(self, part: ToolCallPart, at: str) -> dict[str, Any]:
        self._names[part.id] = part.name
        if part.signature is not None:
            self._lost(f"{at}.signature")
        call = call_out(part)
        if call is None:
            self._lost(f"{at}.arguments: not a JSON object")
            call = call_out(structs.replace(part, arguments="")) or {}
        return call

    def _result(self, part: ToolResultPart, at: str) -> dict[str, Any]:
        if part.name is not None and part.name != self._names.get(part.call_id):
            self._lost(f"{at}.name")
        content: list[dict[str, Any]] = []
        for i, inner in enumerate(part.parts):
            where = f"{at}.parts[{i}]"
            if isinstance(inner, TextPart):
                content.append({"text": inner.text})
            elif isinstance(inner, OpaquePart):
                self._lost(f"{where}: opaque")
                continue
            elif inner.kind == "audio":
                self._lost(f"{where}: audio")
                continue
            else:
                block = media_out(inner, where, self._lost)
                if block is None:
                    continue
                content.append(block)
            if inner.cache is not None:
                self._lost(f"{where}.cache")
        result: dict[str, Any] = {"toolUseId": part.call_id, "content": content}
        if part.is_error:
            result["status"] = "error"
        return {"toolResult": result}

    def _thinking(self, part: ThinkingPart, at: str) -> list[dict[str, Any]]:
        if part.redacted is None and part.signature is None and self._is_claude:
            self._lost(f"{at}: thinking without the signature Claude wants")
            return []
        if part.id is not None:
            self._lost(f"{at}.id")
        return [thinking_out(part)]
