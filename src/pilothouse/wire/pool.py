"""Connections to one origin, kept alive and lent out; every wait has a deadline.

Errors are `ProviderError` with the class that decides what happens next.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.wire.connection import Connection, Exchange
from pilothouse.wire.deadlines import Deadlines, Timeouts
from pilothouse.wire.inflate import Inflate, inflater
from pilothouse.wire.proxy import Proxy, tunnel

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to the addresses that may be connected to, in order. Raises `ProviderError`."""


class Response(Struct):
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Pool:
    """Keep-alive connections to the origin of `base_url`, straight or through `proxy`.

    `resolve`: instead of the system's look-up.
    """

    def __init__(
        self,
        base_url: str,
        timeouts: Timeouts,
        *,
        most_idle: int = 256,
        most_body_mb: int = 64,
        resolve: Resolve | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f'"{base_url}" is not an http:// or https:// address')
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InvalidInput("a base_url holds no user, password, query or fragment")
        self.path = parts.path.rstrip("/")
        self.host = parts.netloc
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = _tls() if parts.scheme == "https" else None
        self.timeouts = timeouts
        self._most_idle = most_idle
        self._most_body = most_body_mb * 1024 * 1024
        self._resolve = resolve
        self._proxy = proxy
        self._idle: list[Connection] = []
        self._deadlines: Deadlines | None = None
        self._host_header = f"host: {parts.netloc}\r\n"

    def head(self, method: str, path: str, headers: dict[str, str]) -> bytes:
        """The fixed part of a request's head, to be built once; sending adds the length."""
        lines = "".join(f"{k}: {_safe(v)}\r\n" for k, v in headers.items())
        return f"{method} {self.path}{_safe(path)} HTTP/1.1\r\n{self._host_header}{lines}".encode(
            "latin-1"
        )

    async def send(self, head: bytes, body: bytes, limits: Timeouts | None = None) -> Response:
        """One request, its whole answer. `limits` instead of the pool's own."""
        limits = limits or self.timeouts
        connection, exchange = await self._started(head, body, limits, is_stream=False)
        deadlines = self._watch(exchange)
        try:
            while not exchange.is_complete:
                if exchange.error is not None:
                    raise exchange.error
                await exchange.progress()
        except BaseException:
            connection.abort()
            raise
        finally:
            deadlines.discard(exchange)
        data = connection.take(exchange)
        self._give_back(connection)
        inflate = inflater(exchange.headers, self._most_body)
        return Response(exchange.status, exchange.headers, inflate.feed(data) if inflate else data)

    async def open(self, head: bytes, body: bytes, limits: Timeouts | None = None) -> Incoming:
        """One request; returns when the answer's head is here. `read` and `close` it."""
        limits = limits or self.timeouts
        connection, exchange = await self._started(head, body, limits, is_stream=True)
        deadlines = self._watch(exchange)
        try:
            while not exchange.is_head_complete:
                if exchange.error is not None:
                    raise exchange.error
                await exchange.progress()
            return Incoming(self, connection, exchange, inflater(exchange.headers, self._most_body))
        except BaseException:
            deadlines.discard(exchange)
            connection.abort()
            raise

    def close(self) -> None:
        """Close every idle connection."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()
        if self._deadlines is not None:
            self._deadlines.close()
            self._deadlines = None

    def release(self, connection: Connection, exchange: Exchange) -> None:
        """An answer has ended, well or not."""
        if self._deadlines is not None:
            self._deadlines.discard(exchange)
        if exchange.is_complete:
            self._give_back(connection)
        else:
            connection.abort()

    def _watch(self, exchange: Exchange) -> Deadlines:
        if self._deadlines is None:
            self._deadlines = Deadlines(asyncio.get_running_loop())
        self._deadlines.add(exchange)
        return self._deadlines

    async def _started(
        self, head: bytes, body: bytes, limits: Timeouts, *, is_stream: bool
    ) -> tuple[Connection, Exchange]:
        """A connection with the request sent.

        A kept-alive connection that the other side closes before answering a byte is the one failure that
        is tried again here: the request was never read.
        """
        message = b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body)
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_open:
                continue
            exchange = connection.start(message, limits, is_stream=is_stream)
            deadlines = self._watch(exchange)
            try:
                await exchange.progress()
            except BaseException:
                connection.abort()
                raise
            finally:
                deadlines.discard(exchange)
            was_closed = exchange.error is not None and exchange.error.kind == "provider_down"
            if not was_closed or exchange.last_byte_at_s is not None:
                return connection, exchange
        connection = await self._connected(limits)
        return connection, connection.start(message, limits, is_stream=is_stream)

    async def _connected(self, limits: Timeouts) -> Connection:
        where = f"{self._host}:{self._port}"
        try:
            async with asyncio.timeout(limits.connect_s):
                if self._proxy is not None:
                    return await self._connected_through(self._proxy)
                if self._resolve is None:
                    return await self._connected_to(self._host)
                return await self._connected_to_any(await self._resolve(self._host, self._port))
        except TimeoutError:
            message = f"no connection to {where} within {limits.connect_s:g} s"
            raise ProviderError("timeout", message) from None
        except ssl.SSLError as error:
            message = f"no trusted connection to {where}: {error.reason or error}"
            raise ProviderError("provider_down", message) from None
        except socket.gaierror:
            raise ProviderError("provider_down", f"the name {self._host} is not known") from None
        except OSError as error:
            message = f"no connection to {where}: {error.strerror or error}"
            raise ProviderError("provider_down", message) from None

    async def _connected_to_any(self, addresses: Sequence[str]) -> Connection:
        """To the first that takes it. Raises the last one's `OSError`."""
        for address in addresses[:-1]:
            try:
                return await self._connected_to(address)
            except OSError:
                continue
        return await self._connected_to(addresses[-1])

    async def _connected_through(self, proxy: Proxy) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(loop, self._most_body),
            sock=await tunnel(proxy, self._host, self._port),
            ssl=self._tls,
            server_hostname=self._host if self._tls is not None else None,
        )
        return connection

    async def _connected_to(self, address: str) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(loop, self._most_body),
            address,
            self._port,
            ssl=self._tls,
            server_hostname=self._host if self._tls is not None else None,
        )
        return connection

    def _give_back(self, connection: Connection) -> None:
        connection.exchange = None
        if connection.is_reusable and connection.is_open and len(self._idle) < self._most_idle:
            self._idle.append(connection)
        else:
            connection.abort()


class Incoming:
    """An answer whose body is still coming."""

    __slots__ = ("_connection", "_exchange", "_inflate", "_is_open", "_pool", "headers", "status")

    def __init__(
        self, pool: Pool, connection: Connection, exchange: Exchange, inflate: Inflate | None
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._exchange = exchange
        self._inflate = inflate
        self._is_open = True
        self.status = exchange.status
        self.headers = exchange.headers

    def waits_for_answer(self, still: bool) -> None:
        """While `still`, the first-token limit holds, whatever bytes come."""
        self._exchange.is_answering = not still

    async def read(self) -> bytes:
        """What has come since the last read; empty at the end. Raises `ProviderError`."""
        exchange = self._exchange
        while True:
            if exchange.body:
                data = self._connection.take(exchange)
                if self._inflate is not None:
                    data = self._inflate.feed(data)
                if data:
                    return data
                continue
            if exchange.is_complete:
                self.close()
                return b""
            if exchange.error is not None:
                raise exchange.error
            await exchange.progress()

    async def rest(self) -> bytes:
        """All that is still to come."""
        pieces: list[bytes] = []
        while data := await self.read():
            pieces.append(data)
        return b"".join(pieces)

    def close(self) -> None:
        """Give the connection back, or break it when the body is not at its end. Idempotent."""
        if self._is_open:
            self._is_open = False
            self._pool.release(self._connection, self._exchange)


def _tls() -> ssl.SSLContext:
    """The system's trust, or the bundle that `SSL_CERT_FILE` names; TLS 1.2 at least."""
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _safe(value: str) -> str:
    if "\r" in value or "\n" in value or "\0" in value:
        raise InvalidInput("a header value holds a line break")
    return value
