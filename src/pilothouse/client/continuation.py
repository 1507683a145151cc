"""A stream that goes on elsewhere when it breaks: the next target is told what was said so far and asked to
continue there.

Only text can go on. A tool call or signed thinking that broke off cannot be finished by another model, and an
answer held to a schema or to a tool would begin anew. The request to go on is an instruction in words: several
vendors refuse a conversation that ends with the assistant (prefill).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

from msgspec import Struct, structs

from pilothouse.client.live import LiveStream
from pilothouse.client.overlap import Overlap
from pilothouse.client.same_id import Rewriter
from pilothouse.core.answer import Begin, End, Event, Finish, TextDelta, ThinkingDelta, Used
from pilothouse.core.ask import Ask
from pilothouse.core.errors import BadRequest, ProviderError
from pilothouse.core.ports import Piece
from pilothouse.core.request import Message, Request
from pilothouse.core.route import Target

MENDABLE = frozenset({"cut", "timeout", "provider_down"})
GO_ON = (
    "Your answer above was cut off by a technical fault. Continue it exactly where it stops, in the middle of "
    "the word if it stops there. Do not repeat anything, do not comment, do not start again."
)
_CHARS_A_TOKEN = 4


class Onward(Struct, frozen=True):
    """How to go on: asks the targets after `target` with what is left of the time, in seconds (None = no
    limit). Raises `ProviderError`; `has_next` says whether there is one."""

    has_next: Callable[[Target], bool]
    open: Callable[[Ask, Target, float | None], Awaitable[LiveStream]]


class ContinuedStream:
    """What the caller reads: one answer, by as many targets as it took. Behaves as `LiveStream`."""

    __slots__ = (
        "_ask",
        "_dialect",
        "_has_finished",
        "_has_more_than_text",
        "_live",
        "_lost",
        "_onward",
        "_overlap",
        "_said",
        "_total_s",
        "_until_s",
        "_writer",
    )

    def __init__(
        self, live: LiveStream, ask: Ask, onward: Onward, created_s: int, total_s: float | None
    ) -> None:
        self._live = live
        self._ask = ask
        self._onward = onward
        self._dialect = live.dialect
        self._lost = live.lost
        self._said: list[str] = []
        self._has_more_than_text = False
        self._has_finished = False
        self._overlap: Overlap | None = None
        self._until_s = None if total_s is None else monotonic() + total_s
        self._writer: Rewriter | None = None
        if ask.dialect is not None and ask.dialect.name == live.dialect:
            wants_usage = ask.envelope.wants_usage
            self._writer = Rewriter(ask.dialect, live.target.model, created_s, wants_usage)

    @property
    def dialect(self) -> str:
        """Of its bytes: the first target's, to the end."""
        return self._dialect

    @property
    def lost(self) -> tuple[str, ...]:
        """What of the request the first target's dialect could not say."""
        return self._lost

    @property
    def target(self) -> Target:
        """Who answers now."""
        return self._live.target

    async def next(self) -> Piece | None:
        """What came; None at the end. Raises `ProviderError` when it broke and nobody could go on."""
        try:
            piece = await self._live.next()
        except ProviderError as failed:
            if not self._may_go_on(failed):
                raise
            return await self._go_on(failed)
        if piece is None:
            return None
        self._note(piece.events)
        if self._overlap is None:
            return piece if self._writer is None else self._writer.first(piece)
        events = self._joined(piece.events)
        if self._writer is None:
            return Piece(b"", events)
        return Piece(self._writer.write(events), events, is_ours=True)

    def close(self) -> None:
        """See `LiveStream`."""
        self._live.close()

    def _may_go_on(self, failed: ProviderError) -> bool:
        return (
            failed.kind in MENDABLE
            and bool(self._said)
            and not self._has_more_than_text
            and not self._has_finished
            and self._onward.has_next(self._live.target)
            and (self._until_s is None or monotonic() < self._until_s)
        )

    async def _go_on(self, failed: ProviderError) -> Piece:
        said = "".join(self._said)
        left_s = None if self._until_s is None else self._until_s - monotonic()
        try:
            ask = continued(self._ask, said)
            if ask is None:
                raise failed
            self._live = await self._onward.open(ask, self._live.target, left_s)
        except BadRequest:
            raise failed from None
        except ProviderError as again:
            if again is failed:
                raise
            message = f"{failed}; continuing the answer on another target failed too: {again}"
            raise ProviderError(failed.kind, message, http_status=failed.http_status) from None
        self._overlap = Overlap(said)
        if self._ask.dialect is None:
            return Piece(b"", ())
        return Piece(_comment(self._ask.dialect.name, self._live.target), (), is_ours=True)

    def _note(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case TextDelta(text=text, choice=0):
                    self._said.append(text)
                case Finish():
                    self._has_finished = True
                case Begin() | Used() | End():
                    pass
                case ThinkingDelta(signature=None):
                    pass
                case _:
                    self._has_more_than_text = True

    def _joined(self, events: Sequence[Event]) -> list[Event]:
        """Events of a later stream as they follow on what was said."""
        assert self._overlap is not None
        found: list[Event] = []
        for event in events:
            match event:
                case TextDelta(text=text):
                    if new := self._overlap.feed(text):
                        found.append(TextDelta(new))
                case Begin() | ThinkingDelta():
                    pass  # the answer has begun, and what it thinks of going on is nobody's question
                case Used():
                    found.append(event)
                case _:
                    if rest := self._overlap.rest():
                        found.append(TextDelta(rest))
                    found.append(event)
        return found


def continued(ask: Ask, said: str) -> Ask | None:
    """`ask` with the answer so far and the instruction to go on; None when it cannot be continued.

    Raises `BadRequest` when the request cannot be read.
    """
    request = ask.request
    if not _is_continuable(request):
        return None
    most = request.max_output_tokens
    if most is not None:
        most = max(1, most - len(said) // _CHARS_A_TOKEN)
    return ask.replaced(
        structs.replace(
            request,
            messages=(
                *request.messages,
                Message.of_text("assistant", said),
                Message.of_text("user", GO_ON),
            ),
            max_output_tokens=most,
        )
    )


def _is_continuable(request: Request) -> bool:
    is_forced = request.tool_choice is not None and request.tool_choice.mode == "required"
    return request.output is None and not is_forced and (request.n or 1) == 1


def _comment(dialect: str, target: Target) -> bytes:
    """Google's SDKs take every line for data."""
    if dialect == "gemini":
        return b""
    name = target.name.replace("\r", " ").replace("\n", " ")
    return f": continued on {name}\n\n".encode()
