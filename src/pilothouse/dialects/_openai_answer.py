"""OpenAI's whole chat answers, usage and errors, to our nouns and back."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from pilothouse.core.answer import Answer, Candidate, Usage
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import MediaPart, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._openai_content import (
    FunctionCall,
    ThinkingBlock,
    ToolCall,
    blocks_out,
    call_in,
    call_out,
    thinking_in,
)
from pilothouse.dialects._raw import ABSENT, present


class _InputDetails(Struct):
    cached_tokens: int | None = 0
    audio_tokens: int | None = 0
    cache_write_tokens: int | None = 0


class _OutputDetails(Struct):
    reasoning_tokens: int | None = 0
    audio_tokens: int | None = 0


class UsageIn(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's name for cached tokens."""


class _Audio(Struct):
    data: str = ""
    transcript: str | None = None


class _MessageOut(Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    audio: _Audio | None = None
    function_call: FunctionCall | None = None


class _Choice(Struct):
    message: _MessageOut
    finish_reason: str | None = None
    logprobs: Raw = ABSENT
    index: int = 0


class _AnswerIn(Struct):
    choices: Annotated[list[_Choice], Meta(min_length=1)]
    usage: UsageIn | None = None
    id: str | None = None
    model: str | None = None


_answer_in = msgspec.json.Decoder(_AnswerIn)
_encode = msgspec.json.Encoder().encode
TO_WIRE = {"stop_sequence": "stop"}


def read_answer(body: bytes) -> Answer:
    """Raises `ProviderError` (garbage)."""
    try:
        given = _answer_in.decode(body)
    except NOT_JSON as error:
        raise ProviderError("garbage", f"not a chat completion: {error}") from None
    return Answer(
        candidates=tuple([_candidate(choice) for choice in given.choices]),
        usage=None if given.usage is None else usage_in(given.usage),
        id=given.id,
        model=given.model,
    )


def write_answer(answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
    """A whole chat completion."""
    body: dict[str, Any] = {
        "id": f"chatcmpl-{id}",
        "object": "chat.completion",
        "created": created_s,
        "model": model,
        "choices": [_choice_out(i, c) for i, c in enumerate(answer.candidates)],
    }
    if answer.usage is not None:
        body["usage"] = usage_out(answer.usage)
    return _encode(body)


def usage_in(given: UsageIn) -> Usage:
    """Theirs to ours: both count parts inside their whole."""
    inputs, outputs = given.prompt_tokens_details, given.completion_tokens_details
    cached = (inputs.cached_tokens or 0) if inputs else 0
    return Usage(
        input_tokens=given.prompt_tokens,
        output_tokens=given.completion_tokens,
        cached_input_tokens=cached or given.prompt_cache_hit_tokens or 0,
        cache_write_tokens=(inputs.cache_write_tokens or 0) if inputs else 0,
        reasoning_tokens=(outputs.reasoning_tokens or 0) if outputs else 0,
        audio_input_tokens=(inputs.audio_tokens or 0) if inputs else 0,
        audio_output_tokens=(outputs.audio_tokens or 0) if outputs else 0,
    )


def usage_out(usage: Usage) -> dict[str, Any]:
    """Ours to theirs."""
    inputs: dict[str, int] = {
        "cached_tokens": usage.cached_input_tokens,
        "audio_tokens": usage.audio_input_tokens,
    }
    if usage.cache_write_tokens:
        inputs["cache_write_tokens"] = usage.cache_write_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": inputs,
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": usage.audio_output_tokens,
        },
    }


def _candidate(choice: _Choice) -> Candidate:
    message = choice.message
    parts = thinking_in(message.thinking_blocks, message.reasoning_content or message.reasoning)
    if message.content:
        parts.append(TextPart(message.content))
    if message.refusal:
        parts.append(RefusalPart(message.refusal))
    if message.audio is not None:
        parts.append(MediaPart(kind="audio", data=message.audio.data))
    parts += [call_in(call) for call in message.tool_calls or ()]
    if message.function_call is not None:
        old = message.function_call
        parts.append(ToolCallPart(id=old.name, name=old.name, arguments=old.arguments))
    reason = choice.finish_reason
    return Candidate(
        parts=tuple(parts),
        finish_reason="tool_calls" if reason == "function_call" else reason,
        logprobs=present(choice.logprobs),
    )


def _choice_out(index: int, candidate: Candidate) -> dict[str, Any]:
    texts = [p.text for p in candidate.parts if isinstance(p, TextPart)]
    refusals = [p.text for p in candidate.parts if isinstance(p, RefusalPart)]
    calls = [call_out(p) for p in candidate.parts if isinstance(p, ToolCallPart)]
    thinking = [p for p in candidate.parts if isinstance(p, ThinkingPart)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not (calls or refusals) else None,
        "refusal": "".join(refusals) if refusals else None,
    }
    if calls:
        message["tool_calls"] = calls
    if thinking:
        message["reasoning_content"] = "".join([p.text for p in thinking])
    blocks = blocks_out(thinking)
    if blocks:
        message["thinking_blocks"] = blocks
    for part in candidate.parts:
        if isinstance(part, MediaPart) and part.kind == "audio":
            message["audio"] = {"id": "", "data": part.data, "expires_at": 0, "transcript": ""}
    reason = candidate.finish_reason or "stop"
    return {
        "index": index,
        "message": message,
        "logprobs": candidate.logprobs,
        "finish_reason": TO_WIRE.get(reason, reason),
    }
