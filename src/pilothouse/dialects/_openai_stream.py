"""OpenAI's streamed chat answers, to our events and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    Usage,
    Used,
    WholePart,
)
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import Part, TextPart, ThinkingPart, ToolCallPart
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._openai_answer import TO_WIRE, UsageIn, usage_in, usage_out
from pilothouse.dialects._openai_content import (
    FunctionCall,
    ThinkingBlock,
    ToolCall,
    blocks_out,
    call_out,
)
from pilothouse.dialects._openai_error import in_band, read_error, write_error
from pilothouse.dialects._openai_like_before import LikeBefore
from pilothouse.dialects._raw import ABSENT, present
from pilothouse.dialects._sse import event_data, sse


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[ThinkingBlock] | None = None


class _ChunkChoice(Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None
    index: int = 0
    logprobs: Raw = ABSENT


class _Groq(Struct):
    usage: UsageIn | None = None


class _ChunkIn(Struct):
    choices: list[_ChunkChoice] = []
    usage: UsageIn | None = None
    error: Raw = ABSENT
    id: str | None = None
    model: str | None = None
    x_groq: _Groq | None = None


_chunk_in = msgspec.json.Decoder(_ChunkIn)
_encode = msgspec.json.Encoder().encode
_DONE = b"data: [DONE]\n\n"
_NO_EVENTS: tuple[Event, ...] = ()


class ChatReader:
    """Reads one stream."""

    __slots__ = ("_has_begun", "_is_done", "_like")

    def __init__(self) -> None:
        self._has_begun = False
        self._is_done = False
        self._like = LikeBefore()

    def read(self, event: bytes) -> Sequence[Event]:
        """See `StreamReader`."""
        alike = self._like.read(event)
        if alike is not None and not self._is_done:
            return (alike,)
        data = event_data(event)
        if data is None or self._is_done:
            return _NO_EVENTS
        if data == b"[DONE]":
            self._is_done = True
            return (End(),)
        try:
            given = _chunk_in.decode(data)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"a chunk that is not one: {error}") from None
        if present(given.error):
            raise in_band(*read_error(data))
        if self._has_begun and len(given.choices) == 1 and given.usage is None:
            only = given.choices[0]
            delta = only.delta
            # Most chunks are this.
            if delta is not None and delta.content and _is_text_alone(delta, only):
                told = TextDelta(delta.content, only.index, present(only.logprobs))
                self._like.learn(event, told)
                return (told,)
        return self._all(given)

    def _all(self, given: _ChunkIn) -> Sequence[Event]:
        found: list[Event] = []
        if not self._has_begun:
            self._has_begun = True
            found.append(Begin(given.id, given.model))
        for choice in given.choices:
            if choice.delta is not None:
                _delta_events(choice.delta, choice, found)
            if choice.finish_reason is not None:
                found.append(Finish(choice.finish_reason, choice.index))
        usage = given.usage or (given.x_groq.usage if given.x_groq else None)
        if usage is not None:
            found.append(Used(usage_in(usage)))
        return found


class ChatWriter:
    """Writes one stream."""

    def __init__(self, *, model: str, id: str, created_s: int, wants_usage: bool) -> None:
        head = {
            "id": f"chatcmpl-{id}",
            "object": "chat.completion.chunk",
            "created": created_s,
            "model": model,
        }
        self._head = _encode(head)[:-1] + b',"choices":['
        self._usage: Usage | None = None
        self._wants_usage = wants_usage
        self._tail = b'],"usage":null}' if wants_usage else b"]}"
        self._begun: set[int] = set()

    def write(self, event: Event) -> bytes:
        """See `StreamWriter`."""
        match event:
            case TextDelta(text=text, choice=choice, logprobs=logprobs):
                return self._delta(choice, b'{"content":%b}' % _encode(text), logprobs)
            case ToolDelta(index=index, arguments=text, choice=choice):
                call = {"index": index, "function": {"arguments": text}}
                return self._delta(choice, _encode({"tool_calls": [call]}))
            case ToolBegin():
                return self._delta(event.choice, _encode({"tool_calls": [_begin_out(event)]}))
            case ThinkingDelta():
                return self._delta(event.choice, _encode(_thinking_delta(event)))
            case RefusalDelta(text=text, choice=choice):
                return self._delta(choice, _encode({"refusal": text}))
            case WholePart(part=part, choice=choice):
                delta = _whole_delta(part)
                return self._delta(choice, _encode(delta)) if delta else b""
            case Finish(reason=reason, choice=choice):
                return self._delta(choice, b"{}", finish=TO_WIRE.get(reason, reason))
            case Used(usage=usage):
                self._usage = usage
                return b""
            case End():
                return self._last()
            case Begin():
                return b""

    def fail(self, status: int, message: str, *, code: str | None = None) -> bytes:
        """See `StreamWriter`."""
        return sse(write_error(status, message, code=code))

    def _delta(
        self, choice: int, delta: bytes, logprobs: Raw | None = None, finish: str | None = None
    ) -> bytes:
        first = b""
        if choice not in self._begun:
            self._begun.add(choice)
            first = self._chunk(choice, b'{"role":"assistant","content":""}', b"null", b"null")
        logs = b"null" if logprobs is None else bytes(logprobs)
        return first + self._chunk(
            choice, delta, logs, b"null" if finish is None else _encode(finish)
        )

    def _chunk(self, choice: int, delta: bytes, logprobs: bytes, finish: bytes) -> bytes:
        return b'data: %b{"index":%d,"delta":%b,"logprobs":%b,"finish_reason":%b}%b\n\n' % (
            self._head,
            choice,
            delta,
            logprobs,
            finish,
            self._tail,
        )

    def _last(self) -> bytes:
        if not self._wants_usage or self._usage is None:
            return _DONE
        return sse(self._head + b'],"usage":%b}' % _encode(usage_out(self._usage))) + _DONE


def _is_text_alone(delta: _Delta, choice: _ChunkChoice) -> bool:
    return (
        choice.finish_reason is None
        and delta.tool_calls is None
        and delta.reasoning_content is None
        and delta.refusal is None
    )


def _delta_events(delta: _Delta, choice: _ChunkChoice, found: list[Event]) -> None:
    index = choice.index
    thought = delta.reasoning_content or delta.reasoning
    if thought:
        found.append(ThinkingDelta(thought, index))
    for block in delta.thinking_blocks or ():
        if block.data is not None:
            found.append(WholePart(ThinkingPart(redacted=block.data), index))
        elif block.signature is not None:
            found.append(ThinkingDelta("", index, block.signature))
    if delta.content:
        found.append(TextDelta(delta.content, index, present(choice.logprobs)))
    if delta.refusal:
        found.append(RefusalDelta(delta.refusal, index))
    for call in delta.tool_calls or ():
        function = call.function or FunctionCall()
        if call.id or function.name:
            found.append(ToolBegin(call.index, call.id or "", function.name, index, call.signature))
        if function.arguments:
            found.append(ToolDelta(call.index, function.arguments, index))


def _begin_out(event: ToolBegin) -> dict[str, Any]:
    part = ToolCallPart(id=event.id, name=event.name, arguments="", signature=event.signature)
    return {"index": event.index, **call_out(part)}


def _thinking_delta(event: ThinkingDelta) -> dict[str, Any]:
    delta: dict[str, Any] = {}
    if event.text:
        delta["reasoning_content"] = event.text
    if event.signature is not None:
        delta["thinking_blocks"] = [
            {"type": "thinking", "thinking": "", "signature": event.signature}
        ]
    return delta


def _whole_delta(part: Part) -> dict[str, Any] | None:
    if isinstance(part, ThinkingPart) and part.redacted is not None:
        return {"thinking_blocks": blocks_out([part])}
    if isinstance(part, TextPart):
        return {"content": part.text}
    return None
