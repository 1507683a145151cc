"""Goes on writing a stream that began as a vendor's own bytes, so that its caller sees one answer.

The dialect's writer is shown what has been sent, so that it stands where the vendor's writer stood: blocks
open, roles told. Then it writes, under the id and model that the caller has seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pilothouse.core.answer import Begin, Event
from pilothouse.core.dialect import Dialect, StreamWriter
from pilothouse.core.ports import Piece

_PREFIXES = {"openai_chat": "chatcmpl-", "anthropic_messages": "msg_", "openai_responses": "resp_"}
"""What each writer puts before an id."""
_NUMBERED = frozenset({"openai_responses"})
"""Events there count themselves and name the items they belong to: such a stream is written by us from its
first event on, because nothing could be joined to the vendor's."""


class Rewriter:
    """For one stream in its caller's dialect."""

    __slots__ = ("_created_s", "_dialect", "_model", "_seen", "_swap", "_wants_usage", "_writer")

    def __init__(self, dialect: Dialect, model: str, created_s: int, wants_usage: bool) -> None:
        self._dialect = dialect
        self._model = model
        self._created_s = created_s
        self._wants_usage = wants_usage
        self._seen: list[Event] = []
        self._writer: StreamWriter | None = None
        self._swap: tuple[bytes, bytes] | None = None

    def first(self, piece: Piece) -> Piece:
        """A piece of the vendor's own, which goes out untouched where the dialect lets it."""
        if self._dialect.name in _NUMBERED:
            return Piece(self.write(piece.events), piece.events, is_ours=True)
        self._seen.extend(piece.events)
        return piece

    def write(self, events: Sequence[Event]) -> bytes:
        """Events in the caller's dialect."""
        writer = self._writer
        if writer is None:
            writer = self._writer = self._opened(self._seen or events)
            for event in self._seen:
                writer.write(event)
            self._seen.clear()
        data = b"".join([writer.write(event) for event in events])
        return data if self._swap is None else data.replace(*self._swap)

    def _opened(self, events: Sequence[Event]) -> StreamWriter:
        begin = next((event for event in events if isinstance(event, Begin)), Begin())
        prefix = _PREFIXES.get(self._dialect.name, "")
        seen = begin.id or f"{prefix}continued"
        id = seen.removeprefix(prefix)
        if prefix + id != seen:  # a vendor with ids of another kind: the writer's are put right
            encode = msgspec.json.encode
            self._swap = (encode(prefix + id), encode(seen))
        return self._dialect.writer(
            model=begin.model or self._model,
            id=id,
            created_s=self._created_s,
            wants_usage=self._wants_usage,
        )
