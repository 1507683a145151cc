"""Gemini's streamed answers, to our events and back.

A stream has no end mark: it is whole when every candidate has its `finishReason`, so that is where the
reader says `End`. A chunk after that may still tell usage. A function call comes whole.
"""

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
from pilothouse.core.request import Part, ThinkingPart, ToolCallPart
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._gemini_answer import (
    CandidateIn,
    FeedbackIn,
    LogprobsIn,
    UsageIn,
    blocked,
    call_id,
    logprobs_in,
    logprobs_out,
    part_out,
    reason_in,
    reason_out,
    usage_in,
    usage_out,
)
from pilothouse.dialects._gemini_errors import in_band, write_error
from pilothouse.dialects._gemini_parts import FunctionCall, PartIn, media_in
from pilothouse.dialects._gemini_signature import redacted_in, signature_in, signature_out
from pilothouse.dialects._raw import ABSENT, present
from pilothouse.dialects._sse import event_data, sse


class _ChunkIn(Struct, rename="camel"):
    candidates: list[CandidateIn] = []
    usage_metadata: Raw = ABSENT
    """Read where it counts: most chunks repeat it."""
    prompt_feedback: FeedbackIn | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Raw = ABSENT


_chunk_in = msgspec.json.Decoder(_ChunkIn)
_usage_in = msgspec.json.Decoder(UsageIn)
_encode = msgspec.json.Encoder().encode
_NO_EVENTS: tuple[Event, ...] = ()


class GeminiReader:
    """Reads one stream."""

    __slots__ = ("_calls", "_finished", "_has_begun", "_has_ended", "_id", "_seen")

    def __init__(self) -> None:
        self._has_begun = False
        self._has_ended = False
        self._id: str | None = None
        self._seen: set[int] = set()
        self._finished: set[int] = set()
        self._calls: dict[int, int] = {}

    def read(self, event: bytes) -> Sequence[Event]:
        """See `StreamReader`."""
        data = event_data(event)
        if data is None:
            return _NO_EVENTS
        try:
            given = _chunk_in.decode(data)
        except NOT_JSON as error:
            raise ProviderError("garbage", f"a chunk that is not one: {error}") from None
        if self._has_begun and len(given.candidates) == 1:
            only = given.candidates[0]
            content = only.content
            # Most chunks are this.
            if (
                only.finish_reason is None
                and only.logprobs_result is None
                and only.index in self._seen
                and content is not None
                and len(content.parts) == 1
            ):
                part = content.parts[0]
                if part.text and part.thought_signature is None:
                    if part.thought:
                        return (ThinkingDelta(part.text, only.index),)
                    return (TextDelta(part.text, only.index),)
        return self._all(given, data)

    def _all(self, given: _ChunkIn, data: bytes) -> Sequence[Event]:
        if present(given.error) is not None:
            raise in_band(data)
        found: list[Event] = []
        is_first = not self._has_begun
        if is_first:
            self._has_begun = True
            self._id = given.response_id
            found.append(Begin(given.response_id, given.model_version))
        refused = None if given.candidates else blocked(given.prompt_feedback)
        if refused is not None:
            raise refused
        for candidate in given.candidates:
            self._candidate(candidate, found)
        is_whole = bool(self._seen) and self._seen == self._finished
        if (is_first or is_whole) and present(given.usage_metadata) is not None:
            found.append(Used(_usage(given.usage_metadata)))
        if is_whole and not self._has_ended:
            self._has_ended = True
            found.append(End())
        return found

    def _candidate(self, given: CandidateIn, found: list[Event]) -> None:
        choice = given.index
        self._seen.add(choice)
        if choice in self._finished:  # seen: a second STOP without content
            return
        for part in given.content.parts if given.content else ():
            self._part(part, choice, given.logprobs_result, found)
        if given.finish_reason is not None:
            self._finished.add(choice)
            has_calls = choice in self._calls
            found.append(Finish(reason_in(given.finish_reason, has_calls=has_calls), choice))

    def _part(
        self, part: PartIn, choice: int, logprobs: LogprobsIn | None, found: list[Event]
    ) -> None:
        signature = signature_in(part.thought_signature)
        if part.function_call is not None:
            self._call(part.function_call, choice, signature, found)
            return
        if part.thought:
            redacted = redacted_in(part.thought_signature)
            if redacted is not None:
                found.append(WholePart(ThinkingPart(redacted=redacted), choice))
            elif part.text or signature is not None:
                found.append(ThinkingDelta(part.text or "", choice, signature))
            return
        media = media_in(part)
        if media is not None:
            found.append(WholePart(media, choice))
        elif part.text:
            logs = None if logprobs is None else logprobs_in(logprobs)
            found.append(TextDelta(part.text, choice, logs))
        if signature is not None:
            found.append(ThinkingDelta("", choice, signature))

    def _call(
        self, call: FunctionCall, choice: int, signature: str | None, found: list[Event]
    ) -> None:
        index = self._calls.get(choice, 0)
        self._calls[choice] = index + 1
        arguments = call.arguments
        id = call.id or call_id(self._id, call.name, arguments, choice, index)
        found.append(ToolBegin(index, id, call.name, choice, signature))
        found.append(ToolDelta(index, arguments, choice))


class _Call:
    """A tool call whose arguments still come."""

    __slots__ = ("begin", "pieces")

    def __init__(self, begin: ToolBegin) -> None:
        self.begin = begin
        self.pieces: list[str] = []


class GeminiWriter:
    """Writes one stream. Tool calls are held until their arguments are whole, reasons until usage is told."""

    def __init__(self, *, model: str, id: str) -> None:
        self._tail = b',"modelVersion":%b,"responseId":%b}\n\n' % (_encode(model), _encode(id))
        self._calls: dict[tuple[int, int], _Call] = {}
        self._bad_calls: set[int] = set()
        self._reasons: dict[int, str] = {}
        self._usage: Usage | None = None

    def write(self, event: Event) -> bytes:
        """See `StreamWriter`."""
        match event:
            case TextDelta(text=text, choice=choice, logprobs=logprobs):
                return self._text(text, choice, logprobs)
            case RefusalDelta(text=text, choice=choice):
                return self._text(text, choice, None)
            case ThinkingDelta():
                return self._thinking(event)
            case ToolDelta(index=index, arguments=text, choice=choice):
                call = self._calls.get((choice, index))
                if call is not None:
                    call.pieces.append(text)
                return b""
            case ToolBegin(index=index, choice=choice):
                self._calls[choice, index] = _Call(event)
                return b""
            case WholePart(part=part, choice=choice):
                return self._whole(part, choice)
            case Finish(reason=reason, choice=choice):
                return self._finish(reason, choice)
            case Used(usage=usage):
                self._usage = usage
                return b""
            case End():
                return self._last()
            case Begin():
                return b""

    def fail(self, status: int, message: str, *, code: str | None = None) -> bytes:
        """See `StreamWriter`."""
        return error_event(write_error(status, message, code, None))

    def _text(self, text: str, choice: int, logprobs: Raw | None) -> bytes:
        rest = b""
        if logprobs is not None:
            given = logprobs_out(logprobs)
            rest = b"" if given is None else b',"logprobsResult":%b' % _encode(given)
        return self._chunk(choice, b'{"text":%b}' % _line(_encode(text)), rest)

    def _thinking(self, event: ThinkingDelta) -> bytes:
        said = b'{"text":%b' % _line(_encode(event.text))
        if event.text:
            said += b',"thought":true'
        if event.signature is not None:
            said += b',"thoughtSignature":%b' % _encode(signature_out(event.signature))
        elif not event.text:
            return b""
        return self._chunk(event.choice, said + b"}")

    def _whole(self, part: Part, choice: int) -> bytes:
        said = part_out(part)
        if said is None:
            if isinstance(part, ToolCallPart):
                self._bad_calls.add(choice)
            return b""
        return self._chunk(choice, _line(_encode(said)))

    def _finish(self, reason: str, choice: int) -> bytes:
        """The candidate's tool calls; what became of it comes with the last chunk."""
        self._reasons[choice] = reason
        calls = [c for (of, _), c in self._calls.items() if of == choice]
        return b"".join([self._whole(_whole_call(call), choice) for call in calls])

    def _chunk(self, choice: int, part: bytes, rest: bytes = b"") -> bytes:
        return b'data: {"candidates":[{"content":{"parts":[%b],"role":"model"},"index":%d%b}]%b' % (
            part,
            choice,
            rest,
            self._tail,
        )

    def _last(self) -> bytes:
        candidates = [self._finished(c, reason) for c, reason in sorted(self._reasons.items())]
        said = b'{"candidates":%b' % _encode(candidates)
        if self._usage is not None:
            said += b',"usageMetadata":%b' % _encode(usage_out(self._usage))
        return b"data: " + said + self._tail

    def _finished(self, choice: int, reason: str) -> dict[str, Any]:
        is_bad = choice in self._bad_calls
        return {
            "content": {"parts": [{"text": ""}], "role": "model"},
            "finishReason": "MALFORMED_FUNCTION_CALL" if is_bad else reason_out(reason),
            "index": choice,
        }


def error_event(body: bytes) -> bytes:
    """An error body in the middle of a stream."""
    return sse(_line(body))


def _whole_call(call: _Call) -> ToolCallPart:
    begin = call.begin
    return ToolCallPart(
        id=begin.id,
        name=begin.name,
        arguments="".join(call.pieces),
        signature=begin.signature,
    )


def _line(encoded: bytes) -> bytes:
    """JSON on one line for every reader of lines: google-genai 1 also breaks them at U+0085, U+2028 and U+2029."""
    if encoded.isascii():
        return encoded
    return (
        encoded.replace(b"\xe2\x80\xa8", b"\\u2028")
        .replace(b"\xe2\x80\xa9", b"\\u2029")
        .replace(b"\xc2\x85", b"\\u0085")
    )


def _usage(data: Raw) -> Usage:
    try:
        return usage_in(_usage_in.decode(data))
    except NOT_JSON as error:
        raise ProviderError("garbage", f"usage that is not: {error}") from None
