"""Bedrock's content blocks, to our parts and back; shared by requests and answers.

A cache mark is a block of its own behind what it marks. Source: the Converse shapes in botocore's service
model of bedrock-runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.request import (
    CacheTtl,
    MediaPart,
    OpaquePart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._media_types import Kind, media_type
from pilothouse.dialects._raw import ABSENT, present

DIALECT = "bedrock_converse"
Lost = Callable[[str], None]
"""Told the path of each thing that cannot be said."""


class S3(Struct):
    uri: str = ""


class Source(Struct, rename="camel"):
    bytes: str | None = None
    s3_location: S3 | None = None
    text: str | None = None


class Media(Struct):
    format: str = ""
    source: Source = msgspec.field(default_factory=Source)
    name: str | None = None


class ToolUse(Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: Raw = ABSENT
    type: str | None = None


class ResultContent(Struct):
    text: str | None = None
    json: Raw = ABSENT
    image: Media | None = None
    document: Media | None = None
    video: Media | None = None


class ToolResult(Struct, rename="camel"):
    tool_use_id: str = ""
    content: list[ResultContent] = []
    status: str | None = None
    type: str | None = None


class ReasoningText(Struct):
    text: str = ""
    signature: str | None = None


class Reasoning(Struct, rename="camel"):
    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class CachePoint(Struct):
    ttl: str | None = None

    @property
    def mark(self) -> CacheTtl:
        return "1h" if self.ttl == "1h" else "5m"


class Block(Struct, rename="camel"):
    """One of these, or something that only Bedrock understands."""

    text: str | None = None
    image: Media | None = None
    document: Media | None = None
    video: Media | None = None
    audio: Media | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    reasoning_content: Reasoning | None = None
    cache_point: CachePoint | None = None


_block_in = msgspec.json.Decoder(Block)
_MIMES: dict[str, dict[str, str]] = {
    "image": {f: f"image/{f}" for f in ("png", "jpeg", "gif", "webp")},
    "audio": {
        **{f: f"audio/{f}" for f in ("mp3", "wav", "ogg", "opus", "aac", "flac", "mp4", "webm")},
        "mpeg": "audio/mpeg",
    },
    "video": {
        **{f: f"video/{f}" for f in ("mp4", "webm", "mpeg")},
        "mov": "video/quicktime",
        "mkv": "video/x-matroska",
        "flv": "video/x-flv",
        "wmv": "video/x-ms-wmv",
        "three_gp": "video/3gpp",
    },
    "file": {
        "pdf": "application/pdf",
        "csv": "text/csv",
        "html": "text/html",
        "txt": "text/plain",
        "md": "text/markdown",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
}
_FORMATS = {mime: form for forms in _MIMES.values() for form, mime in forms.items()}
_BLOCKS = {"image": "image", "audio": "audio", "video": "video", "file": "document"}
_NAMELESS = "document"
"""A document must have a name; this one says that it has none."""


def block_in(written: Raw) -> Part | CachePoint:
    """One block; a cache mark belongs to the part before it."""
    given = _block_in.decode(written)
    if given.text is not None:
        return TextPart(given.text)
    if given.tool_use is not None and given.tool_use.type is None:
        call = given.tool_use
        return ToolCallPart(id=call.tool_use_id, name=call.name, arguments=_json_text(call.input))
    if given.tool_result is not None and given.tool_result.type is None:
        return _result_in(given.tool_result)
    if given.reasoning_content is not None:
        return _reasoning_in(given.reasoning_content)
    if given.cache_point is not None:
        return given.cache_point
    media = _media_in(given)
    return OpaquePart(raw=written.copy(), dialect=DIALECT) if media is None else media


def call_out(part: ToolCallPart) -> dict[str, Any] | None:
    """None when the arguments are no JSON object."""
    text = part.arguments.strip() or "{}"
    try:
        is_object = isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not is_object:
        return None
    use = {"toolUseId": part.id, "name": part.name, "input": Raw(text.encode())}
    return {"toolUse": use}


def thinking_out(part: ThinkingPart) -> dict[str, Any]:
    """Shown or encrypted reasoning."""
    if part.redacted is not None:
        return {"reasoningContent": {"redactedContent": part.redacted}}
    shown = {"text": part.text}
    if part.signature is not None:
        shown["signature"] = part.signature
    return {"reasoningContent": {"reasoningText": shown}}


def media_out(part: MediaPart, at: str, lost: Lost) -> dict[str, Any] | None:
    """Bytes, or an object in S3: Bedrock fetches nothing else."""
    form = _FORMATS.get(media_type(part))
    where = part.url or part.file_id
    is_in_s3 = where is not None and where.startswith("s3://")
    if form is None or form not in _MIMES[part.kind] or (where is not None and not is_in_s3):
        lost(f"{at}: {part.kind}")
        return None
    if part.detail is not None:
        lost(f"{at}.detail")
    source = {"bytes": part.data} if where is None else {"s3Location": {"uri": where}}
    block: dict[str, Any] = {"format": form, "source": source}
    if part.kind == "file":
        block["name"] = _document_name(part.name)
    if part.name is not None and block.get("name") != part.name:
        lost(f"{at}.name")
    return {_BLOCKS[part.kind]: block}


def cache_out(mark: CacheTtl) -> dict[str, Any]:
    """Five minutes is what a mark means that says nothing."""
    point = {"type": "default"} if mark == "5m" else {"type": "default", "ttl": mark}
    return {"cachePoint": point}


def _document_name(name: str | None) -> str:
    """Letters, digits, single blanks, hyphens, brackets: Bedrock refuses the rest."""
    kept = "".join(
        [c if (c.isascii() and c.isalnum()) or c in "-()[]" else " " for c in name or ""]
    )
    return " ".join(kept.split())[:200] or _NAMELESS


def _media_in(given: Block | ResultContent) -> MediaPart | None:
    if given.image is not None:
        return _one_media_in("image", given.image)
    if given.document is not None:
        return _one_media_in("file", given.document)
    if given.video is not None:
        return _one_media_in("video", given.video)
    if isinstance(given, Block) and given.audio is not None:
        return _one_media_in("audio", given.audio)
    return None


def _one_media_in(kind: Kind, given: Media) -> MediaPart | None:
    source = given.source
    if source.bytes is None and source.s3_location is None:
        return None
    return MediaPart(
        kind=kind,
        mime=_MIMES[kind].get(given.format),
        data=source.bytes,
        url=source.s3_location.uri if source.s3_location else None,
        name=None if given.name == _NAMELESS else given.name,
    )


def _result_in(given: ToolResult) -> ToolResultPart:
    parts: list[TextPart | MediaPart] = []
    for content in given.content:
        media = _media_in(content)
        if media is not None:
            parts.append(media)
        elif content.text is not None:
            parts.append(TextPart(content.text))
        elif present(content.json) is not None:
            parts.append(TextPart(_json_text(content.json)))
    return ToolResultPart(
        call_id=given.tool_use_id, parts=tuple(parts), is_error=given.status == "error"
    )


def _reasoning_in(given: Reasoning) -> ThinkingPart:
    if given.redacted_content is not None:
        return ThinkingPart(redacted=given.redacted_content)
    shown = given.reasoning_text or ReasoningText()
    return ThinkingPart(text=shown.text, signature=shown.signature)


def _json_text(data: Raw) -> str:
    found = present(data)
    return "{}" if found is None else bytes(found).decode()
