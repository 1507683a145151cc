"""Media types of what people attach, where a format wants one and the other side gave none."""

from __future__ import annotations

from typing import Literal

from pilothouse.core.request import MediaPart

Kind = Literal["image", "audio", "video", "file"]

_BY_ENDING = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_USUAL = {
    "image": "image/png",
    "audio": "audio/wav",
    "video": "video/mp4",
    "file": "application/pdf",
}


def media_kind(mime: str | None) -> Kind:
    """What a media type is, in our words."""
    match (mime or "").partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "file"


def media_type(part: MediaPart) -> str:
    """The part's own type, else by the ending of its address or name, else the usual one of its kind."""
    if part.mime is not None:
        return part.mime
    path = (part.url or part.name or "").partition("?")[0]
    found = _BY_ENDING.get(path.rpartition(".")[2].lower())
    return found if found and media_kind(found) == part.kind else _USUAL[part.kind]
