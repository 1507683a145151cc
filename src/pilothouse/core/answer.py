"""What came back from a model, in no vendor's dialect: whole, or piece by piece as events."""

from __future__ import annotations

from msgspec import Raw, Struct

from pilothouse.core.request import Part, RefusalPart, TextPart


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one attempt. Parts are inside their whole: `input_tokens` counts cached and written
    ones too (OpenAI's and Gemini's convention; Anthropic's is disjoint and is added up when read).
    """

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    """Written to the vendor's cache, whatever the lifetime."""
    cache_write_1h_tokens: int = 0
    """Of those, the ones kept for an hour."""
    reasoning_tokens: int = 0
    """Of the output."""
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    is_estimated: bool = False
    """True when we counted, because the provider did not say."""


class Candidate(Struct, frozen=True, kw_only=True):
    """One of the answers to one question."""

    parts: tuple[Part, ...]
    finish_reason: str | None = None
    """stop, stop_sequence, length, tool_calls, content_filter; anything else is the vendor's word."""
    stop_sequence: str | None = None
    logprobs: Raw | None = None
    """OpenAI's form."""

    @property
    def text(self) -> str:
        """What it says, refusals included, thinking and tool calls not."""
        return "".join([p.text for p in self.parts if isinstance(p, (TextPart, RefusalPart))])


class Answer(Struct, frozen=True, kw_only=True):
    """What came back from one attempt. `candidates` has at least one."""

    candidates: tuple[Candidate, ...]
    usage: Usage | None = None
    id: str | None = None
    model: str | None = None
    """What the provider says answered."""
    latency_ms: float | None = None
    """Start of the attempt to its last byte; None = not recorded (a replayed answer)."""
    ttft_ms: float | None = None
    """Start of the attempt to the first token; None = not recorded or not streamed."""

    @classmethod
    def of_text(
        cls,
        text: str,
        *,
        finish_reason: str | None = "stop",
        usage: Usage | None = None,
        latency_ms: float | None = None,
        ttft_ms: float | None = None,
    ) -> Answer:
        """An answer of one text."""
        only = Candidate(parts=(TextPart(text),), finish_reason=finish_reason)
        return cls(candidates=(only,), usage=usage, latency_ms=latency_ms, ttft_ms=ttft_ms)

    @property
    def text(self) -> str:
        """The first candidate's text."""
        return self.candidates[0].text

    @property
    def finish_reason(self) -> str | None:
        """The first candidate's."""
        return self.candidates[0].finish_reason


# A stream: Begin, then deltas of any kind, a Finish for each candidate, Used where it is told.
# `choice` is the candidate's number; `index` counts tool calls within it.


class Begin(Struct, frozen=True):
    """The provider has started; nothing of the answer yet."""

    id: str | None = None
    model: str | None = None


class TextDelta(Struct, frozen=True):
    """More text."""

    text: str
    choice: int = 0
    logprobs: Raw | None = None


class RefusalDelta(Struct, frozen=True):
    """More of the words that decline."""

    text: str
    choice: int = 0


class ThinkingDelta(Struct, frozen=True):
    """More reasoning; with a `signature` the block is complete."""

    text: str = ""
    choice: int = 0
    signature: str | None = None


class ToolBegin(Struct, frozen=True):
    """A tool call starts."""

    index: int
    id: str
    name: str
    choice: int = 0
    signature: str | None = None


class ToolDelta(Struct, frozen=True):
    """More of a tool call's arguments (JSON text)."""

    index: int
    arguments: str
    choice: int = 0


class WholePart(Struct, frozen=True):
    """A part that does not come in pieces: an image, redacted thinking."""

    part: Part
    choice: int = 0


class Finish(Struct, frozen=True):
    """A candidate is complete. Reasons as in `Candidate`."""

    reason: str
    choice: int = 0
    stop_sequence: str | None = None


class Used(Struct, frozen=True):
    """What it used so far; the last one counts."""

    usage: Usage


class End(Struct, frozen=True):
    """The dialect's own end mark: the stream is whole."""


Event = (
    Begin
    | TextDelta
    | RefusalDelta
    | ThinkingDelta
    | ToolBegin
    | ToolDelta
    | WholePart
    | Finish
    | Used
    | End
)

IS_ANSWER = (TextDelta, RefusalDelta, ThinkingDelta, ToolBegin, ToolDelta, WholePart, Finish)
"""Events after which a stream is committed: something of the answer has been seen."""
