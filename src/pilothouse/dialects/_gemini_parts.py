"""The parts of Gemini's contents, to our nouns and back; shared by requests, answers and streams.

Source: https://ai.google.dev/api/caching#Part. Code that Google's own tools ran (`executableCode` and the
like) has no noun of ours: in requests it is an `OpaquePart`; an answer holds it only for a caller whose
request asked for those tools in this very dialect, and then the bytes pass through unread.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pilothouse.core.request import MediaPart, Part, TextPart, ThinkingPart, ToolCallPart
from pilothouse.dialects._camel import camel_object
from pilothouse.dialects._gemini_signature import redacted_in, signature_in, standard
from pilothouse.dialects._media_types import media_kind, media_type
from pilothouse.dialects._raw import ABSENT, present


class Blob(Struct, rename="camel"):
    mime_type: str | None = None
    data: str = ""


class FileData(Struct, rename="camel"):
    file_uri: str = ""
    mime_type: str | None = None


class FunctionCall(Struct):
    name: str = ""
    id: str | None = None
    args: Raw = ABSENT

    @property
    def arguments(self) -> str:
        """JSON text; Gemini leaves out what is empty."""
        args = present(self.args)
        return "{}" if args is None else bytes(args).decode()


class Resolution(Struct):
    level: str = ""


class ResultPartIn(Struct, rename="camel"):
    """Media inside a function's response."""

    inline_data: Blob | None = None
    file_data: FileData | None = None
    media_resolution: Resolution | None = None


class FunctionResponse(Struct):
    name: str = ""
    id: str | None = None
    response: Raw = ABSENT
    parts: list[ResultPartIn] | None = None


class PartIn(Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    media_resolution: Resolution | None = None

    @property
    def is_known(self) -> bool:
        """Whether a noun of ours can hold it."""
        return (
            self.text is not None
            or self.thought_signature is not None
            or self.inline_data is not None
            or self.file_data is not None
            or self.function_call is not None
            or self.function_response is not None
        )


_part_in = msgspec.json.Decoder(PartIn)


def part_in(data: Raw) -> PartIn:
    """One part, its fields in either spelling."""
    whole = bytes(data)
    return _part_in.decode(camel_object(data, depth=2) if b"_" in whole else whole)


def said_in(part: PartIn, call_id: str) -> list[Part]:
    """What a part says, tool results apart; `call_id` is for a tool call that has none.

    A signature on text stands behind it as thinking without words: so it comes back.
    """
    signature = signature_in(part.thought_signature)
    if part.function_call is not None:
        call = part.function_call
        return [
            ToolCallPart(
                id=call.id or call_id,
                name=call.name,
                arguments=call.arguments,
                signature=signature,
            )
        ]
    if part.thought:
        redacted = redacted_in(part.thought_signature)
        if redacted is not None:
            return [ThinkingPart(redacted=redacted)]
        return [ThinkingPart(text=part.text or "", signature=signature)]
    found: list[Part] = []
    media = media_in(part)
    if media is not None:
        found.append(media)
    elif part.text or (part.text is not None and signature is None):
        found.append(TextPart(part.text))
    if signature is not None:
        found.append(ThinkingPart(signature=signature))
    return found


def media_in(part: PartIn | ResultPartIn) -> MediaPart | None:
    """An attachment, inline or by address; None when the part is none."""
    detail = None
    if part.media_resolution is not None:
        detail = part.media_resolution.level.removeprefix("MEDIA_RESOLUTION_").lower() or None
    blob, file = part.inline_data, part.file_data
    if blob is not None:
        kind = media_kind(blob.mime_type)
        return MediaPart(kind=kind, mime=blob.mime_type, data=standard(blob.data), detail=detail)
    if file is not None:
        is_handle = "://" not in file.file_uri or "googleapis.com/v1beta/files/" in file.file_uri
        return MediaPart(
            kind=media_kind(file.mime_type),
            mime=file.mime_type,
            url=None if is_handle else file.file_uri,
            file_id=file.file_uri if is_handle else None,
            detail=detail,
        )
    return None


def media_out(part: MediaPart) -> dict[str, Any]:
    """An attachment."""
    mime = media_type(part)
    if part.data is not None:
        return {"inlineData": {"mimeType": mime, "data": part.data}}
    return {"fileData": {"mimeType": mime, "fileUri": part.url or part.file_id or ""}}


def call_out(part: ToolCallPart) -> dict[str, Any] | None:
    """A tool call, without its signature. None when its arguments are no JSON object."""
    args = object_of(part.arguments)
    if args is None:
        return None
    return {"functionCall": {"id": part.id, "name": part.name, "args": args}}


def object_of(text: str) -> Raw | None:
    """JSON text as it stands when it is an object all through; empty text is an empty one."""
    text = text.strip()
    if not text:
        return Raw(b"{}")
    if not text.startswith("{"):
        return None
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return Raw(text.encode())
