"""Gemini's whole answers, their usage, reasons and log probabilities, to our nouns and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.answer import Answer, Candidate, Usage
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import (
    MediaPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pilothouse.dialects._bad_body import NOT_JSON
from pilothouse.dialects._gemini_parts import PartIn, call_out, media_out, said_in
from pilothouse.dialects._gemini_signature import redacted_out, signature_out


class Modality(Struct, rename="camel"):
    modality: str = ""
    token_count: int = 0


class UsageIn(Struct, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[Modality] | None = None
    candidates_tokens_details: list[Modality] | None = None


class Logprob(Struct, rename="camel"):
    token: str = ""
    log_probability: float = 0.0


class TopLogprobs(Struct):
    candidates: list[Logprob] = []


class LogprobsIn(Struct, rename="camel"):
    chosen_candidates: list[Logprob] = []
    top_candidates: list[TopLogprobs] = []


class AnswerContent(Struct):
    parts: list[PartIn] = []


class CandidateIn(Struct, rename="camel"):
    content: AnswerContent | None = None
    finish_reason: str | None = None
    index: int = 0
    logprobs_result: LogprobsIn | None = None


class FeedbackIn(Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class AnswerIn(Struct, rename="camel"):
    candidates: list[CandidateIn] = []
    prompt_feedback: FeedbackIn | None = None
    usage_metadata: UsageIn | None = None
    model_version: str | None = None
    response_id: str | None = None


class _OpenAITop(Struct):
    token: str
    logprob: float


class _OpenAIToken(_OpenAITop):
    top_logprobs: list[_OpenAITop] = []


class _OpenAILogprobs(Struct):
    content: list[_OpenAIToken] | None = None


_answer_in = msgspec.json.Decoder(AnswerIn)
_logprobs_in = msgspec.json.Decoder(_OpenAILogprobs)
_encode = msgspec.json.Encoder().encode
_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
_WIRE_REASONS = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}
_OWN_REASONS = {
    *_REASONS,
    "LANGUAGE",
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "NO_IMAGE",
    "IMAGE_OTHER",
}


def read_answer(body: bytes) -> Answer:
    """Raises `ProviderError`: garbage, or refused when the prompt was blocked."""
    try:
        given = _answer_in.decode(body)
    except NOT_JSON as error:
        raise ProviderError("garbage", f"not a Gemini answer: {error}") from None
    if not given.candidates:
        raise blocked(given.prompt_feedback) or ProviderError(
            "garbage", "a Gemini answer without a candidate"
        )
    usage = given.usage_metadata
    return Answer(
        candidates=tuple([_candidate(c, given.response_id) for c in given.candidates]),
        usage=None if usage is None else usage_in(usage),
        id=given.response_id,
        model=given.model_version,
    )


def blocked(feedback: FeedbackIn | None) -> ProviderError | None:
    """The refusal of a prompt, if it was refused."""
    if feedback is None or feedback.block_reason is None:
        return None
    why = feedback.block_reason_message or feedback.block_reason
    return ProviderError("refused", f"Gemini refused the prompt: {why}")


def write_answer(answer: Answer, *, model: str, id: str) -> bytes:
    """A whole answer."""
    body: dict[str, Any] = {
        "candidates": [_candidate_out(i, c) for i, c in enumerate(answer.candidates)]
    }
    if answer.usage is not None:
        body["usageMetadata"] = usage_out(answer.usage)
    body["modelVersion"] = model
    body["responseId"] = id
    return _encode(body)


def call_id(response_id: str | None, name: str, arguments: str, choice: int, index: int) -> str:
    """An id for a tool call that came without: the same answer always gives the same, two answers never
    do while Google numbers its answers.
    """
    told = f"{response_id}\0{choice}\0{index}\0{name}\0{arguments}"
    return f"call_{blake2b(told.encode(), digest_size=12).hexdigest()}"


def reason_in(reason: str, *, has_calls: bool) -> str:
    """Google says STOP for tool calls too."""
    return "tool_calls" if has_calls and reason == "STOP" else _REASONS.get(reason, reason)


def reason_out(reason: str | None) -> str:
    """What Google has no word for is OTHER."""
    told = reason or "stop"
    return _WIRE_REASONS.get(told) or (told if told in _OWN_REASONS else "OTHER")


def usage_in(given: UsageIn) -> Usage:
    """Thoughts stand beside the candidates' tokens there, inside the output here."""
    thoughts = given.thoughts_token_count or 0
    return Usage(
        input_tokens=(given.prompt_token_count or 0) + (given.tool_use_prompt_token_count or 0),
        output_tokens=(given.candidates_token_count or 0) + thoughts,
        cached_input_tokens=given.cached_content_token_count or 0,
        reasoning_tokens=thoughts,
        audio_input_tokens=_audio_in(given.prompt_tokens_details),
        audio_output_tokens=_audio_in(given.candidates_tokens_details),
    )


def usage_out(usage: Usage) -> dict[str, Any]:
    """What is zero is left out, as Google does."""
    said = max(0, usage.output_tokens - usage.reasoning_tokens)
    out: dict[str, Any] = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": said,
        "totalTokenCount": usage.input_tokens + said + usage.reasoning_tokens,
    }
    if usage.cached_input_tokens:
        out["cachedContentTokenCount"] = usage.cached_input_tokens
    if usage.reasoning_tokens:
        out["thoughtsTokenCount"] = usage.reasoning_tokens
    if usage.audio_input_tokens:
        out["promptTokensDetails"] = _audio_out(usage.audio_input_tokens, usage.input_tokens)
    if usage.audio_output_tokens:
        out["candidatesTokensDetails"] = _audio_out(usage.audio_output_tokens, said)
    return out


def logprobs_in(given: LogprobsIn) -> Raw:
    """To OpenAI's form."""
    tops = given.top_candidates
    content = [
        {
            **_openai_token(chosen),
            "top_logprobs": [_openai_token(t) for t in tops[i].candidates] if i < len(tops) else [],
        }
        for i, chosen in enumerate(given.chosen_candidates)
    ]
    return Raw(_encode({"content": content, "refusal": None}))


def logprobs_out(logprobs: Raw) -> dict[str, Any] | None:
    """From OpenAI's form; None when it says nothing."""
    try:
        tokens = _logprobs_in.decode(logprobs).content or ()
    except NOT_JSON:
        return None
    if not tokens:
        return None
    return {
        "chosenCandidates": [_google_token(t) for t in tokens],
        "topCandidates": [{"candidates": [_google_token(t) for t in each.top_logprobs]} for each in tokens],
    }  # fmt: skip


def part_out(part: Part) -> dict[str, Any] | None:
    """A part of an answer; None for what there is no saying, a tool call without a JSON object too."""
    match part:
        case TextPart() | RefusalPart():
            return {"text": part.text}
        case ThinkingPart():
            return _thinking_out(part)
        case ToolCallPart():
            call = call_out(part)
            if call is not None and part.signature is not None:
                call["thoughtSignature"] = signature_out(part.signature)
            return call
        case MediaPart():
            return media_out(part)
        case _:
            return None


def _candidate(given: CandidateIn, response_id: str | None) -> Candidate:
    found: list[Part] = []
    calls = 0
    for part in given.content.parts if given.content else ():
        call, id = part.function_call, ""
        if call is not None:
            id = call_id(response_id, call.name, call.arguments, given.index, calls)
            calls += 1
        found += said_in(part, id)
    reason = given.finish_reason
    return Candidate(
        parts=tuple(found),
        finish_reason=None if reason is None else reason_in(reason, has_calls=calls > 0),
        logprobs=None if given.logprobs_result is None else logprobs_in(given.logprobs_result),
    )


def _candidate_out(index: int, candidate: Candidate) -> dict[str, Any]:
    parts = [part_out(p) for p in candidate.parts]
    reason = reason_out(candidate.finish_reason)
    if _has_bad_call(candidate.parts, parts):
        reason = "MALFORMED_FUNCTION_CALL"
    out: dict[str, Any] = {
        "content": {"parts": [p for p in parts if p is not None], "role": "model"},
        "finishReason": reason,
        "index": index,
    }
    logprobs = None if candidate.logprobs is None else logprobs_out(candidate.logprobs)
    if logprobs is not None:
        out["logprobsResult"] = logprobs
    return out


def _has_bad_call(parts: Iterable[Part], written: Iterable[dict[str, Any] | None]) -> bool:
    pairs = zip(parts, written, strict=True)
    return any(isinstance(part, ToolCallPart) and out is None for part, out in pairs)


def _thinking_out(part: ThinkingPart) -> dict[str, Any] | None:
    if part.redacted is not None:
        return {"text": "", "thought": True, "thoughtSignature": redacted_out(part.redacted)}
    if not part.text and part.signature is None:
        return None
    out: dict[str, Any] = {"text": part.text}
    if part.text:
        out["thought"] = True
    if part.signature is not None:
        out["thoughtSignature"] = signature_out(part.signature)
    return out


def _audio_in(details: Sequence[Modality] | None) -> int:
    return sum([d.token_count for d in details or () if d.modality == "AUDIO"])


def _audio_out(audio: int, whole: int) -> list[dict[str, Any]]:
    rest = max(0, whole - audio)
    found = [{"modality": "AUDIO", "tokenCount": audio}]
    return [{"modality": "TEXT", "tokenCount": rest}, *found] if rest else found


def _openai_token(given: Logprob) -> dict[str, Any]:
    token = given.token
    return {"token": token, "logprob": given.log_probability, "bytes": list(token.encode())}


def _google_token(given: _OpenAITop) -> dict[str, Any]:
    return {"token": given.token, "logProbability": given.logprob}
