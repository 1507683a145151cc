"""One client connection: HTTP/1.1, one exchange at a time, parsed by httptools (llhttp).

The reader never holds more than `MOST_BUFFERED` of a streamed body: past it the socket is paused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from pilothouse.core.errors import ErrorClass, ProviderError
from pilothouse.wire.deadlines import Timeouts

MOST_BUFFERED = 256 * 1024
MOST_HEADERS = 64 * 1024


class Exchange:
    """The answer to one request, as it arrives. Implements `Awaited`."""

    __slots__ = (
        "_loop",
        "_waiter",
        "body",
        "buffered",
        "error",
        "headers",
        "is_answering",
        "is_complete",
        "is_head_complete",
        "last_byte_at_s",
        "limits",
        "size",
        "started_at_s",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Timeouts) -> None:
        self._loop = loop
        self.limits = limits
        self.started_at_s = loop.time()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body: deque[bytes] = deque()
        self.buffered = 0
        self.size = 0
        self.is_answering = True
        self.is_head_complete = False
        self.is_complete = False
        self.error: ProviderError | None = None
        self.last_byte_at_s: float | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def progress(self) -> None:
        """Wait for anything to happen."""
        self._waiter = waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def wake(self) -> None:
        """Something happened."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def expire(self, what: str, after_s: float) -> None:
        """See `Awaited`."""
        if self.error is None and not self.is_complete:
            self.error = ProviderError("timeout", f"no {what} within {after_s:g} s")
            self.wake()


class Connection(asyncio.Protocol):
    """A socket to one origin. `exchange` is the answer under way, if any."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most_body: int) -> None:
        self._loop = loop
        self._most_body = most_body
        self._parser = httptools.HttpResponseParser(self)
        self._header_size = 0
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.is_stream = False
        self.is_open = False
        self.is_reusable = True
        self._is_paused = False

    def start(self, head_and_body: bytes, limits: Timeouts, *, is_stream: bool) -> Exchange:
        """Send a request; the answer comes through the exchange."""
        exchange = Exchange(self._loop, limits)
        self.exchange = exchange
        self.is_stream = is_stream
        self._header_size = 0
        assert self.transport is not None
        self.transport.write(head_and_body)
        return exchange

    def take(self, exchange: Exchange) -> bytes:
        """All body bytes that have arrived since the last take."""
        data = exchange.body.popleft() if len(exchange.body) == 1 else b"".join(exchange.body)
        exchange.body.clear()
        exchange.buffered = 0
        if self._is_paused and self.transport is not None:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    def abort(self) -> None:
        """Close at once; the connection is not used again."""
        self.is_reusable = False
        if self.transport is not None:
            self.transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:  # bytes that nobody asked for: this socket is not to be trusted
            self.abort()
            return
        exchange.last_byte_at_s = self._loop.time()
        try:
            self._parser.feed_data(data)
            if not exchange.is_head_complete:
                self._count_header(len(data))
        except httptools.HttpParserError as error:
            cause = error.__context__
            is_ours = isinstance(cause, _TooLarge)
            self._fail("garbage", str(cause) if is_ours else f"not an HTTP answer: {error}")
        except _TooLarge as error:
            self._fail("garbage", str(error))
        # One wake for all that one read brought, however many chunks it held.
        if exchange.is_complete or (
            self.is_stream and (exchange.body or exchange.is_head_complete)
        ):
            exchange.wake()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        exchange = self.exchange
        if exchange is None or exchange.is_complete or exchange.error:
            return
        if exchange.is_head_complete and self._ends_by_closing(exchange) and exc is None:
            exchange.is_complete = True
        elif exchange.is_head_complete:
            exchange.error = ProviderError(
                "cut", "the connection broke in the middle of the answer"
            )
        else:
            exchange.error = ProviderError("provider_down", "the connection broke before an answer")
        exchange.wake()

    # httptools callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self.exchange is not None
        self._count_header(len(name) + len(value))
        self.exchange.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        exchange = self.exchange
        assert exchange is not None
        exchange.status = self._parser.get_status_code()
        if exchange.status < 200:
            exchange.headers.clear()
            return
        exchange.is_head_complete = True
        self.is_reusable = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        exchange = self.exchange
        assert exchange is not None
        exchange.size += len(body)
        if exchange.size > self._most_body:
            raise _TooLarge(f"an answer of over {self._most_body} bytes")
        exchange.body.append(body)
        if self.is_stream:
            exchange.buffered += len(body)
            if exchange.buffered > MOST_BUFFERED and not self._is_paused and self.transport:
                self._is_paused = True
                self.transport.pause_reading()

    def on_message_complete(self) -> None:
        exchange = self.exchange
        assert exchange is not None
        if exchange.is_head_complete:  # else a 1xx: the answer is still to come
            exchange.is_complete = True

    def _count_header(self, size: int) -> None:
        self._header_size += size
        if self._header_size > MOST_HEADERS:
            raise _TooLarge(f"answer headers over {MOST_HEADERS} bytes")

    def _fail(self, kind: ErrorClass, message: str) -> None:
        exchange = self.exchange
        if exchange is not None and exchange.error is None:
            exchange.error = ProviderError(kind, message)
            exchange.wake()
        self.abort()

    @staticmethod
    def _ends_by_closing(exchange: Exchange) -> bool:
        return (
            "content-length" not in exchange.headers
            and exchange.headers.get("transfer-encoding", "").lower() != "chunked"
        )


class _TooLarge(Exception):
    pass
