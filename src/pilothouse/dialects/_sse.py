"""Server-sent events: the data of one, and writing one.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations


def event_data(event: bytes) -> bytes | None:
    """The `data:` of one event, its lines joined as the standard says; None when it has none."""
    if event.startswith(b"data: ") and event.count(b"\n") == 2 and b"\r" not in event:
        return event[6:-2]  # the common case
    lines = [
        line[5:].removeprefix(b" ")
        for line in event.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if line.startswith(b"data:")
    ]
    return b"\n".join(lines).strip() if lines else None


def sse(data: bytes, name: str | None = None) -> bytes:
    """One event, with its name where the dialect has names."""
    if name is None:
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
