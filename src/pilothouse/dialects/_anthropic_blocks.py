"""Anthropic's content blocks as types, and what becomes of each block when it is read.

Source: the types of the vendor's own SDK (2.12). A block of a kind without a noun is kept as it came
(`OpaquePart`); fields without a noun go with their part (`Extra`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.errors import BadRequest
from pilothouse.core.request import (
    CacheTtl,
    Extra,
    MediaPart,
    OpaquePart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from pilothouse.dialects._bad_body import bad_request, decoded
from pilothouse.dialects._raw import ABSENT

NAME = "anthropic_messages"


class CacheControl(
    Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, tag="ephemeral"
):
    """A cache mark; five minutes unless it says otherwise."""

    ttl: CacheTtl = "5m"


class Block(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What all kinds share."""

    cache_control: CacheControl | None = None


class Base64Source(Struct, frozen=True, forbid_unknown_fields=True, tag="base64"):
    """The bytes of an image or a PDF."""

    media_type: str
    data: str


class UrlSource(Struct, frozen=True, forbid_unknown_fields=True, tag="url"):
    """Where the vendor fetches it."""

    url: str


class FileSource(Struct, frozen=True, forbid_unknown_fields=True, tag="file"):
    """The vendor's handle."""

    file_id: str


class PlainSource(Struct, frozen=True, forbid_unknown_fields=True, tag="text"):
    """A document that is plain text."""

    data: str
    media_type: Literal["text/plain"] = "text/plain"


class Text(Block, frozen=True, kw_only=True, tag="text"):
    """Plain text; `citations` only in answers and what is sent back of them."""

    text: str
    citations: Raw = ABSENT


class Image(Block, frozen=True, kw_only=True, tag="image"):
    """An image."""

    source: Base64Source | UrlSource | FileSource
    transformations: Raw = ABSENT


class Document(Block, frozen=True, kw_only=True, tag="document"):
    """A PDF or a plain text."""

    source: Base64Source | UrlSource | FileSource | PlainSource
    title: str | None = None
    citations: Raw = ABSENT
    context: Raw = ABSENT


class ToolUse(Block, frozen=True, kw_only=True, tag="tool_use"):
    """The model asks for a tool. `input` is a JSON object."""

    id: str
    name: str
    input: Raw
    caller: Raw = ABSENT
    toolset_name: Raw = ABSENT


class ToolResult(Block, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool said."""

    tool_use_id: str
    content: str | Sequence[Text | Image | Document | Raw] | None = None
    is_error: bool = False
    toolset_name: Raw = ABSENT


class ToolResultIn(Block, frozen=True, kw_only=True, tag="tool_result"):
    """The same as read: its content is of known kinds only."""

    tool_use_id: str
    content: str | list[Text | Image | Document] | None = None
    is_error: bool = False
    toolset_name: Raw = ABSENT


class Thought(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="thinking"):
    """Shown reasoning with the proof that it is the vendor's."""

    thinking: str
    signature: str = ""


class RedactedThought(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="redacted_thinking"
):
    """Reasoning that only the vendor can read."""

    data: str


BlockIn = Text | Image | Document | ToolUse | ToolResultIn | Thought | RedactedThought
BlockOut = Text | Image | Document | ToolUse | ToolResult | Thought | RedactedThought | Raw

_KNOWN: dict[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "image": frozenset({"source"}),
    "document": frozenset({"source", "title"}),
    "tool_use": frozenset({"id", "name", "input"}),
    "tool_result": frozenset({"tool_use_id", "content", "is_error"}),
    "thinking": frozenset({"thinking", "signature"}),
    "redacted_thinking": frozenset({"data"}),
}
_SHARED = frozenset({"type", "cache_control"})
_INNER = {
    "cache_control": frozenset({"type", "ttl"}),
    "source": frozenset({"type", "media_type", "data", "url", "file_id"}),
}
_SOURCES = frozenset({"base64", "url", "file", "text"})


class _Kind(Struct):
    type: str


class _Sourced(Struct):
    source: _Kind


_encode = msgspec.json.Encoder().encode
_block_in = msgspec.json.Decoder(BlockIn)
_kind = msgspec.json.Decoder(_Kind)
_sourced = msgspec.json.Decoder(_Sourced)
_fields = msgspec.json.Decoder(dict[str, Raw])
_content = msgspec.json.Decoder(str | list[Raw] | None)


def read_block(block: BlockIn) -> Part:
    """One block of a known kind."""
    match block:
        case Text():
            extra = _extra(citations=block.citations) if block.citations else None
            return TextPart(block.text, cache=_ttl(block), extra=extra)
        case ToolUse():
            return _tool_call(block)
        case ToolResultIn():
            return _tool_result(block)
        case Thought():
            return ThinkingPart(text=block.thinking, signature=block.signature or None)
        case RedactedThought():
            return ThinkingPart(redacted=block.data)
        case Image():
            extra = _extra(transformations=block.transformations)
            return _media("image", block.source, None, _ttl(block), extra)
        case _:
            extra = _extra(citations=block.citations, context=block.context)
            return _media("file", block.source, block.title, _ttl(block), extra)


def read_loose(raw: Raw, path: str) -> Part:
    """One block of any kind. Raises `BadRequest` (`path` and what is below) for a known kind
    with a wrong value.
    """
    try:
        kind = decoded(_kind, raw).type
        known = _KNOWN.get(kind)
        if known is None or not _has_known_source(raw, kind):
            return OpaquePart(raw=raw.copy(), dialect=NAME)
        fields = _fields.decode(raw)
        rest = {k: v for k, v in fields.items() if k not in known and k not in _SHARED}
        mine = {k: v for k, v in fields.items() if k not in rest and v != b"null"}
        trim(mine, rest)
        inner = mine.pop("content", None) if kind == "tool_result" else None
        part = read_block(_block_in.decode(_encode(mine)))
    except msgspec.ValidationError as error:
        raise _below(bad_request(error), path) from None
    except BadRequest as error:
        raise _below(error, path) from None
    if isinstance(part, ToolResultPart) and inner is not None:
        part = msgspec.structs.replace(part, parts=_loose_content(inner, f"{path}.content"))
    extra = None if isinstance(part, (ThinkingPart, OpaquePart)) else _extra(**rest)
    return msgspec.structs.replace(part, extra=extra) if extra else part


def read_content(raw: Raw, path: str) -> tuple[Part, ...]:
    """The content of a message of any kind of blocks."""
    try:
        content = decoded(_content, raw)
    except BadRequest as error:
        raise _below(error, path) from None
    if isinstance(content, str):
        return (TextPart(content),)
    return tuple([read_loose(inner, f"{path}[{i}]") for i, inner in enumerate(content or ())])


def trim(mine: dict[str, Raw], rest: dict[str, Raw]) -> None:
    """Takes what no noun holds out of a cache mark or a source; then the whole goes to `rest` too."""
    for name, known in _INNER.items():
        whole = mine.get(name)
        if whole is None:
            continue
        inner = decoded(_fields, whole)
        kept = {k: v for k, v in inner.items() if k in known}
        if len(kept) < len(inner):
            rest[name] = whole
            mine[name] = Raw(_encode(kept))


def mark(ttl: CacheTtl | None) -> CacheControl | None:
    """The wire's word for a cache mark."""
    return None if ttl is None else CacheControl(ttl)


def with_extra(block: Struct, extra: Extra | None) -> Any:
    """`block`, and the fields that came with it when they came from this dialect."""
    if extra is None or extra.dialect != NAME:
        return block
    fields = _fields.decode(_encode(block))
    return Raw(_encode({**fields, **_fields.decode(extra.fields)}))


def extra_of(fields: dict[str, Raw]) -> Extra | None:
    """Fields without a noun, nulls left out; None when nothing is left."""
    kept = {k: v for k, v in fields.items() if v and v != b"null"}
    return Extra(NAME, Raw(_encode(kept))) if kept else None


def _extra(**fields: Raw) -> Extra | None:
    return extra_of(fields)


def _has_known_source(raw: Raw, kind: str) -> bool:
    if kind not in ("image", "document"):
        return True
    return decoded(_sourced, raw).source.type in _SOURCES


def _below(error: BadRequest, path: str) -> BadRequest:
    param = f"{path}.{error.param}" if error.param else path
    return BadRequest(str(error), param=param)


def _ttl(block: Block) -> CacheTtl | None:
    return None if block.cache_control is None else block.cache_control.ttl


def _tool_call(block: ToolUse) -> ToolCallPart:
    has_more = block.caller or block.toolset_name
    return ToolCallPart(
        id=block.id,
        name=block.name,
        arguments=bytes(block.input).decode(),
        cache=_ttl(block),
        extra=_extra(caller=block.caller, toolset_name=block.toolset_name) if has_more else None,
    )


def _tool_result(block: ToolResultIn) -> ToolResultPart:
    return ToolResultPart(
        call_id=block.tool_use_id,
        parts=_inner(block.content),
        is_error=block.is_error,
        cache=_ttl(block),
        extra=_extra(toolset_name=block.toolset_name) if block.toolset_name else None,
    )


def _inner(
    content: str | Iterable[Text | Image | Document] | None,
) -> tuple[TextPart | MediaPart | OpaquePart, ...]:
    if isinstance(content, str):
        return (TextPart(content),)
    return _plain([read_block(block) for block in content or ()])


def _loose_content(raw: Raw, path: str) -> tuple[TextPart | MediaPart | OpaquePart, ...]:
    return _plain(read_content(raw, path))


def _plain(parts: Iterable[Part]) -> tuple[TextPart | MediaPart | OpaquePart, ...]:
    return tuple([p for p in parts if isinstance(p, (TextPart, MediaPart, OpaquePart))])


def _media(
    kind: Literal["image", "file"],
    source: Base64Source | UrlSource | FileSource | PlainSource,
    title: str | None,
    cache: CacheTtl | None,
    extra: Extra | None,
) -> MediaPart:
    mime, data, url, file_id = None, None, None, None
    match source:
        case Base64Source():
            mime, data = source.media_type, source.data
        case PlainSource():
            mime, data = source.media_type, base64.b64encode(source.data.encode()).decode()
        case UrlSource():
            url = source.url
        case FileSource():
            file_id = source.file_id
    return MediaPart(
        kind=kind,
        mime=mime,
        data=data,
        url=url,
        file_id=file_id,
        name=title,
        cache=cache,
        extra=extra,
    )
