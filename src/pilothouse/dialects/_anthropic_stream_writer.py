"""A stream written as Anthropic's: one block of content at a time, opened and closed as kinds change.

Blocks are sequential there, while parallel tool calls may come side by side here. The call that is open
is written as it comes; what arrives beside it waits until its arguments are a whole JSON object (nothing
more of them can follow) or the candidate is finished. Only the first candidate is written.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

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
from pilothouse.core.request import Part, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from pilothouse.dialects._anthropic_answer import answer_block, message_body, write_reason
from pilothouse.dialects._anthropic_blocks import BlockOut
from pilothouse.dialects._anthropic_errors import error_event
from pilothouse.dialects._anthropic_parts import tool_id, tool_input
from pilothouse.dialects._anthropic_usage import UsageWire, write_usage
from pilothouse.dialects._sse import sse

_encode = msgspec.json.Encoder().encode
_NOTHING = UsageWire(input_tokens=0, output_tokens=0)
_STOP = sse(b'{"type":"message_stop"}', "message_stop")
_Kind = Literal["text", "thinking", "tool"]


class _Call(Struct):
    """A tool call: what came of it, and whether its block is written out."""

    begin: ToolBegin
    arguments: list[str]
    is_closed: bool = False


class Writer:
    """One stream; remembers the open block, what waits behind it, and how the answer ended."""

    def __init__(self, model: str, id: str) -> None:
        self._model = model
        self._id = id
        self._has_begun = False
        self._usage = _NOTHING
        self._finish: Finish | None = None
        self._calls: dict[int, _Call] = {}
        self._kind: _Kind | None = None
        self._call: _Call | None = None
        self._index = -1
        self._delta = b""
        self._waiting: deque[Event] = deque()

    def write(self, event: Event) -> bytes:
        """Events for one of ours; `message_start` waits for the first that says something."""
        if type(event) is TextDelta and self._kind == "text" and not event.choice:
            return self._more(event.text)
        match event:
            case Begin():
                return b""
            case Used(usage):
                self._usage = write_usage(usage)
                return b""
            case Finish():
                if event.choice:
                    return b""
                self._finish = event
                return self._start() + self._said(is_over=True) + self._close()
            case End():
                return self._start() + self._said(is_over=True) + self._close() + self._end()
            case _:
                return b"" if event.choice else self._start() + self._content(event)

    def fail(self, status: int, message: str, *, code: str | None = None) -> bytes:
        """The error that ends the stream."""
        return error_event(status, message, code=code)

    def _start(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        message = message_body(f"msg_{self._id}", self._model, (), self._usage)
        if message["usage"].output_tokens is None:
            message["usage"] = msgspec.structs.replace(self._usage, output_tokens=0)
        return sse(_encode({"type": "message_start", "message": message}), "message_start")

    def _content(self, event: Event) -> bytes:
        """An event with something of the answer; it waits where the open call is not whole."""
        if isinstance(event, ToolDelta):
            return self._arguments(event)
        if isinstance(event, ToolBegin):
            self._calls[event.index] = _Call(event, [])
        self._waiting.append(event)
        return self._said()

    def _arguments(self, event: ToolDelta) -> bytes:
        call = self._calls.get(event.index)
        if call is None or call.is_closed:
            return b""
        call.arguments.append(event.arguments)
        if call is self._call:
            return self._more(event.arguments)
        return self._said()  # it waits behind another, which may be whole by now

    def _said(self, *, is_over: bool = False) -> bytes:
        """What waited, in the order it came, up to a call of which more may come."""
        said: list[bytes] = []
        while self._waiting and (is_over or not self._is_blocked()):
            said.append(self._now(self._waiting.popleft()))
        return b"".join(said)

    def _is_blocked(self) -> bool:
        """Whether the open block is a call whose arguments are not a whole object yet."""
        if self._call is None:
            return False
        pieces = self._call.arguments
        if not pieces or not pieces[-1].rstrip().endswith("}"):  # spares most of the parsing
            return True
        return tool_input("".join(pieces)) is None

    def _now(self, event: Event) -> bytes:
        match event:
            case TextDelta(text) | RefusalDelta(text):
                return self._text(text)
            case ThinkingDelta():
                return self._thinking(event.text, event.signature)
            case ToolBegin(index):
                return self._tool(self._calls[index])
            case WholePart(part):
                return self._whole(part)
            case _:
                return b""

    def _text(self, text: str) -> bytes:
        if not text:
            return b""
        opened = b"" if self._kind == "text" else self._open("text", {"type": "text", "text": ""})
        return opened + self._more(text)

    def _thinking(self, text: str, signature: str | None) -> bytes:
        opened = b""
        if self._kind != "thinking":
            opened = self._open("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        said = opened + (self._more(text) if text else b"")
        if signature is None:
            return said
        delta = {"type": "signature_delta", "signature": signature}
        return said + self._event("content_block_delta", delta=delta) + self._close()

    def _tool(self, call: _Call) -> bytes:
        begin = call.begin
        block = {
            "type": "tool_use",
            "id": tool_id(begin.id),
            "name": begin.name,
            "input": Raw(b"{}"),
        }
        opened = self._open("tool", block)
        self._call = call
        return opened + (self._more("".join(call.arguments)) if call.arguments else b"")

    def _whole(self, part: Part) -> bytes:
        match part:
            case TextPart() | RefusalPart():
                return self._text(part.text)
            case ThinkingPart(redacted=None):
                return self._thinking(part.text, part.signature or "")
            case ToolCallPart():
                return self._tool(_Call(ToolBegin(-1, part.id, part.name), [part.arguments]))
            case _:
                block = answer_block(part)
                return b"" if block is None else self._open(None, block) + self._close()

    def _open(self, kind: _Kind | None, block: BlockOut | dict[str, Any]) -> bytes:
        closed = self._close()
        self._index += 1
        self._kind = kind
        delta = {
            "text": b'{"type":"text_delta","text":',
            "thinking": b'{"type":"thinking_delta","thinking":',
            "tool": b'{"type":"input_json_delta","partial_json":',
        }
        self._delta = (
            b"event: content_block_delta\n"
            b'data: {"type":"content_block_delta","index":%d,"delta":%b'
            % (self._index, delta[kind] if kind else b"")
        )
        return closed + self._event("content_block_start", content_block=block)

    def _more(self, text: str) -> bytes:
        return self._delta + _encode(text) + b"}}\n\n"

    def _close(self) -> bytes:
        if self._delta == b"":
            return b""
        if self._call is not None:
            self._call.is_closed = True
        self._kind, self._call, self._delta = None, None, b""
        return self._event("content_block_stop")

    def _event(self, name: str, **fields: Any) -> bytes:
        return sse(_encode({"type": name, "index": self._index, **fields}), name)

    def _end(self) -> bytes:
        """How it ended. A stream without a `Finish` says no reason: it was not whole."""
        finish = self._finish
        delta = {
            "stop_reason": write_reason(finish.reason) if finish else None,
            "stop_sequence": finish.stop_sequence if finish else None,
        }
        usage = self._usage
        last = {"type": "message_delta", "delta": delta, "usage": usage}
        return sse(_encode(last), "message_delta") + _STOP
