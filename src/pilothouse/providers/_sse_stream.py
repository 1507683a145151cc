"""A streamed answer over HTTP, read event by event as its dialect says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pilothouse.core.answer import IS_ANSWER, End, Event, Used
from pilothouse.core.dialect import Dialect
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import Piece
from pilothouse.wire.event_stream import AwsEvents, AwsWrapped
from pilothouse.wire.pool import Incoming
from pilothouse.wire.sse import Events

MOST_MALFORMED = 20
"""Events that are none are skipped and counted; a stream of them is not a stream."""


class Splitter(Protocol):
    """Cuts bytes into whole events."""

    def feed(self, data: bytes) -> list[bytes]:
        """Those that are complete. Raises `ValueError`."""
        ...

    def end(self) -> list[bytes]:
        """What may count as an event now that nothing follows."""
        ...


SPLITTERS: dict[str, Callable[[], Splitter]] = {
    "sse": Events,
    "aws_event_stream": AwsEvents,
    "aws_event_stream_of_bytes": AwsWrapped,
}
"""By a row's `framing`."""


class SseStream:
    """Implements `AnswerStream`. `keeps_usage`: usage events are for the caller, too."""

    __slots__ = (
        "_events",
        "_has_answer",
        "_incoming",
        "_is_done",
        "_keeps_usage",
        "_reader",
        "_scrubbed",
        "dialect",
        "lost",
        "malformed",
    )

    def __init__(
        self,
        incoming: Incoming,
        dialect: Dialect,
        lost: tuple[str, ...],
        scrubbed: Callable[[ProviderError], ProviderError],
        *,
        keeps_usage: bool,
        splitter: Callable[[], Splitter] = Events,
    ) -> None:
        self._incoming = incoming
        self._reader = dialect.reader()
        self._events = splitter()
        self._keeps_usage = keeps_usage
        self._scrubbed = scrubbed
        self._is_done = False
        self._has_answer = False
        self.dialect = dialect.name
        self.lost = lost
        self.malformed = 0
        incoming.waits_for_answer(True)

    async def next(self) -> Piece | None:
        """See `AnswerStream`."""
        try:
            while not self._is_done:
                data = await self._incoming.read()
                piece = self._read(self._cut(data) if data else self._events.end())
                if not data and not self._is_done:
                    raise ProviderError("cut", "the stream ended before its end mark")
                if piece is not None:
                    return piece
        except ProviderError as error:
            raise self._scrubbed(error) from None
        self.close()
        return None

    def close(self) -> None:
        """See `AnswerStream`."""
        self._incoming.close()

    def _cut(self, data: bytes) -> list[bytes]:
        try:
            return self._events.feed(data)
        except ValueError as error:
            raise ProviderError("garbage", str(error)) from None

    def _read(self, whole: list[bytes]) -> Piece | None:
        """One piece for all that one read brought; None when it held no whole event."""
        kept: list[bytes] = []
        found: list[Event] = []
        for event in whole:
            try:
                meant = self._reader.read(event)
            except ProviderError as error:
                if error.kind != "garbage":
                    raise
                self._skip(error)
                continue
            if len(meant) == 1:  # nearly always
                only = meant[0]
                found.append(only)
                if type(only) is not Used or self._keeps_usage:
                    kept.append(event)
                continue
            kept.append(event)
            found.extend(meant)
        if not found:
            return Piece(b"".join(kept), found) if kept else None
        if not self._has_answer and any(isinstance(event, IS_ANSWER) for event in found):
            self._has_answer = True
            self._incoming.waits_for_answer(False)
        self._is_done = type(found[-1]) is End
        return Piece(b"".join(kept), found)

    def _skip(self, error: ProviderError) -> None:
        self.malformed += 1
        if self.malformed > MOST_MALFORMED:
            raise error
