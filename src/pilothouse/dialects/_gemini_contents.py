"""Gemini's contents and system instruction, to our messages and back.

Ids of tool calls are optional on this wire and may be missing: then the call's place in the conversation
is its id, so the same history always gives the same ids, and results find their calls by id or, without
one, by name in the order asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
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
from pilothouse.dialects._camel import first_byte
from pilothouse.dialects._gemini_parts import (
    FunctionResponse,
    call_out,
    media_in,
    media_out,
    object_of,
    part_in,
    said_in,
)
from pilothouse.dialects._gemini_signature import SKIP, may_be_googles
from pilothouse.dialects._raw import present

Lost = Callable[[str], None]
"""Told the path of each thing that cannot be said."""


class ContentIn(Struct):
    role: str | None = None
    parts: list[Raw] | None = None


_object = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)
_ROLES: dict[str | None, Role] = {"model": "assistant", "system": "system"}


class ContentsReader:
    """Reads contents in order; remembers which tool calls still wait for their results."""

    def __init__(self) -> None:
        self._calls = 0
        self._waiting: list[ToolCallPart] = []

    def read(self, contents: Sequence[ContentIn]) -> tuple[Message, ...]:
        """A message each, and one for each tool result; a content without parts says nothing."""
        return tuple([message for content in contents for message in self._messages(content)])

    def _messages(self, content: ContentIn) -> list[Message]:
        results: list[Message] = []
        parts: list[Part] = []
        for written in content.parts or ():
            part = part_in(written)
            if part.function_response is not None:
                result = self._result(part.function_response)
                results.append(Message(role="tool", parts=(result,)))
            elif part.is_known:
                parts += self._said(said_in(part, f"call_{self._calls}"))
            else:
                parts.append(OpaquePart(raw=written.copy(), dialect="gemini"))
        if parts:
            results.append(Message(role=_ROLES.get(content.role, "user"), parts=tuple(parts)))
        return results

    def _said(self, parts: list[Part]) -> list[Part]:
        for part in parts:
            if isinstance(part, ToolCallPart):
                self._calls += 1
                self._waiting.append(part)
        return parts

    def _result(self, given: FunctionResponse) -> ToolResultPart:
        asked = self._asked(given)
        is_error, text = _said_by_tool(given.response)
        parts: list[TextPart | MediaPart] = [] if text is None else [TextPart(text)]
        parts += [m for m in map(media_in, given.parts or ()) if m is not None]
        return ToolResultPart(
            call_id=given.id or (asked.id if asked else given.name),
            name=given.name or (asked.name if asked else None),
            parts=tuple(parts),
            is_error=is_error,
        )

    def _asked(self, given: FunctionResponse) -> ToolCallPart | None:
        for call in self._waiting:
            if call.id == given.id or (given.id is None and call.name == given.name):
                self._waiting.remove(call)
                return call
        return None


def system_in(data: Raw) -> Message:
    """A system instruction: a content, or (the SDKs allow it) a bare string."""
    if first_byte(data) == b'"':
        return Message.of_text("system", _text.decode(data))
    content = msgspec.json.decode(data, type=ContentIn)
    parts = [p for written in content.parts or () for p in said_in(part_in(written), "")]
    return Message(role="system", parts=tuple(parts))


class ContentsWriter:
    """Writes messages. Before Gemini 3 a tool's result is text only, and no attachment has a detail."""

    def __init__(self, model: str, lost: Lost) -> None:
        self._lost = lost
        generation = model.partition("gemini-")[2][:1]
        self._is_before_3 = generation in ("1", "2")
        self._wants_signatures = generation.isdigit() and not self._is_before_3
        self._names: dict[str, str] = {}

    def write(self, messages: Sequence[Message]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Contents, and the system instruction: `parts` empty when there is none.

        System messages before all others are the instruction; a later one can only be the user's.
        Tool results in a row are one content: Gemini wants all results of a turn together.
        """
        contents: list[dict[str, Any]] = []
        system: list[dict[str, Any]] = []
        last_role = None
        for i, message in enumerate(messages):
            at = f"messages[{i}]"
            if message.name is not None:
                self._lost(f"{at}.name")
            parts = self._parts(message.parts, at)
            is_system = message.role in ("system", "developer")
            if is_system and not contents:
                system += parts
                continue
            if is_system:
                self._lost(f"{at}.role: {message.role} after the start")
            if message.role == "tool" and last_role == "tool":
                contents[-1]["parts"] += parts
            else:
                role = "model" if message.role == "assistant" else "user"
                contents.append({"role": role, "parts": parts})
            last_role = message.role
        return contents, {"parts": system}

    def _parts(self, parts: Sequence[Part], at: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        wants_signature = self._wants_signatures
        for i, part in enumerate(parts):
            where = f"{at}.parts[{i}]"
            match part:
                case ToolCallPart():
                    call = self._call(part, where)
                    if wants_signature:
                        call.setdefault("thoughtSignature", SKIP)
                        wants_signature = False
                    found.append(call)
                case ToolResultPart():
                    found += self._result(part, where)
                case ThinkingPart():
                    found += self._thinking(part, where)
                case MediaPart():
                    found.append(self._media(part, where))
                case TextPart():
                    self._no_cache(part, where)
                    found.append({"text": part.text})
                case OpaquePart():
                    found += self._opaque(part, where)
                case RefusalPart():
                    self._lost(f"{where}: refusal")
                    found.append({"text": part.text})
        return found

    def _call(self, part: ToolCallPart, at: str) -> dict[str, Any]:
        self._no_cache(part, at)
        self._names[part.id] = part.name
        call = call_out(part)
        if call is None:
            self._lost(f"{at}.arguments: not a JSON object")
            call = call_out(structs.replace(part, arguments="")) or {}
        self._sign(call, part.signature, at)
        return call

    def _thinking(self, part: ThinkingPart, at: str) -> list[dict[str, Any]]:
        if part.id is not None:
            self._lost(f"{at}.id")
        if part.redacted is not None:
            self._lost(f"{at}: redacted thinking")
            return []
        said: dict[str, Any] = {"text": part.text}
        if part.text:
            said["thought"] = True
        self._sign(said, part.signature, at)
        return [said] if len(said) > 1 else []

    def _opaque(self, part: OpaquePart, at: str) -> list[Any]:
        if part.dialect == "gemini":
            return [part.raw]
        self._lost(f"{at}: a part of {part.dialect}")
        return []

    def _sign(self, said: dict[str, Any], signature: str | None, at: str) -> None:
        if signature is None:
            return
        if may_be_googles(signature):
            said["thoughtSignature"] = signature
        else:
            self._lost(f"{at}.signature: another vendor's")

    def _media(self, part: MediaPart, at: str) -> dict[str, Any]:
        self._no_cache(part, at)
        if part.name is not None:
            self._lost(f"{at}.name")
        said = media_out(part)
        if part.detail == "auto" or (part.detail is not None and self._is_before_3):
            self._lost(f"{at}.detail")
        elif part.detail is not None:
            said["mediaResolution"] = {"level": f"MEDIA_RESOLUTION_{part.detail.upper()}"}
        return said

    def _result(self, part: ToolResultPart, at: str) -> list[dict[str, Any]]:
        self._no_cache(part, at)
        texts: list[str] = []
        media: list[dict[str, Any]] = []
        for i, inner in enumerate(part.parts):
            where = f"{at}.parts[{i}]"
            if isinstance(inner, MediaPart):
                media.append(self._media(inner, where))
                continue
            if isinstance(inner, OpaquePart):
                self._lost(f"{where}: opaque")
                continue
            self._no_cache(inner, where)
            texts.append(inner.text)
            if media:
                self._lost(f"{where}: its place after an attachment")
        name = part.name or self._names.get(part.call_id) or part.call_id
        response: dict[str, Any] = {
            "id": part.call_id,
            "name": name,
            "response": _response(texts, is_error=part.is_error),
        }
        if not media:
            return [{"functionResponse": response}]
        if self._is_before_3:
            self._lost(f"{at}: its attachments stand beside it")
            return [{"functionResponse": response}, *media]
        response["parts"] = media
        return [{"functionResponse": response}]

    def _no_cache(
        self, part: TextPart | MediaPart | ToolCallPart | ToolResultPart, at: str
    ) -> None:
        if part.cache is not None:
            self._lost(f"{at}.cache")


def _said_by_tool(response: Raw) -> tuple[bool, str | None]:
    """Whether a function's response is an error, and what it says.

    `output` and `error` are Google's names for what a function says; anything else is said as JSON.
    """
    given = present(response)
    fields = {} if given is None else _object.decode(given)
    if not fields:
        return False, None
    if len(fields) == 1:
        [(name, value)] = fields.items()
        if name in ("output", "error"):
            is_text = first_byte(value) == b'"'
            return name == "error", _text.decode(value) if is_text else bytes(value).decode()
    return False, bytes(response).decode()


def _response(texts: list[str], *, is_error: bool) -> dict[str, Any] | Raw:
    """The inverse. An object stays one, so that the model sees its fields."""
    if not texts and not is_error:
        return {}
    text = "".join(texts)
    if is_error:
        return {"error": text}
    given = object_of(text) if text.startswith("{") and text.endswith("}") else None
    if given is None or _said_by_tool(given) != (False, text):
        return {"output": text}
    return given
