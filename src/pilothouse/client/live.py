"""A stream that has been committed to: its first token is here, and no other target will be asked."""

from __future__ import annotations

import asyncio

from pilothouse.client.attempt import Attempt
from pilothouse.core.answer import IS_ANSWER, Finish, Used
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import AnswerStream, Piece
from pilothouse.core.route import Target


class LiveStream:
    """What the caller reads. Its row is written when it ends, however it ends."""

    __slots__ = ("_attempt", "_has_ended", "_held", "_source")

    def __init__(self, source: AnswerStream, attempt: Attempt) -> None:
        self._source = source
        self._attempt = attempt
        self._held: Piece | None = None
        self._has_ended = False

    @property
    def dialect(self) -> str:
        """Of its bytes."""
        return self._source.dialect

    @property
    def lost(self) -> tuple[str, ...]:
        """What of the request its dialect could not say."""
        return self._source.lost

    @property
    def target(self) -> Target:
        """Who answers."""
        return self._attempt.target

    async def commit(self) -> None:
        """Hold start-up frames until something of the answer has come. Raises `ProviderError`."""
        held: list[Piece] = []
        while True:
            piece = await self._source.next()
            if piece is None:
                raise ProviderError("garbage", "the stream ended without an answer")
            held.append(piece)
            self._note(piece)
            if any(isinstance(event, IS_ANSWER) for event in piece.events):
                break
        self._attempt.commit()
        data = b"".join([p.data for p in held])
        self._held = Piece(data, [event for p in held for event in p.events])

    async def next(self) -> Piece | None:
        """What came; None at the end. Raises `ProviderError`."""
        held = self._held
        if held is not None:
            self._held = None
            return held
        try:
            piece = await self._source.next()
        except ProviderError as failed:
            self._end(failed)
            raise
        except asyncio.CancelledError:
            self.close()
            raise
        if piece is None:
            self._end(None)
        else:
            self._note(piece)
        return piece

    def close(self) -> None:
        """The caller reads no more: stop the provider, and write what was used. Idempotent."""
        self._end(ProviderError("cancelled", "the caller went away"))

    def _end(self, error: ProviderError | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._source.close()
        if error is None:
            self._attempt.answered()
        else:
            self._attempt.failed(error)

    def _note(self, piece: Piece) -> None:
        attempt = self._attempt
        for event in piece.events:
            if isinstance(event, Used):
                attempt.usage = event.usage
            elif isinstance(event, Finish) and attempt.finish_reason is None:
                attempt.finish_reason = event.reason
