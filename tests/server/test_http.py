"""The HTTP server alone, fed byte by byte where it matters."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits, ServerConnection


class _Transport:
    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def answered(*data: bytes) -> tuple[list[int], bytes]:
    """Sizes of the bodies that the handler got when the socket brought `data`, and what was written."""
    sizes: list[int] = []

    async def handle(http: HttpRequest, out: Exchange) -> None:
        sizes.append(len(http.body))
        out.send(200, b"{}")

    async def main() -> bytes:
        server = HttpServer(handle, lambda status, message, http: message.encode(), Limits())
        connection, transport = ServerConnection(server), _Transport()
        connection.connection_made(cast(Any, transport))
        for piece in data:
            connection.data_received(piece)
            for _ in range(3):
                await asyncio.sleep(0)
        return transport.written

    return sizes, asyncio.run(main())


def post(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (size, b"x" * size)


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_large_body_is_no_header_wherever_the_network_cuts_it(size: int) -> None:
    whole = post(size)
    for pieces in ([whole], [whole[:50], whole[50:]], [whole + whole[:30], whole[30:]]):
        sizes, written = answered(*pieces)
        assert set(sizes) == {size}
        assert written.count(b"HTTP/1.1 200 OK") == len(sizes)


@pytest.mark.parametrize("pieces", [1, 10])
def test_a_header_without_an_end_is_refused(pieces: int) -> None:
    endless = b"POST / HTTP/1.1\r\nhost: " + b"x" * 100_000
    step = len(endless) // pieces + 1
    sizes, written = answered(*[endless[i : i + step] for i in range(0, len(endless), step)])
    assert sizes == []
    assert b" 431 " in written
