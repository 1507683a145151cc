"""Writes a stream of the Responses API.

Order: created, in_progress, then for each item output_item.added, its pieces, output_item.done, and at the
end the whole response, completed or incomplete; every event has the next sequence number. Tool calls may
come side by side, so they stay open until the model does something else.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from pilothouse.core.answer import (
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
from pilothouse.core.request import Part, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from pilothouse.dialects._responses_answer import (
    Status,
    call_item,
    logprobs_out,
    message_item,
    outcome,
    response_out,
    signature_item,
    text_out,
    whole_item,
)
from pilothouse.dialects._responses_items_out import reasoning_out

_encode = msgspec.json.Encoder().encode
_ERROR_CODES = {429: "rate_limit_exceeded", 400: "invalid_prompt", 422: "invalid_prompt"}


class _Message:
    """A message item being told: contents that are whole, and the one that is not."""

    def __init__(self, id: str, at: int) -> None:
        self.id = id
        self.at = at
        self.whole: list[dict[str, Any]] = []
        self.kind = ""
        self.pieces: list[str] = []
        self.logprobs: list[Raw] = []
        self.head = b""

    def content(self) -> dict[str, Any]:
        text = "".join(self.pieces)
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        return text_out(text, self.logprobs)


class _Block:
    """A reasoning item or a tool call being told."""

    def __init__(self, id: str, at: int, begin: ToolBegin | None = None) -> None:
        self.id = id
        self.at = at
        self.begin = begin
        self.pieces: list[str] = []
        self.where: dict[str, Any] = {"item_id": id, "output_index": at}

    def call(self) -> ToolCallPart:
        begin = self.begin or ToolBegin(0, "", "")
        return ToolCallPart(id=begin.id, name=begin.name, arguments="".join(self.pieces))


class ResponsesWriter:
    """Writes one stream. Of several candidates the first: the format has room for one."""

    def __init__(self, *, model: str, id: str, created_s: int) -> None:
        self._id = id
        self._model = model
        self._created_s = created_s
        self._number = 0
        self._items: dict[int, Raw] = {}
        self._at = 0
        self._message: _Message | None = None
        self._reasoning: _Block | None = None
        self._calls: dict[int, _Block] = {}
        self._finish: str | None = None
        self._usage: Usage | None = None

    def write(self, event: Event) -> bytes:
        """See `StreamWriter`."""
        begun = b"" if self._number else self._begin()
        match event:
            case TextDelta(choice=0):
                return begun + self._text(event)
            case ToolDelta(index=index, arguments=arguments, choice=0):
                return begun + self._arguments(self._calls[index], arguments)
            case ToolBegin(choice=0):
                return begun + self._call(event)
            case ThinkingDelta(choice=0):
                return begun + self._thinking(event)
            case RefusalDelta(text=text, choice=0):
                return begun + self._said("refusal", text)
            case WholePart(part=part, choice=0):
                return begun + self._whole(part)
            case Finish(choice=0):
                self._finish = event.reason
                return begun + self._close(outcome(event.reason)[0])
            case Used(usage=usage):
                self._usage = usage
                return begun
            case End():
                return begun + self._end()
            case _:
                return begun

    def fail(self, status: int, message: str, *, code: str | None = None) -> bytes:
        """`response.failed`, with what was whole before it."""
        begun = b"" if self._number else self._begin()
        error = failed_error(status, message, code)
        return begun + self._event(
            "response.failed", {"response": self._response("failed", error=error)}
        )

    def _event(self, name: str, fields: dict[str, Any]) -> bytes:
        data = _encode({"type": name, "sequence_number": self._number, **fields})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)

    def _begin(self) -> bytes:
        response = Raw(_encode(self._response("in_progress")))
        return self._event("response.created", {"response": response}) + self._event(
            "response.in_progress", {"response": response}
        )

    def _response(
        self, status: Status, *, reason: str | None = None, error: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return response_out(
            id=self._id,
            model=self._model,
            created_s=self._created_s,
            status=status,
            reason=reason,
            output=[item for _, item in sorted(self._items.items())],
            usage=self._usage,
            error=error,
        )

    def _end(self) -> bytes:
        closed = self._close("completed")
        status, reason = outcome(self._finish)
        return closed + self._event(
            f"response.{status}", {"response": self._response(status, reason=reason)}
        )

    # Messages

    def _text(self, event: TextDelta) -> bytes:
        message = self._message
        if message is None or message.kind != "output_text" or event.logprobs is not None:
            return self._said("output_text", event.text, logprobs_out(event.logprobs))
        message.pieces.append(event.text)
        number = self._number
        self._number = number + 1
        return b'%b%d,"delta":%b}\n\n' % (message.head, number, _encode(event.text))

    def _said(self, kind: str, text: str, logprobs: list[Raw] | None = None) -> bytes:
        opened = b""
        message = self._message
        if message is None:
            opened = self._close("completed")
            message = self._message = _Message(f"msg_{self._id}_{self._at}", self._next())
            opened += self._added(message.at, message_item(message.id, [], "in_progress"))
        if message.kind != kind:
            opened += self._end_content(message) + self._begin_content(message, kind)
        message.pieces.append(text)
        message.logprobs += logprobs or []
        fields: dict[str, Any] = {**_place(message), "delta": text}
        if kind == "output_text":
            fields["logprobs"] = logprobs or []
        return opened + self._event(f"response.{kind}.delta", fields)

    def _begin_content(self, message: _Message, kind: str) -> bytes:
        message.kind = kind
        message.pieces = []
        message.logprobs = []
        name = "response.output_text.delta"
        head = _encode({"type": name, **_place(message), "logprobs": []})
        message.head = b'event: %b\ndata: %b,"sequence_number":' % (name.encode(), head[:-1])
        fields = {**_place(message), "part": message.content()}
        return self._event("response.content_part.added", fields)

    def _end_content(self, message: _Message) -> bytes:
        if not message.kind:
            return b""
        place, content = _place(message), message.content()
        message.whole.append(content)
        if message.kind == "refusal":
            fields = {**place, "refusal": content["refusal"]}
        else:
            fields = {**place, "text": content["text"], "logprobs": content["logprobs"]}
        return self._event(f"response.{message.kind}.done", fields) + self._event(
            "response.content_part.done", {**place, "part": content}
        )

    # Reasoning

    def _thinking(self, event: ThinkingDelta) -> bytes:
        opened = b""
        block = self._reasoning
        if block is None:
            opened = self._close("completed")
            block = self._reasoning = _Block(f"rs_{self._id}_{self._at}", self._next())
            block.where["summary_index"] = 0
            opened += self._added(block.at, reasoning_out(ThinkingPart(id=block.id)))
            part = {"type": "summary_text", "text": ""}
            opened += self._event(
                "response.reasoning_summary_part.added", {**block.where, "part": part}
            )
        if event.text:
            block.pieces.append(event.text)
            fields = {**block.where, "delta": event.text}
            opened += self._event("response.reasoning_summary_text.delta", fields)
        if event.signature is not None:
            opened += self._end_reasoning(block, event.signature)
        return opened

    def _end_reasoning(self, block: _Block, signature: str | None) -> bytes:
        self._reasoning = None
        text = "".join(block.pieces)
        part = {"type": "summary_text", "text": text}
        item = reasoning_out(ThinkingPart(text=text, signature=signature, id=block.id))
        return (
            self._event("response.reasoning_summary_text.done", {**block.where, "text": text})
            + self._event("response.reasoning_summary_part.done", {**block.where, "part": part})
            + self._done(block.at, item)
        )

    # Tool calls

    def _call(self, begin: ToolBegin) -> bytes:
        opened = b"" if self._calls else self._close("completed")
        if begin.signature is not None:
            opened += self._item(signature_item(begin.id, begin.signature))
        block = self._calls[begin.index] = _Block(f"fc_{self._id}_{self._at}", self._next(), begin)
        return opened + self._added(block.at, call_item(block.id, block.call(), "in_progress"))

    def _arguments(self, block: _Block, arguments: str) -> bytes:
        block.pieces.append(arguments)
        fields = {**block.where, "delta": arguments}
        return self._event("response.function_call_arguments.delta", fields)

    def _end_call(self, block: _Block, status: Status) -> bytes:
        call = block.call()
        fields = {**block.where, "name": call.name, "arguments": call.arguments}
        return self._event("response.function_call_arguments.done", fields) + self._done(
            block.at, call_item(block.id, call, status)
        )

    # Items

    def _whole(self, part: Part) -> bytes:
        match part:
            case TextPart(text=text):
                return self._said("output_text", text)
            case RefusalPart(text=text):
                return self._said("refusal", text)
            case ToolCallPart():
                begin = ToolBegin(len(self._calls), part.id, part.name, 0, part.signature)
                opened = self._call(begin)
                return opened + self._arguments(self._calls[begin.index], part.arguments)
            case _:
                kind = "rs" if isinstance(part, ThinkingPart) else "ig"
                item = whole_item(f"{kind}_{self._id}_{self._at}", part)
                return b"" if item is None else self._close("completed") + self._item(item)

    def _close(self, status: Status) -> bytes:
        """Ends whatever is open; `status` is that of the last thing told."""
        closed = b""
        message, reasoning, calls = self._message, self._reasoning, [*self._calls.values()]
        if message is not None:
            closed += self._end_content(message)
            closed += self._done(message.at, message_item(message.id, message.whole, status))
        if reasoning is not None:
            closed += self._end_reasoning(reasoning, None)
        for block in calls:
            closed += self._end_call(block, status if block is calls[-1] else "completed")
        self._message = None
        self._calls.clear()
        return closed

    def _next(self) -> int:
        self._at += 1
        return self._at - 1

    def _item(self, item: dict[str, Any] | Raw) -> bytes:
        at = self._next()
        return self._added(at, item) + self._done(at, item)

    def _added(self, at: int, item: dict[str, Any] | Raw) -> bytes:
        return self._event("response.output_item.added", {"output_index": at, "item": item})

    def _done(self, at: int, item: dict[str, Any] | Raw) -> bytes:
        whole = self._items[at] = Raw(_encode(item))
        return self._event("response.output_item.done", {"output_index": at, "item": whole})


def failed_error(status: int, message: str, code: str | None) -> dict[str, Any]:
    """The `error` of a failed response. Its codes are a closed list; ours goes where it may say more."""
    return {"code": _ERROR_CODES.get(status, "server_error"), "message": message, "type": code}


def _place(message: _Message) -> dict[str, Any]:
    return {
        "item_id": message.id,
        "output_index": message.at,
        "content_index": len(message.whole),
    }
