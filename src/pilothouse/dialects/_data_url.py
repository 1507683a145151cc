"""Media inside an address (`data:` URLs), taken apart and put together."""

from __future__ import annotations

from pilothouse.core.request import MediaPart


def split_url(url: str) -> tuple[str | None, str | None, str | None]:
    """`data:image/png;base64,xxx` to (type, base64, None); any other address to (None, None, it)."""
    if not url.startswith("data:"):
        return None, None, url
    head, _, data = url[5:].partition(",")
    return head.partition(";")[0] or None, data, None


def data_url(part: MediaPart, default: str) -> str:
    """The inverse of `split_url`; `default` is the type of data that does not say its own."""
    if part.url is not None:
        return part.url
    return f"data:{part.mime or default};base64,{part.data or ''}"
