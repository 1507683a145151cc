"""Our messages as items of the Responses API's input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Raw

from pilothouse.core.request import (
    CacheTtl,
    MediaPart,
    Message,
    OpaquePart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._data_url import data_url
from pilothouse.dialects._responses_items import NAME

Lost = Callable[[str], None]
"""Told the path of each thing that cannot be said."""

Item = dict[str, Any] | Raw
_AUDIO = {"wav": "wav", "x-wav": "wav", "mp3": "mp3", "mpeg": "mp3"}
_MARKS: dict[CacheTtl, dict[str, str]] = {
    "5m": {"mode": "explicit"},
    "1h": {"mode": "explicit", "ttl": "12h"},
}


class ItemsOut:
    """Writes messages of one request. `names`: the tools that calls were for, by the call's id."""

    def __init__(self, names: Mapping[str, str], lost: Lost, *, has_marks: bool) -> None:
        self._names = names
        self._lost = lost
        self._has_marks = has_marks
        """Cache marks are new in this format; models before them refuse them. So only for those
        that asked in this format."""

    def items(self, message: Message, at: str) -> Iterator[Item]:
        """Content that stands together is one message; calls, results and reasoning stand alone."""
        if message.name is not None:
            self._lost(f"{at}.name")
        role = "user" if message.role == "tool" else message.role
        said: list[dict[str, Any]] = []
        for i, part in enumerate(message.parts):
            where = f"{at}.parts[{i}]"
            if isinstance(part, (TextPart, RefusalPart, MediaPart)):
                content = self._content(part, where, is_answer=role == "assistant")
                if content is not None:
                    said.append(content)
                continue
            item = self._item(part, where)
            if item is not None:
                if said:
                    yield _message(role, said)
                    said = []
                yield item
        if said:
            yield _message(role, said)

    def _item(self, part: Part, at: str) -> Item | None:
        match part:
            case ToolCallPart():
                if part.signature is not None:
                    self._lost(f"{at}.signature")
                self._no_mark(part.cache, at)
                return call_out(part)
            case ToolResultPart():
                return self._result(part, at)
            case ThinkingPart():
                return reasoning_out(part)
            case OpaquePart() if part.dialect == NAME:
                return part.raw
            case _:
                self._lost(f"{at}: opaque")
                return None

    def _result(self, part: ToolResultPart, at: str) -> Item:
        if part.is_error:
            self._lost(f"{at}.is_error")
        if part.name is not None and self._names.get(part.call_id) != part.name:
            self._lost(f"{at}.name")
        self._no_mark(part.cache, at)
        found = [
            self._content(inner, f"{at}.parts[{i}]", is_answer=False, has_audio=False)
            if not isinstance(inner, OpaquePart)
            else self._lost(f"{at}.parts[{i}]: opaque")
            for i, inner in enumerate(part.parts)
        ]
        said = [content for content in found if content is not None]
        output = _least(said) if said else ""
        return {"type": "function_call_output", "call_id": part.call_id, "output": output}

    def _content(
        self,
        part: TextPart | RefusalPart | MediaPart,
        at: str,
        *,
        is_answer: bool,
        has_audio: bool = True,
    ) -> dict[str, Any] | None:
        if isinstance(part, RefusalPart):
            return {"type": "refusal", "refusal": part.text}
        if isinstance(part, TextPart):
            content: dict[str, Any] | None = {
                "type": "output_text" if is_answer else "input_text",
                "text": part.text,
            }
        else:
            content = None if is_answer else self._media(part, at, has_audio=has_audio)
        if content is None:
            self._lost(f"{at}: {'text' if isinstance(part, TextPart) else part.kind}")
        elif is_answer or content["type"] == "input_audio" or not self._has_marks:
            self._no_mark(part.cache, at)
        elif part.cache is not None:
            content["prompt_cache_breakpoint"] = _MARKS[part.cache]
        return content

    def _media(self, part: MediaPart, at: str, *, has_audio: bool) -> dict[str, Any] | None:
        if part.kind == "image":
            return self._image(part, at)
        if part.kind == "file":
            return self._file(part, at)
        form = _AUDIO.get((part.mime or "").partition("/")[2])
        if part.kind != "audio" or part.data is None or form is None or not has_audio:
            return None
        self._unsaid(part, at, "name", "detail")
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": form}}

    def _image(self, part: MediaPart, at: str) -> dict[str, Any]:
        self._unsaid(part, at, "name")
        content: dict[str, Any] = {"type": "input_image"}
        if part.file_id is not None:
            content["file_id"] = part.file_id
        else:
            content["image_url"] = data_url(part, "image/png")
        if part.detail is not None:
            content["detail"] = part.detail
        return content

    def _file(self, part: MediaPart, at: str) -> dict[str, Any]:
        self._unsaid(part, at)
        content: dict[str, Any] = {"type": "input_file"}
        if part.file_id is not None:
            content["file_id"] = part.file_id
        elif part.url is not None:
            content["file_url"] = part.url
        else:
            content["file_data"] = data_url(part, "application/pdf")
        if part.name is not None:
            content["filename"] = part.name
        if part.detail is not None:
            content["detail"] = part.detail
        return content

    def _unsaid(self, part: MediaPart, at: str, *names: str) -> None:
        for name in names:
            if getattr(part, name) is not None:
                self._lost(f"{at}.{name}")
        if part.data is None and part.mime is not None:
            self._lost(f"{at}.mime")

    def _no_mark(self, cache: CacheTtl | None, at: str) -> None:
        if cache is not None:
            self._lost(f"{at}.cache")


def call_out(part: ToolCallPart) -> dict[str, Any]:
    """A tool call as it goes back; answers add an id of the item and its status."""
    return {
        "type": "function_call",
        "call_id": part.id,
        "name": part.name,
        "arguments": part.arguments,
    }


def reasoning_out(part: ThinkingPart) -> dict[str, Any]:
    """Reasoning as it goes back. Shown text, even an empty one, is a summary; redacted has none."""
    has_text = bool(part.text) or (part.signature is not None and part.redacted is None)
    item: dict[str, Any] = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": part.text}] if has_text else [],
    }
    if part.id is not None:
        item["id"] = part.id
    proof = part.signature if part.redacted is None else part.redacted
    if proof is not None:
        item["encrypted_content"] = proof
    return item


def _message(role: str, said: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": _least(said)}


def _least(said: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """A lone text is a string, which every server understands."""
    only = said[0]
    if len(said) == 1 and len(only) == 2 and "text" in only:
        return str(only["text"])
    return said
