"""The words of a request or an answer that guards read and may change.

Not read: media, opaque parts, what only one dialect has words for (`extra`), schemas and tool descriptions.
Thinking is read but never changed: its signature holds for the words as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.guard import Where
from pilothouse.core.request import (
    MediaPart,
    Message,
    OpaquePart,
    Part,
    RefusalPart,
    Request,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

Change = Callable[[str, Where], str]
"""Text and what it is, to other text, or the same object when nothing changes."""


def request_texts(request: Request) -> Iterator[tuple[str, Where]]:
    """Every text of every message, in order."""
    for message in request.messages:
        for part in message.parts:
            yield from _texts(part)


def answer_texts(answer: Answer) -> Iterator[tuple[str, Where]]:
    """Every text of every candidate, in order."""
    for candidate in answer.candidates:
        for part in candidate.parts:
            yield from _texts(part)


def with_request_texts(request: Request, change: Change) -> Request:
    """`request` with its texts changed; the same object when none is."""
    messages = tuple([_message(m, change) for m in request.messages])
    is_same = all(new is old for new, old in zip(messages, request.messages, strict=True))
    return request if is_same else replace(request, messages=messages)


def with_answer_texts(answer: Answer, change: Change) -> Answer:
    """`answer` with its texts changed, and then without log-probabilities: they would repeat the words."""
    candidates = tuple([_candidate(c, change) for c in answer.candidates])
    is_same = all(new is old for new, old in zip(candidates, answer.candidates, strict=True))
    return answer if is_same else replace(answer, candidates=candidates)


def _message(message: Message, change: Change) -> Message:
    parts = _parts(message.parts, change)
    return message if parts is message.parts else replace(message, parts=parts)


def _candidate(candidate: Candidate, change: Change) -> Candidate:
    parts = _parts(candidate.parts, change)
    return candidate if parts is candidate.parts else replace(candidate, parts=parts, logprobs=None)


def _parts(parts: tuple[Part, ...], change: Change) -> tuple[Part, ...]:
    changed = tuple([_part(part, change) for part in parts])
    is_same = all(new is old for new, old in zip(changed, parts, strict=True))
    return parts if is_same else changed


def _part(part: Part, change: Change) -> Part:
    match part:
        case TextPart():
            return _text_part(part, change)
        case RefusalPart():
            said = change(part.text, "refusal")
            return part if said is part.text else RefusalPart(said)
        case ToolCallPart():
            said = change(part.arguments, "arguments")
            return part if said is part.arguments else replace(part, arguments=said)
        case ToolResultPart():
            inner = tuple([_inner(one, change) for one in part.parts])
            is_same = all(new is old for new, old in zip(inner, part.parts, strict=True))
            return part if is_same else replace(part, parts=inner)
        case _:
            return part


def _inner(
    part: TextPart | MediaPart | OpaquePart, change: Change
) -> TextPart | MediaPart | OpaquePart:
    return _text_part(part, change) if isinstance(part, TextPart) else part


def _text_part(part: TextPart, change: Change) -> TextPart:
    said = change(part.text, "text")
    return part if said is part.text else replace(part, text=said)


def _texts(part: Part) -> Iterator[tuple[str, Where]]:
    match part:
        case TextPart():
            yield part.text, "text"
        case RefusalPart():
            yield part.text, "refusal"
        case ThinkingPart():
            yield part.text, "thinking"
        case ToolCallPart():
            yield part.arguments, "arguments"
        case ToolResultPart():
            for inner in part.parts:
                if isinstance(inner, TextPart):
                    yield inner.text, "text"
        case _:
            pass
