"""Bedrock's streamed answers, to our events and back.

On the wire these are binary frames; `wire.event_stream` makes each a server-sent event named by its type,
and that is what is read and written here: `event: contentBlockDelta`, then `data: {...}`. The last of a
stream is `metadata`, with usage; an exception is an event too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.answer import (
    Begin,
    End,
    Event,
    Finish,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Usage,
    Used,
    WholePart,
)
from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.core.request import MediaPart, Part, ThinkingPart
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._bedrock_answer import (
    CLASSES,
    MoreFields,
    UsageIn,
    exception_of,
    part_out,
    read_error,
    reason_in,
    reason_out,
    usage_in,
    usage_out,
    write_error,
)
from pilothouse.dialects._bedrock_content import Source
from pilothouse.dialects._sse import event_data, sse


class _ToolInput(Struct):
    input: str = ""


class _Reasoning(Struct, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _ImagePiece(Struct):
    source: Source | None = None


class _Delta(Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolInput | None = None
    reasoning_content: _Reasoning | None = None
    image: _ImagePiece | None = None


class _ToolStart(Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    type: str | None = None


class _ImageStart(Struct):
    format: str = "png"


class _Start(Struct, rename="camel"):
    tool_use: _ToolStart | None = None
    image: _ImageStart | None = None


class _EventIn(Struct, rename="camel"):
    """The fields of all events: no two share a name with another meaning."""

    content_block_index: int = 0
    delta: _Delta | None = None
    start: _Start | None = None
    stop_reason: str | None = None
    additional_model_response_fields: MoreFields | None = None
    usage: UsageIn | None = None


_event_in = msgspec.json.Decoder(_EventIn)
_encode = msgspec.json.Encoder().encode
_NO_EVENTS: tuple[Event, ...] = ()


class ConverseReader:
    """Reads one stream."""

    __slots__ = ("_images", "_tools")

    def __init__(self) -> None:
        self._tools: dict[int, int] = {}
        self._images: dict[int, tuple[str, list[str]]] = {}

    def read(self, event: bytes) -> Sequence[Event]:
        """See `StreamReader`; an event is one that `AwsEvents` made."""
        name, data = _named(event)
        if data is None:
            return _NO_EVENTS
        if name.endswith(b"xception") or name == b"error":
            raise _in_band(name.decode(errors="replace"), data)
        try:
            given = _event_in.decode(data)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"an event that is none: {error}") from None
        if name == b"contentBlockDelta" and given.delta is not None:
            text = given.delta.text
            return (
                (TextDelta(text),) if text else self._delta(given.content_block_index, given.delta)
            )
        return self._rest(name, given)

    def _rest(self, name: bytes, given: _EventIn) -> Sequence[Event]:
        match name:
            case b"contentBlockStart" if given.start is not None:
                return self._start(given.content_block_index, given.start)
            case b"contentBlockStop":
                return self._stop(given.content_block_index)
            case b"messageStart":
                return (Begin(),)
            case b"messageStop":
                more = given.additional_model_response_fields
                reason = reason_in(given.stop_reason or "end_turn")
                return (Finish(reason, 0, more.stop_sequence if more else None),)
            case b"metadata":
                return (End(),) if given.usage is None else (Used(usage_in(given.usage)), End())
            case _:
                return _NO_EVENTS

    def _start(self, block: int, start: _Start) -> Sequence[Event]:
        if start.image is not None:
            self._images[block] = (f"image/{start.image.format}", [])
        tool = start.tool_use
        if (
            tool is None or tool.type is not None
        ):  # a tool that Bedrock runs is none of the caller's
            return _NO_EVENTS
        index = self._tools[block] = len(self._tools)
        return (ToolBegin(index, tool.tool_use_id, tool.name),)

    def _delta(self, block: int, delta: _Delta) -> Sequence[Event]:
        if delta.tool_use is not None:
            index = self._tools.get(block)
            if index is None or not delta.tool_use.input:
                return _NO_EVENTS
            return (ToolDelta(index, delta.tool_use.input),)
        thought = delta.reasoning_content
        if thought is not None:
            if thought.redacted_content is not None:
                return (WholePart(ThinkingPart(redacted=thought.redacted_content)),)
            if thought.text or thought.signature is not None:
                return (ThinkingDelta(thought.text or "", 0, thought.signature),)
        image = delta.image
        if image is not None and image.source is not None and block in self._images:
            self._images[block][1].append(image.source.bytes or "")
        return _NO_EVENTS

    def _stop(self, block: int) -> Sequence[Event]:
        mime, pieces = self._images.pop(block, ("", ()))
        if not pieces:
            return _NO_EVENTS
        return (WholePart(MediaPart(kind="image", mime=mime, data="".join(pieces))),)


class ConverseWriter:
    """Writes one stream. Converse has one candidate: what belongs to others is not said."""

    def __init__(self) -> None:
        self._next = 0
        self._open: tuple[str, int] | None = None
        self._tools: dict[int, int] = {}
        self._usage: Usage | None = None

    def write(self, event: Event) -> bytes:
        """See `StreamWriter`."""
        match event:
            case Begin():
                return _event("messageStart", {"role": "assistant"})
            case Used(usage=usage):
                self._usage = usage
                return b""
            case End():
                return self._last()
            case _ if event.choice != 0:
                return b""
            case TextDelta(text=text) | RefusalDelta(text=text):
                return self._said("text", {"text": text})
            case ThinkingDelta():
                return self._thinking(event)
            case ToolBegin():
                return self._tool(event)
            case ToolDelta(index=index, arguments=text):
                return _delta(self._tools[index], {"toolUse": {"input": text}})
            case WholePart(part=part):
                return self._whole(part)
            case Finish():
                return self._finish(event)

    def fail(self, status: int, message: str, *, code: str | None = None) -> bytes:
        """See `StreamWriter`."""
        return error_event(status, message)

    def _said(self, kind: str, delta: dict[str, Any]) -> bytes:
        before = b""
        if self._open is None or self._open[0] != kind:
            before = self._close()
            self._open = (kind, self._take())
        return before + _delta(self._open[1], delta)

    def _thinking(self, event: ThinkingDelta) -> bytes:
        sent = b""
        if event.text:
            sent = self._said("thinking", {"reasoningContent": {"text": event.text}})
        if event.signature is not None:
            sent += self._said("thinking", {"reasoningContent": {"signature": event.signature}})
            sent += self._close()
        return sent

    def _tool(self, event: ToolBegin) -> bytes:
        before = self._close()
        block = self._tools[event.index] = self._take()
        start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
        told = {"contentBlockIndex": block, "start": start}
        return before + _event("contentBlockStart", told)

    def _whole(self, part: Part) -> bytes:
        if isinstance(part, ThinkingPart) and part.redacted is not None:
            delta = {"reasoningContent": {"redactedContent": part.redacted}}
            return self._close() + self._said("redacted", delta) + self._close()
        said = part_out(part)
        text = said.get("text") if said is not None else None
        return b"" if text is None else self._said("text", {"text": text})

    def _finish(self, event: Finish) -> bytes:
        closed = self._close() + b"".join([_stop(block) for block in self._tools.values()])
        told: dict[str, Any] = {"stopReason": reason_out(event.reason)}
        if event.stop_sequence is not None:
            told["additionalModelResponseFields"] = {"stop_sequence": event.stop_sequence}
        return closed + _event("messageStop", told)

    def _last(self) -> bytes:
        told: dict[str, Any] = {"metrics": {"latencyMs": 0}}
        if self._usage is not None:
            told["usage"] = usage_out(self._usage)
        return _event("metadata", told)

    def _take(self) -> int:
        self._next += 1
        return self._next - 1

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        block = self._open[1]
        self._open = None
        return _stop(block)


def error_event(status: int, message: str) -> bytes:
    """An exception in the middle of a stream."""
    return sse(write_error(status, message), exception_of(status))


def _named(event: bytes) -> tuple[bytes, bytes | None]:
    head, _, data = event.partition(b"\ndata: ")
    if data and head.startswith(b"event: "):
        return head[7:], data[:-2]  # as `AwsEvents` writes it
    name = next(
        (line[6:].strip() for line in event.splitlines() if line.startswith(b"event:")), b""
    )
    return name, event_data(event)


def _in_band(name: str, data: bytes) -> ProviderError:
    unknown: tuple[ErrorClass, int] = ("provider_down", 500)
    kind, status = CLASSES.get(name, unknown)
    message, _ = read_error(data)
    return ProviderError(
        kind, f"an error in the stream: {name}: {message or 'no message'}", http_status=status
    )


def _event(name: str, told: dict[str, Any]) -> bytes:
    return sse(_encode(told), name)


def _delta(block: int, delta: dict[str, Any]) -> bytes:
    return _event("contentBlockDelta", {"contentBlockIndex": block, "delta": delta})


def _stop(block: int) -> bytes:
    return _event("contentBlockStop", {"contentBlockIndex": block})
