"""A kept answer as a stream, and a stream as an answer to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pilothouse.core.answer import (
    Answer,
    Begin,
    Candidate,
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


def events_of(answer: Answer) -> Iterator[Event]:
    """The stream that would have brought `answer`: each part in one piece."""
    yield Begin(answer.id, answer.model)
    for choice, candidate in enumerate(answer.candidates):
        calls = 0
        logprobs = candidate.logprobs
        for part in candidate.parts:
            match part:
                case TextPart():
                    yield TextDelta(part.text, choice, logprobs)
                    logprobs = None
                case RefusalPart():
                    yield RefusalDelta(part.text, choice)
                case ThinkingPart(redacted=None, id=None):
                    yield ThinkingDelta(part.text, choice, part.signature)
                case ToolCallPart():
                    yield ToolBegin(calls, part.id, part.name, choice, part.signature)
                    yield ToolDelta(calls, part.arguments, choice)
                    calls += 1
                case _:
                    yield WholePart(part, choice)
        yield Finish(candidate.finish_reason or "stop", choice, candidate.stop_sequence)
    if answer.usage is not None:
        yield Used(answer.usage)
    yield End()


class Gathering:
    """Puts a stream together. Holds its text: give up with `stop` when that becomes too much."""

    __slots__ = ("_choices", "_has_ended", "_id", "_is_lossy", "_model", "_size", "_usage")

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._id: str | None = None
        self._model: str | None = None
        self._usage: Usage | None = None
        self._has_ended = False
        self._is_lossy = False
        self._size = 0

    @property
    def size(self) -> int:
        """Characters of text so far."""
        return self._size

    def add(self, events: Iterable[Event]) -> None:
        """More of it."""
        for event in events:
            match event:
                case TextDelta():
                    # Pieces of log probabilities cannot be told from a whole list of them.
                    self._is_lossy |= event.logprobs is not None
                    self._size += len(event.text)
                    self._choice(event.choice).text(TextPart, event.text)
                case RefusalDelta() | ThinkingDelta() | ToolBegin() | ToolDelta() | WholePart():
                    self._rest(event)
                case Finish():
                    choice = self._choice(event.choice)
                    choice.reason, choice.stop_sequence = event.reason, event.stop_sequence
                case Used():
                    self._usage = event.usage
                case Begin():
                    self._id, self._model = event.id or self._id, event.model or self._model
                case End():
                    self._has_ended = True

    def answer(self) -> Answer | None:
        """The whole answer; None when the stream did not end as it should, or cannot be put together."""
        numbers = sorted(self._choices)
        if not self._has_ended or self._is_lossy or numbers != list(range(len(numbers))):
            return None
        return Answer(
            candidates=tuple([self._choices[n].candidate() for n in numbers]),
            usage=self._usage,
            id=self._id,
            model=self._model,
        )

    def _choice(self, number: int) -> _Choice:
        found = self._choices.get(number)
        if found is None:
            found = self._choices[number] = _Choice()
        return found

    def _rest(
        self, event: RefusalDelta | ThinkingDelta | ToolBegin | ToolDelta | WholePart
    ) -> None:
        choice = self._choice(event.choice)
        match event:
            case RefusalDelta():
                choice.text(RefusalPart, event.text)
            case ThinkingDelta():
                self._size += len(event.text)
                choice.text(ThinkingPart, event.text)
                if event.signature is not None:
                    choice.sign(event.signature)
            case ToolBegin():
                choice.call(event)
            case ToolDelta():
                self._size += len(event.arguments)
                choice.arguments(event)
            case WholePart():
                choice.parts.append(_Open(None, event.part))


class _Open:
    """A part that may still grow."""

    __slots__ = ("kind", "part", "pieces", "signature")

    def __init__(self, kind: Any, part: Part | ToolBegin | None = None) -> None:
        self.kind = kind
        self.part = part
        self.pieces: list[str] = []
        self.signature: str | None = None

    def closed(self) -> Part:
        text = "".join(self.pieces)
        if isinstance(self.part, ToolBegin):
            begin = self.part
            return ToolCallPart(
                id=begin.id, name=begin.name, arguments=text, signature=begin.signature
            )
        if self.part is not None:
            return self.part
        if self.kind is ThinkingPart:
            return ThinkingPart(text=text, signature=self.signature)
        return self.kind(text)


class _Choice:
    __slots__ = ("calls", "parts", "reason", "stop_sequence")

    def __init__(self) -> None:
        self.parts: list[_Open] = []
        self.calls: dict[int, _Open] = {}
        self.reason: str | None = None
        self.stop_sequence: str | None = None

    def text(self, kind: Any, text: str) -> None:
        last = self.parts[-1] if self.parts else None
        if last is None or last.kind is not kind or last.signature is not None:
            last = _Open(kind)
            self.parts.append(last)
        last.pieces.append(text)

    def sign(self, signature: str) -> None:
        self.parts[-1].signature = signature

    def call(self, begin: ToolBegin) -> None:
        opened = _Open(None, begin)
        self.calls[begin.index] = opened
        self.parts.append(opened)

    def arguments(self, delta: ToolDelta) -> None:
        if delta.index in self.calls:
            self.calls[delta.index].pieces.append(delta.arguments)

    def candidate(self) -> Candidate:
        return Candidate(
            parts=tuple([part.closed() for part in self.parts]),
            finish_reason=self.reason,
            stop_sequence=self.stop_sequence,
        )
