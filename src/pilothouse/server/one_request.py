"""One request on its way through: who asks what of whom, and how its answer is written to the caller."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from pilothouse.client.admission import Hold
from pilothouse.client.attempt import Asked
from pilothouse.client.cache.answers import Looked
from pilothouse.client.cascade import AnyStream
from pilothouse.client.checking import Checked
from pilothouse.client.guarded_stream import GuardedStream
from pilothouse.client.guarding import Guarding
from pilothouse.client.upgrade_offer import Offer
from pilothouse.core.answer import Answer
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.dialect import Dialect, StreamWriter
from pilothouse.core.guard import Blocked
from pilothouse.core.ports import Reply
from pilothouse.core.route import Route, RouteSpec
from pilothouse.server.http import Exchange
from pilothouse.server.refusals import header_text, id_lines


class One(Struct, frozen=True):
    """One request on its way through."""

    dialect: Dialect
    ask: Ask
    spec: RouteSpec
    route: Route
    asked: Asked
    request_id: str
    calls: list[Call]
    """Its attempts so far."""
    checked: Checked
    """What the route's check made of their answers."""
    guarding: Guarding | None = None
    offer: Offer | None = None
    """What is promised beside the answer."""


class Given(Struct, frozen=True):
    """The caller has an answer; None = a stream that nobody put together."""

    answer: Answer | None


def listeners(one: One, looked: Looked | None) -> Sequence[Looked | Offer]:
    """Who hears a stream beside the caller."""
    found: list[Looked | Offer] = [] if looked is None else [looked]
    if one.offer is not None and one.offer.listens:
        found.append(one.offer)
    return found


async def relay(
    live: AnyStream,
    writer: StreamWriter | None,
    out: Exchange,
    hearing: Sequence[Looked | Offer],
    guards: GuardedStream | None,
) -> Blocked | None:
    """Bytes untouched within a dialect, events written anew across two and through guards.

    A guard's no ends it: nothing of what it was said to has gone out.
    """
    while (piece := await live.next()) is not None:
        data = piece.data
        for listener in hearing:
            listener.hear(piece.events)
        if writer is not None and (guards is not None or not piece.is_ours):
            events = piece.events
            if guards is not None:
                found = guards.feed(events)
                if isinstance(found, Blocked):
                    return found
                events = found
            data = b"".join([writer.write(event) for event in events])
        if data:
            out.write(data)
            if out.is_full:
                await out.drained()
    out.end_stream()
    return None


def writer_for(one: One, model: str) -> StreamWriter:
    """Writes a stream anew in the caller's dialect."""
    return one.dialect.writer(
        model=model,
        id=one.request_id,
        created_s=int(time.time()),
        wants_usage=one.ask.envelope.wants_usage,
    )


def in_dialect(one: One, reply: Reply, model: str) -> bytes:
    """A whole answer as the caller's SDK reads it; untouched where that is how it came."""
    if reply.dialect == one.dialect.name:
        return reply.body
    return one.dialect.write_answer(
        reply.answer, model=model, id=one.request_id, created_s=int(time.time())
    )


def offer_line(one: One) -> str:
    """The header that promises a better answer, or says why there will be none; mostly nothing."""
    return one.offer.line if one.offer is not None else ""


def told(
    one: One,
    target: str,
    lost: tuple[str, ...],
    hold: Hold | None,
    looked: Looked | None = None,
) -> str:
    """Headers that say who answered, what could not be said to it, and what is left of the limits."""
    lines = f"{id_lines(one.request_id)}x-pilothouse-target: {target}\r\n{offer_line(one)}"
    if one.checked.refused:
        lines += f"x-pilothouse-refused: {', '.join(one.checked.refused)}\r\n"
    if hold is not None:
        lines += hold.lines()
    if looked is not None:
        lines += looked.headers
    if one.guarding is not None:
        lines += one.guarding.line
    if not lost or one.spec.unsupported == "drop":
        return lines
    return f"{lines}x-pilothouse-unsupported: {header_text(lost)}\r\n"
