"""Bedrock's whole answers, usage and errors, to our nouns and back.

`inputTokens` there counts neither what the cache gave nor what it took, as with Anthropic.
Source: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html (the whole input is the sum of
the three).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.answer import Answer, Candidate, Usage
from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.core.request import (
    MediaPart,
    OpaquePart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._bedrock_content import call_out, media_out, thinking_out
from pilothouse.dialects._bedrock_messages import blocks_in


class CacheDetail(Struct, rename="camel"):
    ttl: str = ""
    input_tokens: int = 0


class UsageIn(Struct, rename="camel"):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_details: list[CacheDetail] | None = None


class MoreFields(Struct):
    """What the request's `additionalModelResponseFieldPaths` asked for, as far as we know it."""

    stop_sequence: str | None = None


class _Message(Struct):
    content: list[Raw] = []


class _Output(Struct):
    message: _Message


class _AnswerIn(Struct, rename="camel"):
    output: _Output
    stop_reason: str | None = None
    usage: UsageIn | None = None
    additional_model_response_fields: MoreFields | None = None


class _Generated(Struct):
    text: str = ""


class _Citations(Struct):
    content: list[_Generated] = []


class _Cited(Struct, rename="camel"):
    citations_content: _Citations | None = None


class _ErrorIn(Struct):
    message: str | None = None
    Message: str | None = None
    type: str | None = msgspec.field(default=None, name="__type")


_answer_in = msgspec.json.Decoder(_AnswerIn)
_cited_in = msgspec.json.Decoder(_Cited)
_error_in = msgspec.json.Decoder(_ErrorIn)
_encode = msgspec.json.Encoder().encode
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}
_WIRE_REASONS = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
_OWN_REASONS = {"malformed_model_output", "malformed_tool_use"}
EXCEPTIONS = {
    400: "validationException",
    403: "accessDeniedException",
    404: "resourceNotFoundException",
    408: "modelTimeoutException",
    424: "modelErrorException",
    429: "throttlingException",
    500: "internalServerException",
    503: "serviceUnavailableException",
}
"""By HTTP status, as they are named in streams; elsewhere they begin with a capital."""
CLASSES: dict[str, tuple[ErrorClass, int]] = {
    "validationException": ("caller", 400),
    "accessDeniedException": ("auth", 403),
    "resourceNotFoundException": ("caller", 404),
    "modelTimeoutException": ("timeout", 408),
    "modelErrorException": ("provider_down", 424),
    "modelStreamErrorException": ("provider_down", 424),
    "modelNotReadyException": ("rate_limited", 429),
    "throttlingException": ("rate_limited", 429),
    "serviceQuotaExceededException": ("rate_limited", 400),
    "internalServerException": ("provider_down", 500),
    "serviceUnavailableException": ("provider_down", 503),
}
"""What each exception means, and its HTTP status. Source: botocore's model of bedrock-runtime."""


def read_answer(body: bytes) -> Answer:
    """Raises `ProviderError` (garbage)."""
    try:
        given = _answer_in.decode(body)
        parts = [_answer_part(p) for p in blocks_in(given.output.message.content)]
    except NOT_JSON as error:
        raise ProviderError("garbage", f"not a Converse answer: {error}") from None
    more = given.additional_model_response_fields
    candidate = Candidate(
        parts=tuple(parts),
        finish_reason=None if given.stop_reason is None else reason_in(given.stop_reason),
        stop_sequence=more.stop_sequence if more else None,
    )
    usage = None if given.usage is None else usage_in(given.usage)
    return Answer(candidates=(candidate,), usage=usage)


def write_answer(answer: Answer) -> bytes:
    """The first candidate: Converse has one. It has no place for the answer's id and model either."""
    only = answer.candidates[0]
    content = [b for b in map(part_out, only.parts) if b is not None]
    body: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason_out(only.finish_reason),
        "metrics": {"latencyMs": int(answer.latency_ms or 0)},
    }
    if answer.usage is not None:
        body["usage"] = usage_out(answer.usage)
    if only.stop_sequence is not None:
        body["additionalModelResponseFields"] = {"stop_sequence": only.stop_sequence}
    return _encode(body)


def reason_in(reason: str) -> str:
    """Ours where there is one, else Bedrock's."""
    return _REASONS.get(reason, reason)


def reason_out(reason: str | None) -> str:
    """What Bedrock has no word for ends the turn."""
    told = reason or "stop"
    return _WIRE_REASONS.get(told) or (told if told in _OWN_REASONS else "end_turn")


def usage_in(given: UsageIn) -> Usage:
    """Three disjoint counts there, one whole with two of its parts here."""
    read, written = given.cache_read_input_tokens or 0, given.cache_write_input_tokens or 0
    return Usage(
        input_tokens=given.input_tokens + read + written,
        output_tokens=given.output_tokens,
        cached_input_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=sum([d.input_tokens for d in given.cache_details or () if d.ttl == "1h"]),
    )  # fmt: skip


def usage_out(usage: Usage) -> dict[str, Any]:
    """The inverse."""
    read, written = usage.cached_input_tokens, usage.cache_write_tokens
    out: dict[str, Any] = {
        "inputTokens": max(0, usage.input_tokens - read - written),
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
    }
    if read or written:
        out["cacheReadInputTokens"] = read
        out["cacheWriteInputTokens"] = written
    if usage.cache_write_1h_tokens:
        out["cacheDetails"] = [{"ttl": "1h", "inputTokens": usage.cache_write_1h_tokens}]
    return out


def part_out(part: Part) -> dict[str, Any] | None:
    """A block of an answer; None for what there is no saying."""
    match part:
        case TextPart() | RefusalPart():
            return {"text": part.text}
        case ThinkingPart():
            return thinking_out(part)
        case ToolCallPart():
            return call_out(part)
        case MediaPart():
            return media_out(part, "", _unheard)
        case _:
            return None


def read_error(body: bytes) -> tuple[str, str | None]:
    """Message and exception, where the body names it (else a header does)."""
    try:
        given = _error_in.decode(body)
    except NOT_JSON:
        return "", None
    kind = given.type.rpartition("#")[2] if given.type else None
    return given.message or given.Message or "", kind


def write_error(status: int, message: str) -> bytes:
    """An error body."""
    name = exception_of(status)
    return _encode({"__type": name[:1].upper() + name[1:], "message": message})


def exception_of(status: int) -> str:
    """The exception for an HTTP status, as streams name it."""
    other = "internalServerException" if status >= 500 else "validationException"
    return EXCEPTIONS.get(status, other)


def _answer_part(part: Part) -> Part:
    """Text with citations is text."""
    if isinstance(part, OpaquePart):
        cited = _cited_in.decode(part.raw).citations_content
        if cited is not None:
            return TextPart("".join([each.text for each in cited.content]))
    return part


def _unheard(_: str) -> None:
    """An answer has nobody to tell what is lost."""
