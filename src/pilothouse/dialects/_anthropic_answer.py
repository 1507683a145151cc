"""An answer in Anthropic's Messages format, read and written, and its reasons for stopping.

The vendor's `refusal` is its filter's doing (`content_filter` here); its explanation is a `RefusalPart`.
A refusal in words with any other reason is text, as it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.request import Part, RefusalPart, ThinkingPart
from pilothouse.dialects._anthropic_blocks import (
    BlockIn,
    BlockOut,
    RedactedThought,
    Thought,
    read_block,
    read_content,
)
from pilothouse.dialects._anthropic_parts import Losses, write_part
from pilothouse.dialects._anthropic_usage import UsageWire, write_usage
from pilothouse.dialects._bad_body import NOT_JSON

_READ = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_WRITTEN = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


class StopDetails(Struct, frozen=True):
    """Why a filter stepped in."""

    type: str = "refusal"
    category: str | None = None
    explanation: str | None = None


class _Head(Struct):
    type: Literal["message"]
    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: UsageWire | None = None


class _Message(_Head, kw_only=True):
    content: list[BlockIn]


class _LooseMessage(_Head, kw_only=True):
    content: Raw


_message_in = msgspec.json.Decoder(_Message)
_loose_in = msgspec.json.Decoder(_LooseMessage)
_encode = msgspec.json.Encoder().encode


def read_reason(reason: str | None) -> str | None:
    """Our word for a `stop_reason`; one that has none (`pause_turn`) stays."""
    return None if reason is None else _READ.get(reason, reason)


def write_reason(reason: str | None) -> str | None:
    """Theirs; what is not a word of ours is a vendor's and stays."""
    return None if reason is None else _WRITTEN.get(reason, reason)


def read_answer(body: bytes) -> Answer:
    """Raises `ProviderError` (garbage) when this is not a message."""
    try:
        strict = _message_in.decode(body)
        given: _Head = strict
        parts: Sequence[Part] = [read_block(block) for block in strict.content]
    except NOT_JSON:
        given, parts = _read_loose(body)
    details = given.stop_details
    if details is not None and details.explanation:
        parts = [*parts, RefusalPart(details.explanation)]
    candidate = Candidate(
        parts=tuple(parts),
        finish_reason=read_reason(given.stop_reason),
        stop_sequence=given.stop_sequence,
    )
    usage = given.usage.read() if given.usage else None
    return Answer(candidates=(candidate,), usage=usage, id=given.id, model=given.model)


def write_answer(answer: Answer, *, model: str, id: str) -> bytes:
    """A whole message, of the first candidate. Raises `ValueError` when the answer has no usage."""
    if answer.usage is None:
        raise ValueError("an answer is written with its usage")
    only = answer.candidates[0]
    refusals, parts = _refusals(only)
    content = [block for part in parts if (block := answer_block(part)) is not None]
    message = message_body(f"msg_{id}", model, content, write_usage(answer.usage))
    message["stop_reason"] = write_reason(only.finish_reason)
    message["stop_sequence"] = only.stop_sequence
    if refusals:
        message["stop_details"] = StopDetails(explanation=refusals)
    return _encode(message)


def answer_block(part: Part) -> BlockOut | None:
    """A part of an answer. Thinking is shown to the caller whoever signed it, and if nobody did."""
    if not isinstance(part, ThinkingPart):
        return write_part(part, "", Losses())
    if part.redacted:
        return RedactedThought(data=part.redacted)
    return Thought(thinking=part.text, signature=part.signature or "")


def message_body(
    id: str, model: str, content: Sequence[BlockOut], usage: UsageWire
) -> dict[str, Any]:
    """A message that has not stopped."""
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _read_loose(body: bytes) -> tuple[_Head, Sequence[Part]]:
    try:
        given = _loose_in.decode(body)
        return given, read_content(given.content, "content")
    except (*NOT_JSON, BadRequest) as error:
        raise ProviderError("garbage", f"not a message of Anthropic's: {error}") from None


def _refusals(candidate: Candidate) -> tuple[str, tuple[Part, ...]]:
    """The words that explain a filter, and the parts that are content."""
    if candidate.finish_reason != "content_filter":
        return "", candidate.parts
    words = [part.text for part in candidate.parts if isinstance(part, RefusalPart)]
    kept = [part for part in candidate.parts if not isinstance(part, RefusalPart)]
    return "".join(words), tuple(kept)
