"""What the tests of the Responses API share: its streams as values, and answers as it can tell them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import structs

from pilothouse.core.answer import (
    Answer,
    Event,
)
from pilothouse.core.request import (
    ThinkingPart,
    ToolCallPart,
)
from pilothouse.dialects.openai_responses import plugin as dialect
from pilothouse.wire.sse import Events


def said(answer: Answer) -> Answer:
    """`answer` without what this API has no place for."""
    only, usage = answer.candidates[0], answer.usage
    reason = only.finish_reason
    if reason in ("stop", "stop_sequence", "tool_calls"):
        reason = "tool_calls" if any(isinstance(p, ToolCallPart) for p in only.parts) else "stop"
    if usage is not None:
        usage = structs.replace(
            usage,
            cache_write_1h_tokens=0,
            audio_input_tokens=0,
            audio_output_tokens=0,
            is_estimated=False,
        )
    only = structs.replace(only, finish_reason=reason, stop_sequence=None)
    return structs.replace(answer, candidates=(only,), usage=usage, id="resp_1", model="m")


def without_ids(answer: Answer) -> Answer:
    only = answer.candidates[0]
    parts = [structs.replace(p, id=None) if isinstance(p, ThinkingPart) else p for p in only.parts]
    return structs.replace(answer, candidates=(structs.replace(only, parts=tuple(parts)),))


def written(events: Iterable[Event]) -> list[bytes]:
    writer = dialect.writer(model="m", id="1", created_s=1)
    return Events().feed(b"".join([writer.write(event) for event in events]))


def read(events: Iterable[bytes]) -> list[Event]:
    reader = dialect.reader()
    return [told for event in events for told in reader.read(event)]


def data(event: bytes) -> dict[str, Any]:
    name, _, rest = event.partition(b"\n")
    found = json.loads(rest.removeprefix(b"data: "))
    assert name == b"event: " + found["type"].encode()
    return found


def named(type: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (
        type.encode(),
        json.dumps({"type": type, **fields}).encode(),
    )
