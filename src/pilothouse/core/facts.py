"""What routing may know of a request: a few cheap facts, and for a learned router what the user wrote.

Two ways to them: from the envelope alone (the fast path, where the body is passed on unread), and from the
whole request, for routes that decide by content (`RouteSpec.reads_content`).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.content import has_media, looks_like_code, script_of, text_tokens
from pilothouse.core.dialect import Envelope
from pilothouse.core.request import MediaPart, Request, ToolResultPart

MEDIA_TOKENS = 1000
"""What an image, a sound or a file counts as: crude, because its size is not read here."""


class Facts(Struct, frozen=True, kw_only=True):
    """None = not known. What is only known from the content stays at its default on the fast path."""

    request_id: str
    model: str
    """What the caller asked for: a route, an alias or a target."""
    stream: bool = False
    dialect: str | None = None
    subject: str | None = None
    """The user, opaque."""
    conversation: str | None = None
    max_output_tokens: int | None = None
    key_id: str | None = None
    team: str | None = None
    tag: str | None = None
    """The kind of work, in the caller's words (`x-pilothouse-tag`)."""
    metadata: Mapping[str, str] = {}
    """Tags the caller sent along."""
    # From the content:
    input_tokens: int | None = None
    """Estimated: UTF-8 bytes of the text over 4, media at a flat rate."""
    messages: int | None = None
    has_tools: bool = False
    has_images: bool = False
    has_audio: bool = False
    has_files: bool = False
    """Documents or films."""
    has_code: bool = False
    """A guess, by marks of code in the last user message."""
    wants_json: bool = False
    wants_thinking: bool = False
    script: str | None = None
    """Of the last user message: latin, cyrillic, greek, arabic, hebrew, han, kana, hangul, indic, thai."""
    user_texts: tuple[str, ...] = ()
    """What the user wrote, turn by turn. Looked at by learned routers, kept nowhere."""


def facts_of_envelope(
    envelope: Envelope,
    *,
    request_id: str,
    dialect: str | None = None,
    subject: str | None = None,
    conversation: str | None = None,
    key_id: str | None = None,
    team: str | None = None,
    tag: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Facts:
    """What is known without reading the content. `subject` (a header) wins over the body's."""
    return Facts(
        request_id=request_id,
        model=envelope.model,
        stream=envelope.stream,
        dialect=dialect,
        subject=subject or envelope.subject,
        conversation=conversation,
        max_output_tokens=envelope.max_output_tokens,
        key_id=key_id,
        team=team,
        tag=tag,
        metadata=metadata or {},
    )


def with_content(facts: Facts, request: Request) -> Facts:
    """`facts` with what the whole request says. Costs grow with the text; nothing is kept of it."""
    media = [part for message in request.messages for part in _media(message.parts)]
    said = tuple([m.text for m in request.messages if m.role == "user"])
    last = said[-1] if said else ""
    thinking = request.thinking
    text = sum(text_tokens(message.text) for message in request.messages)
    tools = sum(len(tool.parameters or b"") // 4 for tool in request.tools)
    return replace(
        facts,
        subject=facts.subject or request.subject,
        max_output_tokens=request.max_output_tokens or facts.max_output_tokens,
        input_tokens=text + tools + MEDIA_TOKENS * len(media),
        messages=len(request.messages),
        has_tools=bool(request.tools),
        has_images=has_media(media, "image"),
        has_audio=has_media(media, "audio"),
        has_files=has_media(media, "file", "video"),
        has_code=looks_like_code(last),
        wants_json=request.output is not None,
        wants_thinking=thinking is not None
        and thinking.budget_tokens != 0
        and thinking.effort != "none",
        script=script_of(last),
        user_texts=said,
    )


def _media(parts: tuple[object, ...]) -> list[MediaPart]:
    found: list[MediaPart] = []
    for part in parts:
        if isinstance(part, MediaPart):
            found.append(part)
        elif isinstance(part, ToolResultPart):
            found += [p for p in part.parts if isinstance(p, MediaPart)]
    return found
