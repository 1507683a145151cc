"""What a dialect promises: one vendor's wire format, read and written both ways.

The server speaks dialects to callers, providers speak them to vendors. Reading keeps everything; writing
says what it could not express (`Written.lost`), and whoever asked decides whether that is a warning or
a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from pilothouse.core.answer import Answer, Event
from pilothouse.core.request import Request


class Envelope(Struct, frozen=True, kw_only=True):
    """What must be known of every request at once; the rest is read when somebody asks."""

    model: str
    stream: bool = False
    wants_usage: bool = True
    """Whether the caller of a stream gets the usage event (OpenAI: only when asked for)."""
    max_output_tokens: int | None = None
    n: int = 1
    subject: str | None = None


class Written(Struct, frozen=True):
    """A request in a dialect, and the fields of it that the dialect cannot say."""

    body: bytes
    lost: tuple[str, ...] = ()
    """Paths in our nouns, e.g. `seed`, `messages[2].parts[0]: audio`, `tools[0].strict`."""


class StreamReader(Protocol):
    """Reads one stream; keeps what it must remember between events."""

    def read(self, event: bytes) -> Sequence[Event]:
        """One server-sent event with its blank line. Comments, pings: nothing.

        Raises `ProviderError` for what an in-band error says, and `garbage` for an event that is not one;
        the caller skips and counts those.
        """
        ...


class StreamWriter(Protocol):
    """Writes one stream; keeps what it must remember between events."""

    def write(self, event: Event) -> bytes:
        """Server-sent events for one of ours; empty when nothing is said yet."""
        ...

    def fail(self, status: int, message: str, *, code: str | None = None) -> bytes:
        """The in-band error that ends this stream, with the ids and numbers its reader expects."""
        ...


class Dialect(Protocol):
    """Stateless. Bodies are UTF-8 JSON."""

    name: str
    keepalive: bytes
    """An event that says nothing, sent while a caller waits."""

    def path(self, model: str, *, stream: bool) -> str:
        """Where a request goes, below the provider's base URL."""
        ...

    def read_envelope(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Envelope:
        """`model` and `stream` from the path, where the dialect has them there.

        Raises `BadRequest` with the parameter at fault.
        """
        ...

    def read_request(
        self, body: bytes, *, model: str | None = None, stream: bool = False
    ) -> Request:
        """Everything. Raises `BadRequest` with the parameter at fault."""
        ...

    def write_request(self, request: Request) -> Written:
        """The body that asks `request`."""
        ...

    def with_model(self, body: bytes, model: str, *, stream: bool) -> bytes:
        """`body` for another model, every other byte of its values kept; streams ask for usage."""
        ...

    def read_answer(self, body: bytes) -> Answer:
        """Raises `ProviderError` (garbage) when this is not an answer."""
        ...

    def write_answer(self, answer: Answer, *, model: str, id: str, created_s: int) -> bytes:
        """A whole answer; `id` without the dialect's prefix."""
        ...

    def reader(self) -> StreamReader:
        """For one stream."""
        ...

    def writer(
        self, *, model: str, id: str, created_s: int, wants_usage: bool = True
    ) -> StreamWriter:
        """For one stream."""
        ...

    def read_error(self, body: bytes) -> tuple[str, str | None]:
        """Message and code (or type, status word) of an error body; the message may be empty."""
        ...

    def write_error(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> bytes:
        """An error body as the vendor's own SDKs expect it."""
        ...

    def error_event(
        self, status: int, message: str, *, code: str | None = None, request_id: str | None = None
    ) -> bytes:
        """The same in the middle of a stream, as a whole server-sent event."""
        ...
