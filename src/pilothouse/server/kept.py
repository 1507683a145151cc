"""Gives a kept answer: whole or as a stream, in the dialect of whoever asks."""

from __future__ import annotations

from pilothouse.client.cache.entry import Entry
from pilothouse.client.cache.replay import events_of
from pilothouse.core.ask import Ask
from pilothouse.core.dialect import Dialect
from pilothouse.server.http import Exchange

_JSON = "content-type: application/json\r\n"
_STREAM = "content-type: text/event-stream\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n"


def give(
    entry: Entry,
    dialect: Dialect,
    ask: Ask,
    out: Exchange,
    *,
    id: str,
    created_s: int,
    headers: str,
) -> None:
    """`headers`: lines, each with its end. The provider's own bytes within its dialect, when it came whole."""
    if ask.envelope.stream:
        out.start_stream((_STREAM + headers).encode())
        out.write(as_stream(entry, dialect, ask, id=id, created_s=created_s))
        out.end_stream()
    else:
        body = as_whole(entry, dialect, id=id, created_s=created_s)
        out.send(200, body, (_JSON + headers).encode())


def as_whole(entry: Entry, dialect: Dialect, *, id: str, created_s: int) -> bytes:
    """The body of a whole answer."""
    if entry.body and entry.dialect == dialect.name:
        return entry.body
    return dialect.write_answer(entry.answer, model=entry.model, id=id, created_s=created_s)


def as_stream(entry: Entry, dialect: Dialect, ask: Ask, *, id: str, created_s: int) -> bytes:
    """All events of a stream, its end mark too."""
    writer = dialect.writer(
        model=entry.model, id=id, created_s=created_s, wants_usage=ask.envelope.wants_usage
    )
    return b"".join([writer.write(event) for event in events_of(entry.answer)])
