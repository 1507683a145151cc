"""One question to a model, in no vendor's dialect: messages of parts, tools, and how to answer.

The nouns are the union of what the vendors' formats can say. What no noun here holds stays in
`Request.extra` under the name its own format gave it, so that the same format gets it back.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct

Role = Literal["system", "developer", "user", "assistant", "tool"]
CacheTtl = Literal["5m", "1h"]
"""A mark that everything up to and including this part is worth keeping in the vendor's cache."""


class Extra(Struct, frozen=True):
    """Fields of a part or tool that only one dialect has words for; that dialect gets them back."""

    dialect: str
    fields: Raw
    """A JSON object."""


class TextPart(Struct, frozen=True, tag="text"):
    """Plain text."""

    text: str
    cache: CacheTtl | None = None
    extra: Extra | None = None


class MediaPart(Struct, frozen=True, kw_only=True, tag="media"):
    """An image, a sound, a film or a document. Exactly one of `data`, `url`, `file_id` is given."""

    kind: Literal["image", "audio", "video", "file"]
    mime: str | None = None
    data: str | None = None
    """Base64, without a `data:` prefix."""
    url: str | None = None
    file_id: str | None = None
    """The vendor's own handle of an uploaded file."""
    name: str | None = None
    detail: str | None = None
    """OpenAI's image resolution: low, high, auto."""
    cache: CacheTtl | None = None
    extra: Extra | None = None


class ToolCallPart(Struct, frozen=True, kw_only=True, tag="tool_call"):
    """The model asks for a tool. `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str
    signature: str | None = None
    """What the vendor wants back with it, opaque (Gemini's thought signature)."""
    cache: CacheTtl | None = None
    extra: Extra | None = None


class ToolResultPart(Struct, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool said."""

    call_id: str
    parts: tuple[TextPart | MediaPart | OpaquePart, ...]
    name: str | None = None
    is_error: bool = False
    cache: CacheTtl | None = None
    extra: Extra | None = None


class ThinkingPart(Struct, frozen=True, kw_only=True, tag="thinking"):
    """Reasoning that was shown. `signature` proves it to its vendor and goes back unchanged."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    """Encrypted reasoning that only the vendor can read; then `text` is empty."""
    id: str | None = None
    """The vendor's handle of this block (OpenAI Responses `rs_...`)."""


class RefusalPart(Struct, frozen=True, tag="refusal"):
    """The model declines, in words."""

    text: str


class OpaquePart(Struct, frozen=True, kw_only=True, tag="opaque"):
    """What only its own dialect understands (a vendor's web search, a reference to a stored item)."""

    raw: Raw
    dialect: str


Part = (
    TextPart | MediaPart | ToolCallPart | ToolResultPart | ThinkingPart | RefusalPart | OpaquePart
)


class Message(Struct, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None

    @property
    def text(self) -> str:
        """The plain text of all its parts, tool results included."""
        return "".join([_text(part) for part in self.parts])

    @classmethod
    def of_text(cls, role: Role, text: str) -> Message:
        """A message of one text."""
        return cls(role=role, parts=(TextPart(text),))


class Tool(Struct, frozen=True, kw_only=True):
    """A function that the model may ask for."""

    name: str
    description: str | None = None
    parameters: Raw | None = None
    """JSON schema."""
    strict: bool | None = None
    cache: CacheTtl | None = None
    extra: Extra | None = None


class ToolChoice(Struct, frozen=True, kw_only=True):
    """Whether the model may, must not or must ask for tools; `name`: for this one."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None


class OutputFormat(Struct, frozen=True, kw_only=True):
    """JSON asked for: any object, or one that keeps `schema`."""

    schema: Raw | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class Thinking(Struct, frozen=True, kw_only=True):
    """How much to reason before answering: in words, in tokens, or as the model likes."""

    effort: str | None = None
    """none, minimal, low, medium, high, xhigh; the vendor decides what it means."""
    budget_tokens: int | None = None
    """0 = do not."""
    is_shown: bool | None = None
    """Whether (a summary of) it is wanted in the answer."""
    is_adaptive: bool = False
    """The model decides how much."""


class Request(Struct, frozen=True, kw_only=True):
    """One question. `model` is what the caller asked for: a route, an alias or a target."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    output: OutputFormat | None = None
    thinking: Thinking | None = None
    subject: str | None = None
    """Whoever must stay on one arm (a user or conversation id); already hashed or opaque."""
    extra: dict[str, Raw] = {}
    """What no noun above holds, by its name in the dialect it was read from."""
    dialect: str | None = None
    """The dialect it was read from, which understands `extra`; None = made here."""


def _text(part: Part) -> str:
    match part:
        case TextPart() | RefusalPart():
            return part.text
        case ToolResultPart():
            return "".join([_text(inner) for inner in part.parts])
        case _:
            return ""
