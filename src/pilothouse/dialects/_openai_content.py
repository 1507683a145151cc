"""OpenAI's messages and their parts, to our nouns and back. Shared by chat requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct, structs

from pilothouse.core.request import (
    CacheTtl,
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
from pilothouse.dialects._data_url import data_url, split_url

Lost = Callable[[str], None]
"""Told the path of each thing that cannot be said."""


class Mark(Struct):
    """A cache mark, as OpenRouter and others take it on a part."""

    type: str = "ephemeral"
    ttl: str | None = None


class ImageUrl(Struct):
    url: str
    detail: str | None = None


class InputAudio(Struct):
    data: str
    format: str = "wav"


class FileIn(Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class PartIn(Struct):
    type: str
    text: str = ""
    refusal: str = ""
    image_url: ImageUrl | None = None
    input_audio: InputAudio | None = None
    file: FileIn | None = None
    cache_control: Mark | None = None


class FunctionCall(Struct):
    name: str = ""
    arguments: str = ""


class _Google(Struct):
    thought_signature: str | None = None


class ExtraContent(Struct):
    google: _Google | None = None


class ToolCall(Struct):
    """`index` in streams only."""

    id: str | None = None
    function: FunctionCall | None = None
    index: int = 0
    extra_content: ExtraContent | None = None
    """Where Google keeps a thought signature in this format."""

    @property
    def signature(self) -> str | None:
        google = self.extra_content.google if self.extra_content else None
        return google.thought_signature if google else None


class ThinkingBlock(Struct):
    """Thinking with its proof, as gateways carry it through this format."""

    type: Literal["thinking", "redacted_thinking"] = "thinking"
    thinking: str = ""
    signature: str | None = None
    data: str | None = None


class MessageIn(Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[PartIn] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    function_call: FunctionCall | None = None


def message_in(given: MessageIn) -> Message:
    """A message of a request."""
    if given.role in ("tool", "function"):
        said = _content(given.content or None)
        inner = tuple([p for p in said if isinstance(p, (TextPart, MediaPart))])
        call_id = given.tool_call_id or given.name or ""
        result = ToolResultPart(call_id=call_id, parts=inner, name=given.name)
        return Message(role="tool", parts=(result,))
    role: Role = given.role  # pyright: ignore[reportAssignmentType]
    parts = [*thinking_in(given.thinking_blocks, given.reasoning_content), *_content(given.content)]
    if given.refusal:
        parts.append(RefusalPart(given.refusal))
    parts += [call_in(call) for call in given.tool_calls or ()]
    if given.function_call is not None:
        old = given.function_call
        parts.append(ToolCallPart(id=old.name, name=old.name, arguments=old.arguments))
    return Message(role=role, parts=tuple(parts), name=given.name)


def thinking_in(blocks: Iterable[ThinkingBlock] | None, text: str | None) -> list[Part]:
    """Blocks with their proof where there are any, else the plain words."""
    if blocks:
        return [
            ThinkingPart(text=b.thinking, signature=b.signature, redacted=b.data) for b in blocks
        ]
    return [ThinkingPart(text=text)] if text else []


def call_in(call: ToolCall) -> ToolCallPart:
    """A whole tool call."""
    function = call.function or FunctionCall()
    return ToolCallPart(
        id=call.id or "",
        name=function.name,
        arguments=function.arguments,
        signature=call.signature,
    )


def messages_out(message: Message, at: str, lost: Lost) -> list[dict[str, Any]]:
    """One of ours as one or more of theirs: each tool result is a message of its own."""
    found = [
        _result_out(part, f"{at}.parts[{i}]", lost)
        for i, part in enumerate(message.parts)
        if isinstance(part, ToolResultPart)
    ]
    if len(found) < len(message.parts) or not found:
        role = "user" if message.role == "tool" else message.role
        said = _message_out(role, message.parts, message.name, at, lost)
        found += [said] if len(said) > 1 or not message.parts else []
    return found


def call_out(part: ToolCallPart) -> dict[str, Any]:
    """A whole tool call."""
    call: dict[str, Any] = {
        "id": part.id,
        "type": "function",
        "function": {"name": part.name, "arguments": part.arguments},
    }
    if part.signature is not None:
        call["extra_content"] = {"google": {"thought_signature": part.signature}}
    return call


def blocks_out(parts: Iterable[ThinkingPart]) -> list[dict[str, Any]]:
    """Thinking with its proof."""
    return [
        {"type": "redacted_thinking", "data": p.redacted}
        if p.redacted is not None
        else {"type": "thinking", "thinking": p.text, "signature": p.signature}
        for p in parts
        if p.redacted is not None or p.signature is not None
    ]


def _content(content: str | list[PartIn] | None) -> list[Part]:
    if isinstance(content, str):
        return [TextPart(content)]
    return [_part_in(part) for part in content or ()]


def _part_in(part: PartIn) -> Part:
    cache: CacheTtl | None = None
    if part.cache_control is not None:
        cache = "1h" if part.cache_control.ttl == "1h" else "5m"
    if part.type == "image_url" and part.image_url is not None:
        mime, data, url = split_url(part.image_url.url)
        detail = part.image_url.detail
        return MediaPart(kind="image", mime=mime, data=data, url=url, detail=detail, cache=cache)
    if part.type == "input_audio" and part.input_audio is not None:
        mime = f"audio/{part.input_audio.format}"
        return MediaPart(kind="audio", mime=mime, data=part.input_audio.data, cache=cache)
    if part.type == "file" and part.file is not None:
        file = part.file
        mime, data, url = split_url(file.file_data or "")
        return MediaPart(
            kind="file",
            mime=mime,
            data=data,
            url=url or None,
            file_id=file.file_id,
            name=file.filename,
            cache=cache,
        )
    if part.type == "refusal":
        return RefusalPart(part.refusal)
    return TextPart(part.text, cache)


def _message_out(
    role: str, parts: Sequence[Part], name: str | None, at: str, lost: Lost
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": role}
    content: list[Any] = []
    for i, part in enumerate(parts):
        where = f"{at}.parts[{i}]"
        if isinstance(part, (TextPart, MediaPart, OpaquePart)):
            said = _said_out(part, where, lost)
            content += [said] if said is not None else []
        elif isinstance(part, ThinkingPart):
            lost(f"{where}: thinking")
        elif isinstance(part, ToolCallPart):
            if part.signature is not None:
                lost(f"{where}.signature")
            _no_cache(part.cache, where, lost)
    if content:
        message["content"] = _least(content)
    refusals = [p.text for p in parts if isinstance(p, RefusalPart)]
    if refusals:
        message["refusal"] = "".join(refusals)
    calls = [
        call_out(structs.replace(p, signature=None)) for p in parts if isinstance(p, ToolCallPart)
    ]
    if calls:
        message["tool_calls"] = calls
    if len(message) == 1:  # nothing is left to say
        return message
    message.setdefault("content", None)
    if name is not None:
        message["name"] = name
    return message


def _least(content: list[Any]) -> str | list[Any] | None:
    """A lone text is a string, which every server understands."""
    if not content:
        return None
    if len(content) == 1 and isinstance(content[0], dict) and "text" in content[0]:
        return str(content[0]["text"])  # pyright: ignore[reportUnknownArgumentType]
    return content


def _result_out(part: ToolResultPart, at: str, lost: Lost) -> dict[str, Any]:
    if part.is_error:
        lost(f"{at}.is_error")
    _no_cache(part.cache, at, lost)
    content: list[Any] = []
    for i, inner in enumerate(part.parts):
        where = f"{at}.parts[{i}]"
        if isinstance(inner, TextPart):
            content.append({"type": "text", "text": inner.text})
            _no_cache(inner.cache, where, lost)
        else:
            lost(f"{where}: {inner.kind if isinstance(inner, MediaPart) else inner.dialect}")
    message = {"role": "tool", "tool_call_id": part.call_id, "content": _least(content) or ""}
    if part.name is not None:
        message["name"] = part.name
    return message


def _said_out(part: TextPart | MediaPart | OpaquePart, at: str, lost: Lost) -> Any:
    if isinstance(part, OpaquePart):
        if part.dialect == "openai_chat":
            return part.raw
        lost(f"{at}: {part.dialect}")
        return None
    _no_cache(part.cache, at, lost)
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    media = _media_out(part)
    if media is None:
        lost(f"{at}: {part.kind}")
        return None
    if part.kind != "file" and part.name is not None:
        lost(f"{at}.name")
    if part.data is None and part.mime is not None:
        lost(f"{at}.mime")
    return media


def _media_out(part: MediaPart) -> dict[str, Any] | None:
    """None when chat has no place for it."""
    if part.kind == "image" and part.file_id is None:
        image: dict[str, Any] = {"url": data_url(part, "image/png")}
        if part.detail is not None:
            image["detail"] = part.detail
        return {"type": "image_url", "image_url": image}
    if part.kind == "audio" and part.data is not None:
        form = (part.mime or "audio/wav").partition("/")[2].removeprefix("x-")
        form = "mp3" if form == "mpeg" else form
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": form}}
    if part.kind == "file" and part.url is None:
        file: dict[str, Any] = {"filename": part.name} if part.name is not None else {}
        if part.file_id is not None:
            file["file_id"] = part.file_id
        else:
            file["file_data"] = data_url(part, "application/pdf")
        return {"type": "file", "file": file}
    return None


def _no_cache(cache: CacheTtl | None, at: str, lost: Lost) -> None:
    if cache is not None:
        lost(f"{at}.cache")
