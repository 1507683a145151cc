"""What four vendors send for the same answer: whole bodies and streams, written from their public formats.

Independent of the package under test: nothing here imports it. Every answer has used 100 tokens in, 40 of them
from the vendor's cache, and 20 out, 5 of them spent on reasoning where the vendor tells; how that is
*written* differs, which is the point.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
SIGNATURE = "c2lnbmVkLWJ5LXRoZS12ZW5kb3I="


@dataclass(frozen=True)
class Said:
    """One answer, in no format. `finish`: stop, length, tool_calls, content_filter."""

    text: str = ""
    calls: tuple[tuple[str, str, str], ...] = ()
    """Id, name, arguments as JSON text."""
    thinking: str = ""
    finish: str = "stop"


@dataclass(frozen=True)
class Vendor:
    """One format: a whole body, the events of a stream, an error body, an error in a stream."""

    whole: Callable[[Said], Json]
    events: Callable[[Said], list[bytes]]
    error: Callable[[int, str], Json]
    error_event: Callable[[str], bytes]


def data(value: Json, name: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


def halves(text: str) -> tuple[str, ...]:
    """In two pieces, as streams bring it; nothing for nothing."""
    middle = (len(text) + 1) // 2
    return tuple(part for part in (text[:middle], text[middle:]) if part)


# OpenAI chat completions

_CHAT_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def _chat_whole(said: Said) -> Json:
    message: Json = {"role": "assistant", "content": said.text or None}
    if said.thinking:
        message["reasoning_content"] = said.thinking
    if said.calls:
        message["tool_calls"] = [
            {"id": i, "type": "function", "function": {"name": n, "arguments": a}}
            for i, n, a in said.calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": said.finish, "logprobs": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1"}
    return {**head, "choices": [choice], "usage": _CHAT_USAGE}


def _chat_events(said: Said) -> list[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}

    def one(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return data({**head, "choices": [choice], "usage": None})

    out = [one({"role": "assistant", "content": ""})]
    out += [one({"reasoning_content": piece}) for piece in halves(said.thinking)]
    out += [one({"content": piece}) for piece in halves(said.text)]
    for index, (i, name, _) in enumerate(said.calls):
        call = {"index": index, "id": i, "type": "function"}
        out.append(one({"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]}))
    for half in (0, 1):  # parallel calls interleave: only the index tells them apart
        for index, (_, _, arguments) in enumerate(said.calls):
            fragment = {"index": index, "function": {"arguments": halves(arguments)[half]}}
            out.append(one({"tool_calls": [fragment]}))
    out.append(one({}, said.finish))
    return [*out, data({**head, "choices": [], "usage": _CHAT_USAGE}), b"data: [DONE]\n\n"]


def _openai_error(status: int, message: str) -> Json:
    kinds = {401: "invalid_api_key", 429: "rate_limit_exceeded", 404: "model_not_found"}
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": kinds.get(status)}}


# OpenAI responses

_RESPONSES_USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 40},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 120,
}


def _items(said: Said) -> list[Json]:
    items: list[Json] = []
    if said.thinking:
        summary = [{"type": "summary_text", "text": said.thinking}]
        sealed = {"summary": summary, "encrypted_content": SIGNATURE}
        items.append({"type": "reasoning", "id": "rs_1", **sealed})
    if said.text:
        part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
        items.append({**item, "status": "completed"})
    for i, name, arguments in said.calls:
        item = {"type": "function_call", "id": f"fc_{i}", "call_id": i, "name": name}
        items.append({**item, "arguments": arguments, "status": "completed"})
    return items


def _response(said: Said, status: str, items: list[Json]) -> Json:
    done = status in ("completed", "incomplete")
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    why = {"reason": reasons[said.finish]} if status == "incomplete" else None
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m-1"}
    settings = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "metadata": {}}
    return {
        **head,
        **settings,
        "status": status,
        "error": None,
        "incomplete_details": why,
        "output": items,
        "usage": _RESPONSES_USAGE if done else None,
    }


def _responses_whole(said: Said) -> Json:
    status = "incomplete" if said.finish in ("length", "content_filter") else "completed"
    return _response(said, status, _items(said))


def _responses_events(said: Said) -> list[bytes]:
    out: list[bytes] = []

    def add(kind: str, **fields: Any) -> None:
        out.append(data({"type": kind, "sequence_number": len(out), **fields}, kind))

    add("response.created", response=_response(said, "in_progress", []))
    add("response.in_progress", response=_response(said, "in_progress", []))
    for index, item in enumerate(_items(said)):
        _responses_item(add, index, item)
    end = _responses_whole(said)
    add(f"response.{end['status']}", response=end)
    return out


def _responses_item(add: Callable[..., None], index: int, item: Json) -> None:
    at = {"output_index": index, "item_id": item["id"]}
    if item["type"] == "message":
        part, text = item["content"][0], item["content"][0]["text"]
        empty = {**item, "content": [], "status": "in_progress"}
        add("response.output_item.added", output_index=index, item=empty)
        add("response.content_part.added", **at, content_index=0, part={**part, "text": ""})
        for piece in halves(text):
            add("response.output_text.delta", **at, content_index=0, delta=piece, logprobs=[])
        add("response.output_text.done", **at, content_index=0, text=text, logprobs=[])
        add("response.content_part.done", **at, content_index=0, part=part)
    elif item["type"] == "function_call":
        empty = {**item, "arguments": "", "status": "in_progress"}
        add("response.output_item.added", output_index=index, item=empty)
        for piece in halves(item["arguments"]):
            add("response.function_call_arguments.delta", **at, delta=piece)
        done = {"arguments": item["arguments"], "name": item["name"]}
        add("response.function_call_arguments.done", **at, **done)
    else:
        text = item["summary"][0]["text"]
        part = {"type": "summary_text", "text": ""}
        add("response.output_item.added", output_index=index, item={**item, "summary": []})
        add("response.reasoning_summary_part.added", **at, summary_index=0, part=part)
        for piece in halves(text):
            add("response.reasoning_summary_text.delta", **at, summary_index=0, delta=piece)
        add("response.reasoning_summary_text.done", **at, summary_index=0, text=text)
        whole = {**part, "text": text}
        add("response.reasoning_summary_part.done", **at, summary_index=0, part=whole)
    add("response.output_item.done", output_index=index, item=item)


def _responses_error_event(message: str) -> bytes:
    error = {"type": "error", "code": "server_error", "message": message, "param": None}
    return data({**error, "sequence_number": 9}, "error")


# Anthropic messages

_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_ANTHROPIC_IN = {
    "input_tokens": 60,
    "cache_read_input_tokens": 40,
    "cache_creation_input_tokens": 0,
}


def _blocks(said: Said) -> list[Json]:
    blocks: list[Json] = []
    if said.thinking:
        sealed = {"thinking": said.thinking, "signature": SIGNATURE}
        blocks.append({"type": "thinking", **sealed})
    if said.text:
        blocks.append({"type": "text", "text": said.text})
    for i, name, arguments in said.calls:
        blocks.append({"type": "tool_use", "id": i, "name": name, "input": json.loads(arguments)})
    return blocks


def _anthropic_whole(said: Said) -> Json:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1"}
    ends = {"stop_reason": _STOPS[said.finish], "stop_sequence": None}
    usage = {**_ANTHROPIC_IN, "output_tokens": 20}
    return {**head, "content": _blocks(said), **ends, "usage": usage}


def _anthropic_events(said: Said) -> list[bytes]:
    out: list[bytes] = []

    def add(kind: str, **fields: Any) -> None:
        out.append(data({"type": kind, **fields}, kind))

    start = {**_anthropic_whole(said), "content": [], "stop_reason": None}
    add("message_start", message={**start, "usage": {**_ANTHROPIC_IN, "output_tokens": 1}})
    for index, block in enumerate(_blocks(said)):
        empty, deltas = _anthropic_deltas(block)
        add("content_block_start", index=index, content_block=empty)
        add("ping")
        for delta in deltas:
            add("content_block_delta", index=index, delta=delta)
        add("content_block_stop", index=index)
    ends = {"stop_reason": _STOPS[said.finish], "stop_sequence": None}
    add("message_delta", delta=ends, usage={"output_tokens": 20})
    add("message_stop")
    return out


def _anthropic_deltas(block: Json) -> tuple[Json, list[Json]]:
    if block["type"] == "text":
        pieces = [{"type": "text_delta", "text": piece} for piece in halves(block["text"])]
        return {"type": "text", "text": ""}, pieces
    if block["type"] == "tool_use":
        pieces = halves(json.dumps(block["input"]))
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
        return {**block, "input": {}}, deltas
    deltas = [{"type": "thinking_delta", "thinking": p} for p in halves(block["thinking"])]
    sealed = {"type": "signature_delta", "signature": block["signature"]}
    return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, sealed]


def _anthropic_error(status: int, message: str) -> Json:
    kinds = {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
        500: "api_error",
        529: "overloaded_error",
    }
    kind = kinds.get(status, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _anthropic_error_event(message: str) -> bytes:
    error = {"type": "overloaded_error", "message": message}
    return data({"type": "error", "error": error}, "error")


# Gemini

_GEMINI_USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "candidatesTokenCount": 15,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 120,
}
_GEMINI_FINISH = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}


def _gemini_calls(said: Said) -> list[Json]:
    parts: list[Json] = [
        {"functionCall": {"id": i, "name": n, "args": json.loads(a)}} for i, n, a in said.calls
    ]
    if parts and said.thinking:
        parts[0]["thoughtSignature"] = SIGNATURE
    return parts


def _gemini_one(parts: list[Json], finish: str | None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    head = {"modelVersion": "m-1", "responseId": "r-1"}
    return {"candidates": [candidate], "usageMetadata": _GEMINI_USAGE, **head}


def _gemini_whole(said: Said) -> Json:
    parts: list[Json] = [{"text": said.thinking, "thought": True}] if said.thinking else []
    parts += [{"text": said.text}] if said.text else []
    return _gemini_one([*parts, *_gemini_calls(said)], _GEMINI_FINISH[said.finish])


def _gemini_events(said: Said) -> list[bytes]:
    pieces: list[Json] = [{"text": t, "thought": True} for t in halves(said.thinking)]
    pieces += [{"text": t} for t in halves(said.text)]
    pieces += _gemini_calls(said)
    last = len(pieces) - 1
    finish = _GEMINI_FINISH[said.finish]
    return [data(_gemini_one([p], finish if i == last else None)) for i, p in enumerate(pieces)]


def _gemini_error(status: int, message: str) -> Json:
    words = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        503: "UNAVAILABLE",
    }
    word = words.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": word}}


VENDORS = {
    "openai_chat": Vendor(
        _chat_whole, _chat_events, _openai_error, lambda text: data(_openai_error(500, text))
    ),
    "openai_responses": Vendor(
        _responses_whole, _responses_events, _openai_error, _responses_error_event
    ),
    "anthropic_messages": Vendor(
        _anthropic_whole, _anthropic_events, _anthropic_error, _anthropic_error_event
    ),
    "gemini": Vendor(
        _gemini_whole, _gemini_events, _gemini_error, lambda text: data(_gemini_error(503, text))
    ),
}
