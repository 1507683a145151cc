"""A stream of Anthropic's, read: blocks of content become our events.

Ignored, because no noun holds them and nothing of the answer is in them: pings, citations, comments and
every event or delta of a kind that is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

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
    Used,
    WholePart,
)
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import OpaquePart
from pilothouse.dialects._anthropic_answer import StopDetails, read_reason
from pilothouse.dialects._anthropic_blocks import NAME, read_loose
from pilothouse.dialects._anthropic_errors import ErrorWire, error_in_stream
from pilothouse.dialects._anthropic_parts import tool_input
from pilothouse.dialects._anthropic_usage import UsageWire
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._sse import event_data


class _Text(Struct, tag="text_delta"):
    text: str


class _Json(Struct, tag="input_json_delta"):
    partial_json: str


class _Thought(Struct, tag="thinking_delta"):
    thinking: str


class _Signature(Struct, tag="signature_delta"):
    signature: str


class _Delta(Struct, tag="content_block_delta"):
    index: int
    delta: _Text | _Json | _Thought | _Signature


class _Start(Struct, tag="content_block_start"):
    index: int
    content_block: Raw


class _Stop(Struct, tag="content_block_stop"):
    index: int


class _Head(Struct):
    id: str | None = None
    model: str | None = None
    usage: UsageWire | None = None


class _MessageStart(Struct, tag="message_start"):
    message: _Head


class _End(Struct):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class _MessageDelta(Struct, tag="message_delta"):
    delta: _End
    usage: UsageWire | None = None


class _MessageStop(Struct, tag="message_stop"):
    pass


class _Ping(Struct, tag="ping"):
    pass


class _Error(Struct, tag="error"):
    error: ErrorWire | str


_Any = _Delta | _Start | _Stop | _MessageStart | _MessageDelta | _MessageStop | _Ping | _Error


class _Kind(Struct):
    type: str


class _InnerKind(Struct):
    delta: _Kind


class _StartKind(Struct):
    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    input: Raw = Raw(b"{}")


class _Tool(Struct):
    """A tool call being read: its number, what it started with, and whether more came."""

    number: int
    start: Raw
    has_more: bool = False


class _Opaque(Struct):
    """A block of a kind without a noun, put together until it stops."""

    raw: Raw
    more: str = ""


_any = msgspec.json.Decoder(_Any)
_kind = msgspec.json.Decoder(_Kind)
_inner = msgspec.json.Decoder(_InnerKind)
_start = msgspec.json.Decoder(_StartKind)
_fields = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode
_EVENTS = frozenset(
    {"content_block_start", "content_block_stop", "message_start", "message_delta", "error"}
)
_DELTAS = frozenset({"text_delta", "input_json_delta", "thinking_delta", "signature_delta"})
_HEAD = b"event: content_block_delta\ndata: "


class Reader:
    """One stream; remembers which block is which tool call, and the usage so far."""

    def __init__(self) -> None:
        self._tools: dict[int, _Tool] = {}
        self._opaque: dict[int, _Opaque] = {}
        self._usage = UsageWire()

    def read(self, event: bytes) -> Sequence[Event]:
        """One event. Raises `ProviderError`: garbage, or what an in-band error says."""
        if event.startswith(_HEAD) and event.count(b"\n") == 3:
            data = event[len(_HEAD) : -2]
        else:
            found = event_data(event)
            if not found:
                return ()
            data = found
        try:
            given = _any.decode(data)
        except NOT_JSON as error:
            if _is_unknown(data):
                return ()
            raise ProviderError("garbage", f"an event that is not one: {error}") from None
        if type(given) is _Delta:
            return self._delta(given)
        return self._other(given)

    def _delta(self, given: _Delta) -> Sequence[Event]:
        delta = given.delta
        if type(delta) is _Text:
            return (TextDelta(delta.text),)
        if type(delta) is _Json:
            return self._arguments(given.index, delta.partial_json)
        if type(delta) is _Thought:
            return (ThinkingDelta(delta.thinking),)
        if type(delta) is _Signature:
            return (ThinkingDelta(signature=delta.signature),)
        return ()

    def _arguments(self, index: int, more: str) -> Sequence[Event]:
        tool = self._tools.get(index)
        if tool is not None:
            if not more:
                return ()
            tool.has_more = True
            return (ToolDelta(tool.number, more),)
        opaque = self._opaque.get(index)
        if opaque is not None:
            opaque.more += more
        return ()

    def _other(self, given: _Any) -> Sequence[Event]:
        match given:
            case _Start():
                return self._begin(given.index, given.content_block)
            case _Stop():
                return self._stop(given.index)
            case _MessageStart(head):
                usage = [self._used(head.usage)] if head.usage else []
                return (Begin(head.id, head.model), *usage)
            case _MessageDelta():
                return self._finish(given)
            case _MessageStop():
                return (End(),)
            case _Error(error):
                raise error_in_stream(error)
            case _:
                return ()

    def _begin(self, index: int, raw: Raw) -> Sequence[Event]:
        try:
            block = _start.decode(raw)
            if block.type == "text":
                return (TextDelta(block.text),) if block.text else ()
            if block.type == "thinking":
                signature = block.signature or None
                if not block.thinking and not signature:
                    return ()
                return (ThinkingDelta(block.thinking, signature=signature),)
            if block.type == "tool_use":
                tool = self._tools[index] = _Tool(len(self._tools), block.input.copy())
                return (ToolBegin(tool.number, block.id, block.name),)
            part = read_loose(raw, "content_block")
        except (*NOT_JSON, BadRequest) as error:
            raise ProviderError("garbage", f"a block that is not one: {error}") from None
        if isinstance(part, OpaquePart):
            self._opaque[index] = _Opaque(part.raw)
            return ()
        return (WholePart(part),)

    def _stop(self, index: int) -> Sequence[Event]:
        tool = self._tools.get(index)
        if tool is not None and not tool.has_more:  # no argument: still a JSON object for callers
            tool.has_more = True
            return (ToolDelta(tool.number, bytes(tool.start).decode()),)
        opaque = self._opaque.pop(index, None)
        if opaque is None:
            return ()
        raw, given = opaque.raw, tool_input(opaque.more)
        if opaque.more and given is not None:
            raw = Raw(_encode({**_fields.decode(raw), "input": given}))
        return (WholePart(OpaquePart(raw=raw, dialect=NAME)),)

    def _finish(self, given: _MessageDelta) -> Sequence[Event]:
        found: list[Event] = []
        end = given.delta
        if end.stop_details is not None and end.stop_details.explanation:
            found.append(RefusalDelta(end.stop_details.explanation))
        reason = read_reason(end.stop_reason)
        if reason is not None:
            found.append(Finish(reason, stop_sequence=end.stop_sequence))
        if given.usage is not None:
            found.append(self._used(given.usage))
        return found

    def _used(self, usage: UsageWire) -> Used:
        self._usage = usage.over(self._usage)
        return Used(self._usage.read())


def _is_unknown(data: bytes) -> bool:
    """Whether this is an event, or a delta, of a kind that came after this was written."""
    try:
        kind = _kind.decode(data).type
        if kind == "content_block_delta":
            return _inner.decode(data).delta.type not in _DELTAS
    except NOT_JSON:
        return False
    return kind not in _EVENTS
