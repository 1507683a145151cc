"""An HTTP/1.1 server on asyncio, parsed by httptools (llhttp); knows nothing of models.

Limits are on by default: connections, header size, body size, framing, time to send a request, time to take an
answer, idle time. Pipelined requests are answered in order, one at a time. Whatever two readers could understand
differently (RFC 9112, section 11) is refused: by llhttp's strict mode, and by `header_rules` for what that lets by.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

import httptools
from msgspec import Struct

from pilothouse.server.header_rules import KNOWN_NAMES as _KNOWN_NAMES
from pilothouse.server.header_rules import RefusedHead, joined, lowered, path_of, refuse_head

log = logging.getLogger("pilothouse.server")


class Limits(Struct, frozen=True, kw_only=True):
    """What one connection may cost."""

    header_bytes: int = 64 * 1024
    body_bytes: int = 20 * 1024 * 1024
    request_s: float = 30.0
    """From a request's first byte to its last."""
    idle_s: float = 120.0
    stall_s: float = 60.0
    """How long a client may take nothing of an answer that waits for it."""
    connections: int = 10_000


class HttpRequest:
    """One request, whole."""

    __slots__ = ("body", "headers", "is_keep_alive", "method", "path", "query")

    def __init__(self) -> None:
        self.method = ""
        self.path = ""
        self.query = ""
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_keep_alive = True


Handler = Callable[[HttpRequest, "Exchange"], Awaitable[None]]
ErrorBody = Callable[[int, str, HttpRequest], bytes]
"""Status, message and as much of the request as has come to the body of an error that no handler saw."""

_REASONS = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_JSON = b"content-type: application/json\r\n"
_NEVER = float("inf")
_MOST_FRAMING = 8
"""Bytes of framing for each byte of a body: chunks of one byte have five."""


class Exchange:
    """Where a handler writes its answer."""

    __slots__ = (
        "_connection",
        "_is_keep_alive",
        "_last_at_s",
        "code",
        "is_started",
        "is_streaming",
        "status",
    )

    def __init__(self, connection: ServerConnection, is_keep_alive: bool) -> None:
        self._connection = connection
        self._is_keep_alive = is_keep_alive
        self._last_at_s = 0.0
        self.is_started = False
        self.is_streaming = False
        self.status = 0
        """As sent; 0 = nothing yet."""
        self.code = ""
        """A refusal's code, for whoever counts."""

    def send(self, status: int, body: bytes, headers: bytes = _JSON) -> None:
        """A whole answer; `headers` are complete lines."""
        self.is_started = True
        self.status = status
        ends = b"" if self._is_keep_alive else b"connection: close\r\n"
        self._connection.write(
            b"%b%b%bcontent-length: %d\r\n\r\n%b"
            % (_REASONS[status], headers, ends, len(body), body)
        )

    def start_stream(self, headers: bytes) -> None:
        """Begin a chunked answer with status 200."""
        self.is_started = self.is_streaming = True
        self.status = 200
        ends = b"" if self._is_keep_alive else b"connection: close\r\n"
        self._connection.write(
            b"%b%b%btransfer-encoding: chunked\r\n\r\n" % (_REASONS[200], headers, ends)
        )

    def write(self, data: bytes) -> None:
        """One piece of a stream, at once. A writer of many waits for `drained` while `is_full`."""
        self._last_at_s = self._connection.now_s()
        self._connection.write(b"%x\r\n%b\r\n" % (len(data), data))

    def is_idle_for(self, seconds: float) -> bool:
        """Whether nothing has been written for so long."""
        return self._connection.now_s() - self._last_at_s >= seconds

    @property
    def is_full(self) -> bool:
        """The client is slower than we are."""
        return self._connection.is_full

    async def drained(self) -> None:
        """Until the client has taken enough of what was written."""
        await self._connection.drained()

    def end_stream(self) -> None:
        """The stream is complete."""
        self._connection.write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Break the connection, so that nobody takes what was sent for the whole."""
        self._connection.close_soon()


class ServerConnection(asyncio.Protocol):
    """One client's socket."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._limits = server.limits
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._request = HttpRequest()
        self._url = b""
        self._pieces: list[bytes] = []
        self._header_size = 0
        self._body_size = 0
        self._wire_size = 0
        """Bytes since the request began, framing too."""
        self._is_deaf = False
        """What comes now is not read: it is no HTTP, or not ours."""
        self._refusal: tuple[int, str] | None = None
        """Given once the answers before it are out."""
        self._is_in_headers = True
        self._is_in_request = False
        self._begun = 0
        """Requests so far, the one under way included."""
        self._waiting: deque[HttpRequest] = deque()
        self._task: asyncio.Task[None] | None = None
        self._drain: asyncio.Future[None] | None = None
        self._is_closing = False
        self.deadline_s = server.loop.time() + self._limits.request_s
        """When the sweep closes this connection, unless something happens first."""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        connections = self._server.connections
        if len(connections) >= self._limits.connections:
            self._refuse(503, f"there are {self._limits.connections} connections already")
            return
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        self._server.connections.discard(self)
        if self._task is not None:
            self._task.cancel()
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)

    def pause_writing(self) -> None:
        self._drain = self._server.loop.create_future()
        self.deadline_s = self._server.loop.time() + self._limits.stall_s

    def resume_writing(self) -> None:
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)
        self._drain = None
        is_busy = self._task is not None
        self.deadline_s = _NEVER if is_busy else self._server.loop.time() + self._limits.idle_s

    def data_received(self, data: bytes) -> None:
        if self._is_closing or self._is_deaf:
            return
        own = self._begun if self._is_in_request else self._begun + 1
        try:
            self._parser.feed_data(data)
            # The parser tells a header when it is whole. One that is not counts as the data it came in,
            # if all of that is its own: a body's end may stand before it.
            if self._is_in_request and self._begun == own:
                if self._is_in_headers:
                    self._count_header(len(data))
                else:
                    self._count_framing(len(data))
        except httptools.HttpParserUpgrade:
            self._is_deaf = True  # it is answered as if it had not asked for another protocol
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, RefusedHead):
                self._refuse(cause.status, str(cause))
            else:
                self._refuse(400, "this is not an HTTP/1.1 request")
        except RefusedHead as refused:
            self._refuse(refused.status, str(refused))

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._request = HttpRequest()
        self._url = b""
        self._pieces = []
        self._body_size = 0
        self._header_size = 0
        self._wire_size = 0
        self._is_in_headers = True
        self._is_in_request = True
        self._begun += 1
        self.deadline_s = self._server.loop.time() + self._limits.request_s

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count_header(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_header(len(name) + len(value))
        if not self._is_in_headers:
            return  # a trailer: read by nobody, and not to be mistaken for a header
        key = _KNOWN_NAMES.get(name) or lowered(name)
        headers = self._request.headers
        told = value.decode("latin-1")
        headers[key] = told if key not in headers else joined(key, headers[key], told)

    def on_headers_complete(self) -> None:
        request, parser = self._request, self._parser
        self._is_in_headers = False
        self._header_size = 0
        request.method = parser.get_method().decode("latin-1")
        path, _, query = self._url.partition(b"?")
        request.path = path.decode("latin-1") if path[:1] == b"/" else path_of(path)
        request.query = query.decode("latin-1")
        headers = request.headers
        refuse_head(request.method, parser.get_http_version(), headers)
        request.is_keep_alive = parser.should_keep_alive() and not parser.should_upgrade()
        length = headers.get("content-length")
        if length is not None and int(length) > self._limits.body_bytes:
            raise self._too_large()
        if "expect" in headers:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        if self._body_size > self._limits.body_bytes:
            raise self._too_large()
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        request = self._request
        request.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._is_in_headers = True
        self._is_in_request = False
        self._header_size = 0
        if self._task is None:
            self._begin(request)
            return
        self._waiting.append(request)
        if self._transport is not None:
            self._transport.pause_reading()

    # Answering

    def write(self, data: bytes) -> None:
        """Bytes to the client; dropped when it is gone."""
        if self._transport is not None and not self._is_closing:
            self._transport.write(data)

    @property
    def is_full(self) -> bool:
        """Whether the socket takes no more for now."""
        return self._drain is not None

    async def drained(self) -> None:
        """Until the client has taken enough of what was written."""
        if self._drain is not None:
            await self._drain

    def now_s(self) -> float:
        """The loop's clock."""
        return self._server.loop.time()

    def close_soon(self) -> None:
        """Close after what was written has gone out; nothing more is read."""
        self._is_closing = True
        if self._transport is not None:
            self._transport.close()

    def expire(self) -> None:
        """The sweep found this connection past its deadline."""
        if self._drain is not None and self._transport is not None:
            self._transport.abort()  # whoever answers is cancelled, and settles
        elif self._is_in_headers and self._header_size == 0:
            self.close_soon()
        else:
            self._refuse(408, "the request did not arrive in time")

    def _begin(self, request: HttpRequest) -> None:
        self.deadline_s = _NEVER if self._drain is None else self.deadline_s
        exchange = Exchange(self, request.is_keep_alive)
        self._task = self._server.loop.create_task(self._answer(request, exchange))

    async def _answer(self, request: HttpRequest, exchange: Exchange) -> None:
        try:
            await self._server.handler(request, exchange)
        except asyncio.CancelledError:
            pass  # the client went away, or the server is stopping: the handler has settled
        except Exception:
            log.exception("a request failed in a way nobody foresaw")
            if exchange.is_started:
                exchange.abort()
            else:
                exchange.send(500, self._server.error_body(500, "internal error", request))
        finally:
            self._task = None
            if self._drain is None:
                self.deadline_s = self._server.loop.time() + self._limits.idle_s
        if not request.is_keep_alive or self._server.is_stopping:
            self.close_soon()
        elif self._waiting and not self._is_closing:
            self._begin(self._waiting.popleft())
            if not self._waiting and self._transport is not None:
                self._transport.resume_reading()
        elif self._refusal is not None:
            self._refuse(*self._refusal)

    def _refuse(self, status: int, message: str) -> None:
        """The last answer on this connection; what was asked before it is answered first."""
        self._is_deaf = True
        if self._task is not None:
            self._refusal = status, message
            return
        body = self._server.error_body(status, message, self._request)
        Exchange(self, False).send(status, body)
        self.close_soon()

    def _count_header(self, size: int) -> None:
        self._header_size += size
        if self._header_size > self._limits.header_bytes:
            raise RefusedHead(431, f"request headers over {self._limits.header_bytes} bytes")

    def _count_framing(self, size: int) -> None:
        """Chunks and their extensions may not be many times what they carry."""
        self._wire_size += size
        most = self._limits.header_bytes + _MOST_FRAMING * self._body_size
        if self._wire_size - self._body_size > most:
            raise RefusedHead(400, "the body is mostly framing: send larger chunks")

    def _too_large(self) -> RefusedHead:
        return RefusedHead(413, f"the body is larger than {self._limits.body_bytes} bytes")


class HttpServer:
    """Accepts connections until stopped."""

    def __init__(self, handler: Handler, error_body: ErrorBody, limits: Limits) -> None:
        self.handler = handler
        self.error_body = error_body
        self.limits = limits
        self.connections: set[ServerConnection] = set()
        self.is_stopping = False
        self.loop = asyncio.get_running_loop()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, *, is_shared: bool = False) -> int:
        """Listen; gives the port. With `is_shared` other processes listen there too (SO_REUSEPORT).

        Raises `OSError`.
        """
        self._listener = await self.loop.create_server(
            lambda: ServerConnection(self), host, port, reuse_port=is_shared or None
        )
        self._sweeper = self.loop.create_task(self._sweep())
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float) -> None:
        """Accept no more, let answers under way end, then close everything."""
        self.is_stopping = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._listener is not None:
            self._listener.close()
        busy = [c._task for c in self.connections if c._task is not None]  # pyright: ignore[reportPrivateUsage]
        if busy:
            await asyncio.wait(busy, timeout=grace_s)
        tasks = [c._task for c in self.connections if c._task is not None]  # pyright: ignore[reportPrivateUsage]
        for connection in list(self.connections):
            connection.close_soon()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _sweep(self) -> None:
        """One timer for all connections instead of one for each request."""
        while True:
            await asyncio.sleep(1.0)
            now_s = self.loop.time()
            for connection in [c for c in self.connections if c.deadline_s < now_s]:
                connection.expire()
