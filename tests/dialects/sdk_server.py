"""A server for a vendor's SDK to talk to: one request a connection, its path and body to `reply`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Reply = Callable[[str, bytes], tuple[int, bytes]]
"""Path and body to status and body; a body that starts like an event is sent as a stream of them."""


@asynccontextmanager
async def serving(reply: Reply) -> AsyncIterator[str]:
    """Yields the base URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.lower().split("\r\n")
        [length] = [int(line[15:]) for line in lines if line.startswith("content-length:")]
        status, body = reply(head.split(" ")[1], await reader.readexactly(length))
        is_stream = body.startswith((b"event:", b"data:"))
        kind = b"text/event-stream" if is_stream else b"application/json"
        writer.write(
            b"HTTP/1.1 %d x\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, kind, len(body), body)
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
