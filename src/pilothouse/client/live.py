"""A stream that has been committed to: its first token is here, and no other target will be asked."""

from __future__ import annotations

import asyncio
from time import monotonic

from msgspec import structs

from pilothouse.client.attempt import Attempt
from pilothouse.core.answer import IS_ANSWER, Finish, TextDelta, ThinkingDelta, Usage, Used
from pilothouse.core.call import Call
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import AnswerStream, Piece
from pilothouse.core.route import Target

_WATCHED_S = 1.0
_CHARS_A_TOKEN = 4
_TEXTS = (TextDelta, ThinkingDelta)


class LiveStream:
    """What the caller reads. Its row is written when it ends, however it ends."""

    __slots__ = (
        "_asked_bytes",
        "_attempt",
        "_calls",
        "_chars",
        "_has_ended",
        "_held",
        "_is_over",
        "_source",
    )

    def __init__(
        self, source: AnswerStream, attempt: Attempt, calls: list[Call], asked_bytes: int
    ) -> None:
        self._source = source
        self._calls = calls
        self._asked_bytes = asked_bytes
        self._chars = 0
        self._attempt = attempt
        self._held: Piece | None = None
        self._has_ended = False
        self._is_over = False

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

    async def commit(self, least_chars_per_s: float | None = None) -> None:
        """Hold start-up frames until something of the answer has come. Raises `ProviderError`.

        With `least_chars_per_s` it also holds the first second of the answer, to see how fast it comes.
        """
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
        if least_chars_per_s is not None:
            await self._prove_speed(held, least_chars_per_s)
        data = b"".join([p.data for p in held])
        self._held = Piece(data, [event for p in held for event in p.events])

    async def next(self) -> Piece | None:
        """What came; None at the end. Raises `ProviderError`."""
        held = self._held
        if held is not None:
            self._held = None
            return held
        try:
            piece = None if self._is_over else await self._source.next()
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

    def close(self, why: str = "the caller went away") -> None:
        """Nobody reads any more: stop the provider, and write what was used. Idempotent."""
        self._end(ProviderError("cancelled", why))

    def abandon(self) -> None:
        """It was not taken: stop the provider; whoever writes the attempt's row finds what was used."""
        self._source.close()
        if self._attempt.is_committed:
            self._attempt.usage = self._estimated(self._attempt.usage)

    async def _prove_speed(self, held: list[Piece], least_chars_per_s: float) -> None:
        started_s = monotonic()
        chars = 0
        while (elapsed_s := monotonic() - started_s) < _WATCHED_S:
            piece = await self._source.next()
            if piece is None:
                self._is_over = True
                return
            held.append(piece)
            self._note(piece)
            chars += sum(len(e.text) for e in piece.events if isinstance(e, _TEXTS))
        if chars < least_chars_per_s * elapsed_s:
            slow = f"only {chars / elapsed_s:.0f} characters a second came"
            raise ProviderError("timeout", f"{slow}, fewer than {least_chars_per_s:g}")

    def _end(self, error: ProviderError | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._source.close()
        attempt = self._attempt
        if error is None:
            self._calls.append(attempt.answered())
            return
        if attempt.finish_reason is None and attempt.is_committed:
            attempt.usage = self._estimated(attempt.usage)
        self._calls.append(attempt.failed(error))

    def _estimated(self, told: Usage | None) -> Usage:
        """A broken answer has been paid for as far as it came, though nobody says how far that was."""
        spoken = self._chars // _CHARS_A_TOKEN + 1
        if told is None:
            asked = self._asked_bytes // _CHARS_A_TOKEN + 1
            return Usage(input_tokens=asked, output_tokens=spoken, is_estimated=True)
        most = max(told.output_tokens, spoken)
        return structs.replace(told, output_tokens=most, is_estimated=True)

    def _note(self, piece: Piece) -> None:
        attempt = self._attempt
        for event in piece.events:
            if isinstance(event, _TEXTS):
                self._chars += len(event.text)
            elif isinstance(event, Used):
                attempt.usage = event.usage
            elif isinstance(event, Finish) and attempt.finish_reason is None:
                attempt.finish_reason = event.reason
