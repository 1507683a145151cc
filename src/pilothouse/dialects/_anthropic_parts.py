"""Our parts written as Anthropic's content blocks, and what of them could not be said.

Not counted as lost: a refusal in words (it is text here), a handle of a thinking block (the signature is
what the vendor wants), the spelling of a tool call's id (letters, digits, `_` and `-` only; calls and
results are respelled alike), and the name beside a tool's result when its call has it too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from pilothouse.core.request import (
    MediaPart,
    OpaquePart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._anthropic_blocks import (
    NAME,
    Base64Source,
    BlockOut,
    Document,
    FileSource,
    Image,
    PlainSource,
    RedactedThought,
    Text,
    Thought,
    ToolResult,
    ToolUse,
    UrlSource,
    mark,
    with_extra,
)

_IMAGES = {"iVBORw0KGgo": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif"}
_OPENAI_SEALED = "gAAAA"
"""How OpenAI's encrypted reasoning begins; Anthropic would refuse the whole request for it."""

_object = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


class Losses(list[str]):
    """Paths of what could not be said; `at` is where the writer is."""

    def add(self, path: str, why: str = "") -> None:
        """`path` in our nouns, and why it could not be said where that is not plain."""
        self.append(f"{path}: {why}" if why else path)


def write_parts(parts: Sequence[Part], at: str, lost: Losses) -> list[BlockOut]:
    """Blocks of `parts`; `at` is the path of the message, e.g. `messages[2]`."""
    found: list[BlockOut] = []
    for i, part in enumerate(parts):
        block = write_part(part, f"{at}.parts[{i}]", lost)
        if block is not None:
            found.append(block)
    return found


def write_part(part: Part, at: str, lost: Losses) -> BlockOut | None:
    """One block, or None when there is nothing to say or no way to say it (then it is lost)."""
    match part:
        case TextPart():  # an empty text is refused by the vendor and says nothing
            block = Text(text=part.text, cache_control=mark(part.cache)) if part.text else None
            return with_extra(block, part.extra) if block else None
        case RefusalPart():
            return Text(text=part.text) if part.text else None
        case MediaPart():
            return _media(part, at, lost)
        case ToolCallPart():
            return _tool_use(part, at, lost)
        case ToolResultPart():
            return _tool_result(part, at, lost)
        case ThinkingPart():
            return _thought(part, at, lost)
        case _:
            return _opaque(part, at, lost)


def tool_id(id: str) -> str:
    """`id` in the characters that Anthropic takes."""
    if id.isascii() and id.replace("_", "").replace("-", "").isalnum():
        return id
    return "".join([c if c.isascii() and c.isalnum() else "_" for c in id]) or "_"


def tool_input(arguments: str) -> Raw | None:
    """Arguments as the object the wire wants; None when they are not one."""
    if not arguments.strip():
        return Raw(b"{}")
    data = arguments.encode()
    try:
        _object.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return Raw(data)


def _opaque(part: OpaquePart, at: str, lost: Losses) -> BlockOut | None:
    if part.dialect == NAME:
        return part.raw
    lost.add(at, f"only {part.dialect} has a word for it")
    return None


def _thought(part: ThinkingPart, at: str, lost: Losses) -> BlockOut | None:
    proof = part.redacted or part.signature
    if not proof:
        lost.add(at, "thinking without its signature")
    elif proof.startswith(_OPENAI_SEALED):
        lost.add(at, "another vendor's sealed thinking")
    elif part.redacted:
        return RedactedThought(data=part.redacted)
    else:
        return Thought(thinking=part.text, signature=proof)
    return None


def _tool_use(part: ToolCallPart, at: str, lost: Losses) -> BlockOut:
    given = tool_input(part.arguments)
    if given is None:  # the vendor's own advice for arguments that did not come out as JSON
        lost.add(f"{at}.arguments", "not a JSON object")
        given = Raw(_encode({"INVALID_JSON": part.arguments}))
    if part.signature is not None:
        lost.add(f"{at}.signature")
    block = ToolUse(
        id=tool_id(part.id), name=part.name, input=given, cache_control=mark(part.cache)
    )
    return with_extra(block, part.extra)


def _tool_result(part: ToolResultPart, at: str, lost: Losses) -> BlockOut:
    content: list[Text | Image | Document | Raw] = []
    for block in write_parts(part.parts, at, lost):
        if isinstance(block, (Text, Image, Document, Raw)):
            content.append(block)
    only = content[0] if len(content) == 1 else None
    is_plain = isinstance(only, Text) and only.cache_control is None and not only.citations
    block = ToolResult(
        tool_use_id=tool_id(part.call_id),
        content=only.text if is_plain and isinstance(only, Text) else content or None,
        is_error=part.is_error,
        cache_control=mark(part.cache),
    )
    return with_extra(block, part.extra)


def _media(part: MediaPart, at: str, lost: Losses) -> BlockOut | None:
    if part.kind not in ("image", "file"):
        lost.add(at, part.kind)
        return None
    if part.detail not in (None, "auto"):
        lost.add(f"{at}.detail")
    if part.kind == "image":
        return _image(part, at, lost)
    return _document(part, at, lost)


def _image(part: MediaPart, at: str, lost: Losses) -> BlockOut | None:
    if part.data is not None:
        mime = part.mime or _image_type(part.data)
        if mime is None:
            lost.add(at, "an image that does not say its type")
            return None
        source = Base64Source(mime, part.data)
    else:
        source = _elsewhere(part, at, lost)
    if part.name is not None:
        lost.add(f"{at}.name")
    return with_extra(Image(source=source, cache_control=mark(part.cache)), part.extra)


def _document(part: MediaPart, at: str, lost: Losses) -> BlockOut | None:
    source: Base64Source | UrlSource | FileSource | PlainSource
    if part.data is None:
        source = _elsewhere(part, at, lost)
    elif part.mime == "application/pdf" or (part.mime is None and part.data.startswith("JVBER")):
        source = Base64Source("application/pdf", part.data)
    else:
        text = _plain_text(part.data) if (part.mime or "").startswith("text/") else None
        if text is None:
            lost.add(at, f"a file of type {part.mime}")
            return None
        if part.mime != "text/plain":
            lost.add(f"{at}.mime")
        source = PlainSource(text)
    block = Document(source=source, title=part.name, cache_control=mark(part.cache))
    return with_extra(block, part.extra)


def _elsewhere(part: MediaPart, at: str, lost: Losses) -> UrlSource | FileSource:
    if part.mime is not None:
        lost.add(f"{at}.mime")
    return FileSource(part.file_id) if part.file_id is not None else UrlSource(part.url or "")


def _image_type(data: str) -> str | None:
    for start, mime in _IMAGES.items():
        if data.startswith(start):
            return mime
    return "image/webp" if data.startswith("UklGR") else None


def _plain_text(data: str) -> str | None:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
