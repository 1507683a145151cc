"""A fault-injecting provider: speaks raw bytes, so that every fault is the real thing on the wire.

The model named in the request picks the behaviour.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
HEAD = {"id": "chatcmpl-x", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def answer(text: str = "Four.") -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = {
        "id": "chatcmpl-x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": USAGE,
    }
    return json.dumps(whole).encode()


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({**HEAD, "choices": choices}).encode() + b"\n\n"


START = event({"role": "assistant", "content": ""})
USAGE_EVENT = b"data: " + json.dumps({**HEAD, "choices": [], "usage": USAGE}).encode() + b"\n\n"
DONE = b"data: [DONE]\n\n"
GOOD = [
    START,
    event({"content": "Fo"}),
    event({"content": "ur."}),
    event({}, "stop"),
    USAGE_EVENT,
    DONE,
]


def whole(status: str, body: bytes, headers: str = "content-type: application/json") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


def error(message: str, code: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()


class FakeUpstream:
    """Listens on a free port; `seen` holds every request body."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.asked = asyncio.Event()
        self.closed_by_client = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeUpstream:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.seen.append(body)
        self.asked.set()
        self.headers.append(head)
        behave = getattr(self, "_" + body["model"].replace("-", "_"))
        if body.get("stream") and behave == self._good:
            behave = self._good_stream
        keep = await behave(reader, writer)
        await writer.drain()
        return bool(keep)

    async def _good(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("200 OK", answer()))
        return True

    async def _good_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(SSE_HEAD)
        everything = b"".join(GOOD)
        for i in range(0, len(everything), 37):  # pieces fall anywhere, as on a real network
            writer.write(chunk(everything[i : i + 37]))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return True

    async def _limited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        headers = "content-type: application/json\r\nretry-after: 7"
        writer.write(whole("429 Too Many Requests", error("slow down"), headers))
        return True

    async def _broken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("500 Internal Server Error", error("sk-secret-key broke")))
        return True

    async def _bad_key(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("401 Unauthorized", error("Incorrect API key: sk-secret-key")))
        return True

    async def _too_long(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("400 Bad Request", error("too long", "context_length_exceeded")))
        return True

    async def _filtered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("400 Bad Request", error("not this", "content_filter")))
        return True

    async def _html(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("200 OK", b"<html>Sorry</html>", "content-type: text/html"))
        return True

    async def _empty(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole("200 OK", b""))
        return True

    async def _not_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        return False

    async def _hangs_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        return False

    async def _silent(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if await reader.read(1) == b"":
            self.closed_by_client.set()
        return False

    async def _cut_politely(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(SSE_HEAD + chunk(b"".join(GOOD[:2])) + b"0\r\n\r\n")
        return True

    async def _cut_hard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(SSE_HEAD + chunk(b"".join(GOOD[:2])))
        return False

    async def _cut_early(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(SSE_HEAD + chunk(START))
        return False

    async def _stalls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(SSE_HEAD + chunk(b"".join(GOOD[:2])))
        await writer.drain()
        return await self._silent(reader, writer)

    async def _error_in_band(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(
            SSE_HEAD + chunk(START + b"data: " + error("overloaded") + b"\n\n") + b"0\r\n\r\n"
        )
        return True

    async def _bad_chunk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(SSE_HEAD + chunk(GOOD[0] + GOOD[1] + b"data: {oops\n\n") + b"0\r\n\r\n")
        return True
