"""A vendor (OpenAI's chat format) that fails in every way: raw bytes, so that each fault is the real thing.

The model's name picks the fault; `good` answers. Independent of the package under test.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from every_dialect_vendor import SSE_HEAD, chunk, whole
from vendor_bodies import VENDORS, Said

CHAT = VENDORS["openai_chat"]
TEXT = "Four — quatre — 四."
GOOD = Said(TEXT)
WHOLE = json.dumps(CHAT.whole(GOOD), ensure_ascii=False).encode()
EVENTS = CHAT.events(GOOD)
WORDS = b"".join(EVENTS[:2])
"""The start-up frame and the first words."""
REST = EVENTS[2:]
BIG_MB = 50
Writer = asyncio.StreamWriter
Fault = Callable[["FaultyServer", dict[str, Any], asyncio.StreamReader, Writer], Awaitable[bool]]
"""Writes an answer, or does not; True keeps the connection."""


class FaultyServer:
    """Listens on a free port. `keys` are those it has seen, in order."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.keys: list[str] = []
        self.counts: dict[str, int] = {}
        self.url = ""
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FaultyServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        scheme = "https" if self._tls else "http"
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.keys.append(head.partition("Bearer ")[2].partition("\r\n")[0])
        model = body["model"]
        self.counts[model] = self.counts.get(model, 0) + 1
        return await FAULTS[model](self, body, reader, writer)


def _error(message: str, code: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()


def _says(status: int, body: bytes, headers: Callable[[], str] = str) -> Fault:
    async def fault(s: FaultyServer, b: dict[str, Any], r: Any, writer: Writer) -> bool:
        writer.write(whole(status, body, headers()))
        return True

    return fault


def _in_a_minute() -> str:
    at = datetime.now(UTC) + timedelta(seconds=61)
    return f"retry-after: {format_datetime(at, usegmt=True)}\r\n"


def _streams(*pieces: bytes, ends: bytes = b"0\r\n\r\n", instead: bytes = WHOLE) -> Fault:
    """A fault of streams; a whole answer is `instead`."""

    async def fault(s: FaultyServer, body: dict[str, Any], r: Any, writer: Writer) -> bool:
        if not body.get("stream"):
            writer.write(whole(200, instead))
            return True
        writer.write(SSE_HEAD)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
            await asyncio.sleep(0.01)  # each is read for itself
        writer.write(ends)
        return ends.endswith(b"0\r\n\r\n")

    return fault


good = _streams(*EVENTS)


async def _silent(reader: asyncio.StreamReader) -> bool:
    """Say nothing until the other side closes."""
    while await reader.read(65536):
        pass
    return False


async def never(s: Any, b: Any, reader: asyncio.StreamReader, writer: Writer) -> bool:
    return await _silent(reader)


async def reset(s: Any, b: Any, reader: Any, writer: Writer) -> bool:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


async def closes(s: Any, b: Any, reader: Any, writer: Writer) -> bool:
    return False


async def half_open(
    server: FaultyServer, body: dict[str, Any], reader: asyncio.StreamReader, writer: Writer
) -> bool:
    """A kept connection behind which nobody is any more."""
    await good(server, body, reader, writer)
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")
    return await _silent(reader)


async def closes_kept(
    server: FaultyServer, body: dict[str, Any], reader: asyncio.StreamReader, writer: Writer
) -> bool:
    """Answers, keeps the connection, and closes it without a word when the next request comes."""
    await good(server, body, reader, writer)
    await writer.drain()
    await reader.read(1)
    return False


async def head_then_silence(
    s: Any, body: dict[str, Any], reader: asyncio.StreamReader, writer: Writer
) -> bool:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n"
    writer.write(SSE_HEAD if body.get("stream") else head)
    await writer.drain()
    return await _silent(reader)


async def slow_first_token(
    s: Any, body: dict[str, Any], reader: asyncio.StreamReader, writer: Writer
) -> bool:
    """Comments and start-up frames, and never a word."""
    if not body.get("stream"):
        return await _silent(reader)
    writer.write(SSE_HEAD + chunk(EVENTS[0]))
    while not reader.at_eof():
        writer.write(chunk(b": still here\n\n"))
        await writer.drain()
        await asyncio.sleep(0.02)
    return False


async def stalls(
    s: Any, body: dict[str, Any], reader: asyncio.StreamReader, writer: Writer
) -> bool:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    part = head % len(WHOLE) + WHOLE[:40]
    writer.write(SSE_HEAD + chunk(WORDS) if body.get("stream") else part)
    await writer.drain()
    return await _silent(reader)


async def cut_hard(s: Any, body: dict[str, Any], reader: Any, writer: Writer) -> bool:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    writer.write(SSE_HEAD + chunk(WORDS) if body.get("stream") else head % len(WHOLE) + WHOLE[:40])
    await writer.drain()
    return False


async def burst(server: FaultyServer, body: dict[str, Any], reader: Any, writer: Writer) -> bool:
    """Every other request fails."""
    if server.counts["burst"] % 2:
        writer.write(whole(500, _error("boom")))
        return True
    return await good(server, body, reader, writer)


async def one_dead_key(
    server: FaultyServer, body: dict[str, Any], reader: Any, writer: Writer
) -> bool:
    if server.keys[-1] == "sk-dead":
        writer.write(whole(401, _error("Incorrect API key provided", "invalid_api_key")))
        return True
    return await good(server, body, reader, writer)


async def html(s: Any, b: Any, r: Any, writer: Writer) -> bool:
    page = b"<html><body>Sorry</body></html>"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n"
    writer.write(head % len(page) + page)
    return True


async def wrong_type(s: Any, b: Any, r: Any, writer: Writer) -> bool:
    """A whole answer where a stream was asked for, a stream's type where a whole one was."""
    kind = b"application/json" if b.get("stream") else b"text/event-stream"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
    data = WHOLE if b.get("stream") else b"".join(EVENTS)
    writer.write(head % (kind, len(data)) + data)
    return True


async def bomb(s: Any, body: dict[str, Any], r: Any, writer: Writer) -> bool:
    packed = gzip.compress(b" " * (80 << 20), 1)
    kind = b"text/event-stream" if body.get("stream") else b"application/json"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-encoding: gzip\r\n"
    writer.write(head % kind + b"content-length: %d\r\n\r\n" % len(packed) + packed)
    return True


def _big(megabytes: int) -> Fault:
    async def fault(s: Any, body: dict[str, Any], r: Any, writer: Writer) -> bool:
        if not body.get("stream"):
            said = Said("x" * (megabytes << 20))
            writer.write(whole(200, json.dumps(CHAT.whole(said)).encode()))
            return True
        writer.write(SSE_HEAD + chunk(WORDS))
        piece = EVENTS[2].replace(b'"content": "', b'"content": "' + b"x" * 65536)
        for _ in range(megabytes * 16):
            writer.write(chunk(piece))
            await writer.drain()
        writer.write(chunk(b"".join(REST)) + b"0\r\n\r\n")
        return True

    return fault


_NOT_UTF8 = EVENTS[1].replace(b"Four", b"Fo\xffr")
FAULTS: dict[str, Fault] = {
    "good": good,
    "limited-seconds": _says(429, _error("slow down"), lambda: "retry-after: 7\r\n"),
    "limited-date": _says(429, _error("slow down"), _in_a_minute),
    "limited-long": _says(429, _error("slow down"), lambda: "retry-after: 300\r\n"),
    "key-refused": _says(401, _error("Incorrect API key provided: sk-live", "invalid_api_key")),
    "one-dead-key": one_dead_key,
    "burst": burst,
    "always-500": _says(500, _error("boom")),
    "reset": reset,
    "closes": closes,
    "half-open": half_open,
    "closes-kept": closes_kept,
    "never": never,
    "head-then-silence": head_then_silence,
    "slow-first-token": slow_first_token,
    "stalls": stalls,
    "cut-politely": _streams(WORDS, instead=WHOLE[:40]),
    "cut-hard": cut_hard,
    "error-in-stream": _streams(WORDS, b"data: " + _error("overloaded") + b"\n\n"),
    "error-first": _streams(EVENTS[0], b"data: " + _error("overloaded") + b"\n\n"),
    "malformed-event": _streams(WORDS, b"data: {oops\n\n", *REST, instead=b'{"choices": [oops'),
    "malformed-chunk": _streams(WORDS, ends=b"zz\r\nnonsense\r\n", instead=WHOLE),
    "bad-utf8": _streams(
        WORDS, _NOT_UTF8[:-9], _NOT_UTF8[-9:], *REST, instead=WHOLE[:60] + b"\xff"
    ),
    "no-last-blank-line": _streams(b"".join(EVENTS)[:-2]),
    "crlf": _streams(*[event.replace(b"\n", b"\r\n") for event in EVENTS]),
    "comments": _streams(b": hello\n\n", *[b": still here\n" + event for event in EVENTS]),
    "bom": _streams(b"\xef\xbb\xbf" + EVENTS[0], *EVENTS[1:]),
    "multi-line": _streams(*[event.replace(b', "', b',\ndata: "') for event in EVENTS]),
    "wrong-type": wrong_type,
    "html": html,
    "html-500": _says(502, b"<html><h1>502 Bad Gateway</h1></html>"),
    "empty": _says(200, b""),
    "bomb": bomb,
    "big": _big(BIG_MB),
    "too-big": _big(70),
    "filtered": _says(400, _error("not this", "content_filter")),
    "too-long": _says(400, _error("too long", "context_length_exceeded")),
}


async def _bytewise(s: Any, body: dict[str, Any], reader: Any, writer: Writer) -> bool:
    if not body.get("stream"):
        return await good(s, body, reader, writer)
    said = json.dumps({"content": TEXT}, ensure_ascii=False)[1:-1].encode()
    head, tail = EVENTS[1].split(b'"content": "', 1)
    event = head + said + tail[tail.index(b'"') + 1 :]
    data = b"".join([EVENTS[0], event, *EVENTS[3:]])
    writer.write(SSE_HEAD)
    for i in range(len(data)):
        writer.write(chunk(data[i : i + 1]))
        if i % 8 == 0:
            await asyncio.sleep(0)
    writer.write(b"0\r\n\r\n")
    return True


FAULTS["split-utf8"] = _bytewise
