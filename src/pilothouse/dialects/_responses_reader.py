"""Reads a stream of the Responses API: one small state machine over its events.

Source: https://platform.openai.com/docs/api-reference/responses-streaming. Events that are not named
here (progress of the vendor's own tools, annotations) say nothing that their whole item does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
from pilothouse.core.request import RefusalPart, TextPart, ThinkingPart, ToolCallPart
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._openai_error import ErrorBody, in_band
from pilothouse.dialects._raw import ABSENT, NULL
from pilothouse.dialects._responses_answer import (
    failure,
    finish_reason,
    logprobs_in,
    response_in,
    usage_in,
)
from pilothouse.dialects._responses_items import SIGNATURE_ID, is_signature, output_in
from pilothouse.dialects._sse import event_data


class _EventIn(Struct):
    type: str
    delta: str = ""
    output_index: int = 0
    summary_index: int = 0
    logprobs: Raw = ABSENT
    item: Raw = ABSENT
    response: Raw = ABSENT
    error: ErrorBody | None = None
    message: str | None = None
    code: str | None = None


class _Kind(Struct):
    type: str = ""
    error: Raw = ABSENT


class _ItemIn(Struct):
    type: str = ""
    id: str | None = None
    call_id: str = ""
    name: str = ""


_event_in = msgspec.json.Decoder(_EventIn)
_kind_in = msgspec.json.Decoder(_Kind)
_item_in = msgspec.json.Decoder(_ItemIn)
_raw_list = msgspec.json.Decoder(list[Raw])
_NO_EVENTS: tuple[Event, ...] = ()
_LONGEST_NOTHING = len("null")
"""Log probabilities that are absent, `[]` or `null`; comparing `Raw`s costs half a microsecond."""


class ResponsesReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._has_begun = False
        self._calls: dict[int, int] = {}
        """Numbers of tool calls by where they stand in the output."""
        self._told: set[int] = set()
        """Items of which something was told before they were whole."""
        self._thought: tuple[int, int] | None = None
        """Where the last reasoning stands, while nothing else came after it."""
        self._signatures: dict[str, str] = {}

    def read(self, event: bytes) -> Sequence[Event]:
        """See `StreamReader`."""
        data = _data(event)
        if data is None or data == b"[DONE]":
            return _NO_EVENTS
        try:
            given = _event_in.decode(data)
            if given.type == "response.output_text.delta":  # most events are this
                self._told.add(given.output_index)
                if len(given.logprobs) <= _LONGEST_NOTHING:
                    return (TextDelta(given.delta),)
                return (TextDelta(given.delta, 0, logprobs_in(_raw_list.decode(given.logprobs))),)
            read = _READ.get(given.type)
            return _NO_EVENTS if read is None else read(self, given)
        except NOT_JSON as error:
            return _nothing_known(data, error)
        except BadRequest as error:
            raise ProviderError("garbage", f"an item that is not one: {error}") from None

    def on_begin(self, given: _EventIn) -> Sequence[Event]:
        if self._has_begun:
            return _NO_EVENTS
        self._has_begun = True
        response = response_in.decode(given.response)
        return (Begin(response.id, response.model),)

    def on_added(self, given: _EventIn) -> Sequence[Event]:
        if given.item in (ABSENT, NULL):
            return _NO_EVENTS
        item = _item_in.decode(given.item)
        if item.type != "reasoning":
            self._thought = None
        if item.type != "function_call":
            return _NO_EVENTS
        index = self._calls[given.output_index] = len(self._calls)
        signature = self._signatures.pop(item.call_id, None)
        return (ToolBegin(index, item.call_id, item.name, 0, signature),)

    def on_arguments(self, given: _EventIn) -> Sequence[Event]:
        self._told.add(given.output_index)
        index = self._calls.get(given.output_index)
        if index is None:
            raise ProviderError("garbage", "arguments of a tool call that has not begun")
        return (ToolDelta(index, given.delta),)

    def on_refusal(self, given: _EventIn) -> Sequence[Event]:
        self._told.add(given.output_index)
        return (RefusalDelta(given.delta),)

    def on_reasoning(self, given: _EventIn) -> Sequence[Event]:
        self._told.add(given.output_index)
        at = (given.output_index, given.summary_index)
        gap = "\n\n" if self._thought is not None and self._thought != at else ""
        self._thought = at
        return (ThinkingDelta(gap + given.delta),)

    def on_done(self, given: _EventIn) -> Sequence[Event]:
        """Whatever of the item was not told in pieces."""
        found: list[Event] = []
        is_told = given.output_index in self._told
        for part in output_in([given.item]):
            match part:
                case ThinkingPart():
                    found += self._thinking_done(part, is_told=is_told)
                case ToolCallPart():
                    found += self._call_done(part, given.output_index, is_told=is_told)
                case TextPart(text=text):
                    found += [] if is_told else [TextDelta(text)]
                case RefusalPart(text=text):
                    found += [] if is_told else [RefusalDelta(text)]
                case _:
                    found.append(WholePart(part))
        if not found and is_signature(_item_in.decode(given.item).id):
            self._keep_signature(given.item)
        return found

    def _keep_signature(self, item: Raw) -> None:
        given = msgspec.json.decode(item)
        self._signatures[given["id"].removeprefix(SIGNATURE_ID)] = given["encrypted_content"]

    def _thinking_done(self, part: ThinkingPart, *, is_told: bool) -> Sequence[Event]:
        if part.redacted is not None:
            return (WholePart(part),)
        if part.signature is not None:
            self._thought = None
            return (ThinkingDelta("" if is_told else part.text, 0, part.signature),)
        return () if is_told or not part.text else (ThinkingDelta(part.text),)

    def _call_done(self, part: ToolCallPart, at: int, *, is_told: bool) -> Sequence[Event]:
        found: list[Event] = []
        if at not in self._calls:
            self._calls[at] = len(self._calls)
            signature = self._signatures.pop(part.id, None)
            found.append(ToolBegin(self._calls[at], part.id, part.name, 0, signature))
        if not is_told and part.arguments:
            found.append(ToolDelta(self._calls[at], part.arguments))
        return found

    def on_end(self, given: _EventIn) -> Sequence[Event]:
        response = response_in.decode(given.response)
        if response.error is not None:
            raise failure(response)
        found: list[Event] = [Finish(finish_reason(response, has_calls=bool(self._calls)))]
        if response.usage is not None:
            found.append(Used(usage_in(response.usage)))
        return (*found, End())

    def on_failed(self, given: _EventIn) -> Sequence[Event]:
        raise failure(response_in.decode(given.response))

    def on_error(self, given: _EventIn) -> Sequence[Event]:
        error = given.error or ErrorBody(message=given.message, code=given.code)
        code = error.type if error.code is None else error.code
        raise in_band(error.message, None if code is None else str(code))


_READ: dict[str, Callable[[ResponsesReader, _EventIn], Sequence[Event]]] = {
    "response.created": ResponsesReader.on_begin,
    "response.output_item.added": ResponsesReader.on_added,
    "response.output_item.done": ResponsesReader.on_done,
    "response.function_call_arguments.delta": ResponsesReader.on_arguments,
    "response.refusal.delta": ResponsesReader.on_refusal,
    "response.reasoning_summary_text.delta": ResponsesReader.on_reasoning,
    "response.reasoning_text.delta": ResponsesReader.on_reasoning,
    "response.completed": ResponsesReader.on_end,
    "response.incomplete": ResponsesReader.on_end,
    "response.failed": ResponsesReader.on_failed,
    "error": ResponsesReader.on_error,
}
_KNOWN = {*_READ, "response.output_text.delta"}


def _data(event: bytes) -> bytes | None:
    """The data of a named event of two lines, which nearly all are; else as the standard says."""
    if event.startswith(b"event: ") and event.count(b"\n") == 3 and b"\r" not in event:
        start = event.find(b"\ndata: ")
        if start > 0:
            return event[start + 7 : -2]
    return event_data(event)


def _nothing_known(data: bytes, error: Exception) -> Sequence[Event]:
    """Nothing, for an event of a kind we do not read, whatever its fields."""
    try:
        kind = _kind_in.decode(data).type
    except NOT_JSON:
        kind = ""
    if kind and kind not in _KNOWN:
        return _NO_EVENTS
    raise ProviderError("garbage", f"an event that is not one: {error}") from None
