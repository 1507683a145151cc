"""One question to a model and its answer, in no vendor's dialect."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Role = Literal["system", "user", "assistant", "tool"]


class Message(Struct, frozen=True, kw_only=True):
    """One turn of a conversation. `text` is the plain text of all its parts."""

    role: Role
    text: str


class Request(Struct, frozen=True, kw_only=True):
    """One question. `model` is what the caller asked for: a route, an alias or a target."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    max_output_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    subject: str | None = None
    """Whoever must stay on one arm (a user or conversation id); already hashed or opaque."""


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one attempt. `input_tokens` includes cached ones (OpenAI's convention)."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    is_estimated: bool = False
    """True when we counted, because the provider did not say."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came back from one attempt."""

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
    latency_ms: float | None = None
    """Start of the attempt to its last byte; None = not recorded (a replayed answer)."""
    ttft_ms: float | None = None
    """Start of the attempt to the first token; None = not recorded or not streamed."""
