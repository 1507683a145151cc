"""Connections to one origin, kept alive and lent out; every wait has a deadline.

Errors are `ProviderError` with the class that decides what happens next.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from pilothouse.core.errors import InvalidInput, ProviderError
from pilothouse.wire.connection import Connection, Exchange

Seconds = Annotated[float, Meta(gt=0)]


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds. `first_byte_s` runs from the request's last byte, `between_s` between two reads."""

    connect_s: Seconds = 5.0
    first_byte_s: Seconds = 120.0
    between_s: Seconds = 60.0
    total_s: Seconds = 600.0


class Response(Struct):
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Pool:
    """Keep-alive connections to the origin of `base_url`."""

    def __init__(
        self, base_url: str, timeouts: Timeouts, *, most_idle: int = 256, most_body_mb: int = 64
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f'"{base_url}" is not an http:// or https:// address')
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InvalidInput("a base_url holds no user, password, query or fragment")
        self.path = parts.path.rstrip("/")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeouts = timeouts
        self._most_idle = most_idle
        self._most_body = most_body_mb * 1024 * 1024
        self._idle: list[Connection] = []
        self._host_header = f"host: {parts.netloc}\r\n"

    def head(self, method: str, path: str, headers: dict[str, str]) -> bytes:
        """The fixed part of a request's head, to be built once; `exchange` adds the length."""
        lines = "".join(f"{k}: {_safe(v)}\r\n" for k, v in headers.items())
        return f"{method} {self.path}{path} HTTP/1.1\r\n{self._host_header}{lines}".encode(
            "latin-1"
        )

    async def send(self, head: bytes, body: bytes) -> Response:
        """One request, its whole answer."""
        loop = asyncio.get_running_loop()
        connection, exchange = await self._started(loop, head, body, is_stream=False)
        deadline_s = loop.time() + self._timeouts.total_s
        try:
            while not exchange.is_complete:
                if exchange.error is not None:
                    raise exchange.error
                await self._wait(loop, exchange, deadline_s)
        except BaseException:
            connection.abort()
            raise
        data = connection.take(exchange)
        self._give_back(connection)
        return Response(exchange.status, exchange.headers, data)

    async def stream(self, head: bytes, body: bytes) -> AsyncGenerator[bytes | Response]:
        """First a `Response` with an empty body, then the body's bytes as they come."""
        loop = asyncio.get_running_loop()
        connection, exchange = await self._started(loop, head, body, is_stream=True)
        deadline_s = loop.time() + self._timeouts.total_s
        try:
            while not exchange.is_head_complete:
                if exchange.error is not None:
                    raise exchange.error
                await self._wait(loop, exchange, deadline_s)
            yield Response(exchange.status, exchange.headers, b"")
            while True:
                if exchange.body:
                    yield connection.take(exchange)
                elif exchange.is_complete:
                    break
                elif exchange.error is not None:
                    raise exchange.error
                else:
                    await self._wait(loop, exchange, deadline_s)
        finally:
            if exchange.is_complete:
                self._give_back(connection)
            else:
                connection.abort()

    def close(self) -> None:
        """Close every idle connection."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    async def _started(
        self, loop: asyncio.AbstractEventLoop, head: bytes, body: bytes, *, is_stream: bool
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
            exchange = connection.start(message, is_stream=is_stream)
            try:
                await self._wait(loop, exchange, loop.time() + self._timeouts.total_s)
            except BaseException:
                connection.abort()
                raise
            if exchange.error is None or exchange.last_byte_at_s is not None:
                return connection, exchange
        connection = await self._connected(loop)
        return connection, connection.start(message, is_stream=is_stream)

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> Connection:
        where = f"{self._host}:{self._port}"
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, self._most_body), self._host, self._port, ssl=self._tls
                )
        except TimeoutError:
            raise self._late(f"connection to {where}", self._timeouts.connect_s) from None
        except ssl.SSLError as error:
            message = f"no trusted connection to {where}: {error.reason or error}"
            raise ProviderError("provider_down", message) from None
        except socket.gaierror:
            raise ProviderError("provider_down", f"the name {self._host} is not known") from None
        except OSError as error:
            message = f"no connection to {where}: {error.strerror or error}"
            raise ProviderError("provider_down", message) from None
        return connection

    def _give_back(self, connection: Connection) -> None:
        connection.exchange = None
        if connection.is_reusable and connection.is_open and len(self._idle) < self._most_idle:
            self._idle.append(connection)
        else:
            connection.abort()

    async def _wait(
        self, loop: asyncio.AbstractEventLoop, exchange: Exchange, deadline_s: float
    ) -> None:
        """Until something happens. Bytes that arrive meanwhile give the other side more time."""
        while True:
            before_s = exchange.last_byte_at_s
            limits = self._timeouts
            wait_s = limits.first_byte_s if before_s is None else limits.between_s
            left_s = deadline_s - loop.time()
            try:
                await exchange.progress(loop, max(0.0, min(wait_s, left_s)))
                return
            except TimeoutError:
                if left_s <= wait_s:
                    raise self._late("whole answer", limits.total_s) from None
                if exchange.last_byte_at_s == before_s:
                    what = "first byte" if before_s is None else "next byte"
                    raise self._late(what, wait_s) from None

    @staticmethod
    def _late(what: str, after_s: float) -> ProviderError:
        return ProviderError("timeout", f"no {what} within {after_s:g} s")


def _safe(value: str) -> str:
    if "\r" in value or "\n" in value or "\0" in value:
        raise InvalidInput("a header value holds a line break")
    return value
