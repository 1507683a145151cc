"""Whole answers of the Responses API, to our nouns and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.answer import Answer, Candidate, Usage
from pilothouse.core.errors import BadRequest, ProviderError
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
from pilothouse.dialects._openai_error import ErrorBody, in_band
from pilothouse.dialects._raw import ABSENT, NULL
from pilothouse.dialects._responses_items import SIGNATURE_ID, MessageItem, output_in
from pilothouse.dialects._responses_items_out import call_out, reasoning_out


class _InputDetails(Struct):
    cached_tokens: int | None = 0
    cache_write_tokens: int | None = 0


class _OutputDetails(Struct):
    reasoning_tokens: int | None = 0


class UsageIn(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Incomplete(Struct):
    reason: str | None = None


class ResponseIn(Struct):
    """A response object, whole or at the start of a stream."""

    output: list[Raw] | None = None
    status: str | None = None
    id: str | None = None
    model: str | None = None
    usage: UsageIn | None = None
    error: ErrorBody | None = None
    incomplete_details: _Incomplete | None = None


class _ChatLogprobs(Struct):
    content: list[Raw] | None = None


Status = Literal["in_progress", "completed", "incomplete", "failed"]

response_in = msgspec.json.Decoder(ResponseIn)
_message_in = msgspec.json.Decoder(MessageItem)
_raw_list = msgspec.json.Decoder(list[Raw])
_chat_logprobs = msgspec.json.Decoder(_ChatLogprobs)
_encode = msgspec.json.Encoder().encode
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_COMPLETE = frozenset({None, "stop", "stop_sequence", "tool_calls"})


def read_answer(body: bytes) -> Answer:
    """Raises `ProviderError`: garbage, or what a failed response says."""
    try:
        given = response_in.decode(body)
        if given.error is not None or given.status == "failed":
            raise failure(given)
        if given.output is None:
            raise ProviderError("garbage", "not a response: it has no output")
        parts = output_in(given.output)
        logprobs = _logprobs_in(given.output)
    except (*NOT_JSON, BadRequest) as error:
        raise ProviderError("garbage", f"not a response: {error}") from None
    has_calls = any(isinstance(part, ToolCallPart) for part in parts)
    only = Candidate(
        parts=parts, finish_reason=finish_reason(given, has_calls=has_calls), logprobs=logprobs
    )
    return Answer(
        candidates=(only,),
        usage=None if given.usage is None else usage_in(given.usage),
        id=given.id,
        model=given.model,
    )


def write_answer(answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
    """The first candidate as a response: the format has room for one."""
    only = answer.candidates[0]
    output = _output(only, id)
    status, reason = outcome(only.finish_reason)
    last = output[-1] if output else None
    if status != "completed" and isinstance(last, dict) and "status" in last:
        last["status"] = "completed" if last["type"] == "image_generation_call" else "incomplete"
    response = response_out(
        id=id,
        model=model,
        created_s=created_s,
        status=status,
        reason=reason,
        output=output,
        usage=answer.usage,
    )
    return _encode(response)


def failure(given: ResponseIn) -> ProviderError:
    """What a failed response says."""
    error = given.error or ErrorBody()
    code = error.type if error.code is None else error.code
    return in_band(error.message, None if code is None else str(code))


def finish_reason(given: ResponseIn, *, has_calls: bool) -> str:
    """Ours, from the status; other statuses (queued, cancelled) are the vendor's words."""
    if given.status == "incomplete":
        reason = given.incomplete_details.reason if given.incomplete_details else None
        return _REASONS.get(reason or "", reason or "incomplete")
    if given.status in ("completed", None):
        return "tool_calls" if has_calls else "stop"
    return given.status


def outcome(reason: str | None) -> tuple[Status, str | None]:
    """Theirs: status, and why it is incomplete. A reason we do not know is never `completed`."""
    if reason in _COMPLETE:
        return "completed", None
    return "incomplete", _INCOMPLETE.get(reason or "")


def usage_in(given: UsageIn) -> Usage:
    """Both count parts inside their whole."""
    inputs, outputs = given.input_tokens_details, given.output_tokens_details
    return Usage(
        input_tokens=given.input_tokens,
        output_tokens=given.output_tokens,
        cached_input_tokens=(inputs.cached_tokens or 0) if inputs else 0,
        cache_write_tokens=(inputs.cache_write_tokens or 0) if inputs else 0,
        reasoning_tokens=(outputs.reasoning_tokens or 0) if outputs else 0,
    )


def response_out(
    *,
    id: str,
    model: str,
    created_s: int,
    status: Status,
    reason: str | None = None,
    output: Sequence[dict[str, Any] | Raw] = (),
    usage: Usage | None = None,
    error: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A response object with every field that its types demand."""
    return {
        "id": f"resp_{id}",
        "object": "response",
        "created_at": created_s,
        "status": status,
        "error": error,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": None if usage is None else _usage_out(usage),
    }


def text_out(text: str, logprobs: list[Raw] | None = None) -> dict[str, Any]:
    """Text as content of an answer."""
    return {
        "type": "output_text",
        "text": text,
        "annotations": [],
        "logprobs": logprobs or [],
    }


def message_item(id: str, content: list[dict[str, Any]], status: Status) -> dict[str, Any]:
    """What was said."""
    return {
        "id": id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def call_item(id: str, part: ToolCallPart, status: Status) -> dict[str, Any]:
    """A tool call."""
    return {**call_out(part), "id": id, "status": status}


def signature_item(call_id: str, signature: str) -> dict[str, Any]:
    """Carries a call's signature to the client and back (see `SIGNATURE_ID`)."""
    return reasoning_out(ThinkingPart(id=SIGNATURE_ID + call_id, redacted=signature))


def whole_item(id: str, part: Part) -> dict[str, Any] | Raw | None:
    """Thinking, an image, or an item of this dialect; None when the format has no place for it."""
    match part:
        case ThinkingPart():
            return {"id": id, **reasoning_out(part)}
        case MediaPart(kind="image", data=str(data)):
            form = (part.mime or "image/png").partition("/")[2]
            return {
                "id": id,
                "type": "image_generation_call",
                "status": "completed",
                "result": data,
                "output_format": form,
            }
        case OpaquePart(dialect="openai_responses"):
            return part.raw
        case _:
            return None


def logprobs_out(logprobs: Raw | None) -> list[Raw]:
    """The list inside chat's form."""
    return [] if logprobs is None else _chat_logprobs.decode(logprobs).content or []


def logprobs_in(entries: Iterable[Raw]) -> Raw:
    """Chat's form around the list."""
    return Raw(_encode({"content": list(entries)}))


def _output(candidate: Candidate, id: str) -> list[dict[str, Any] | Raw]:
    output: list[dict[str, Any] | Raw] = []
    said: list[dict[str, Any]] | None = None
    logprobs = logprobs_out(candidate.logprobs)
    for part in candidate.parts:
        if isinstance(part, (TextPart, RefusalPart)):
            if said is None:
                said = []
                output.append(message_item(f"msg_{id}_{len(output)}", said, "completed"))
            if isinstance(part, TextPart):
                said.append(text_out(part.text, logprobs))
                logprobs = []
            else:
                said.append({"type": "refusal", "refusal": part.text})
            continue
        said = None
        output += _items(part, f"{id}_{len(output)}")
    return output


def _items(part: Part, id: str) -> list[dict[str, Any] | Raw]:
    if isinstance(part, ToolCallPart):
        call = call_item(f"fc_{id}", part, "completed")
        return [call] if part.signature is None else [signature_item(part.id, part.signature), call]
    item = whole_item(f"{'rs' if isinstance(part, ThinkingPart) else 'ig'}_{id}", part)
    return [] if item is None else [item]


def _usage_out(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _logprobs_in(output: Iterable[Raw]) -> Raw | None:
    found: list[Raw] = []
    for raw in output:
        if b'"logprobs"' not in bytes(raw):
            continue
        content = _message_in.decode(raw).content
        if isinstance(content, list):
            for part in content:
                if part.logprobs not in (ABSENT, NULL):
                    found += _raw_list.decode(part.logprobs)
    return logprobs_in(found) if found else None
