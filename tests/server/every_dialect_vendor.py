"""Four vendors behind one port: the path picks the format, the model's name what happens.

`text`, `tools`, `thinking`, `json`, `image`, `length`, `filtered-end`, `error-<status>[-<retry-after>]`,
`error-in-band`, `slow` (waits for `release`), `silent` (never answers), `stalls` (after the first words).
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from dataclasses import dataclass
from typing import Any

from vendor_bodies import VENDORS, Said, Vendor

SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
CALLS = (
    ("call_1", "weather", '{"city":"Paris"}'),
    ("call_2", "weather", '{"city":"Oslo"}'),
)
THOUGHT = "Both cities are asked for."


@dataclass(frozen=True)
class Asked:
    """One request as a vendor sees it."""

    dialect: str
    model: str
    stream: bool
    body: dict[str, Any]
    head: str


def whole(status: int, body: bytes, headers: str = "") -> bytes:
    """A complete HTTP answer."""
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def said_for(asked: Asked) -> Said:
    """The answer that a model of that name gives to that request."""
    has_result = any(
        word in json.dumps(asked.body)
        for word in (
            '"tool_result"',
            '"functionResponse"',
            '"function_call_output"',
            '"role": "tool"',
        )
    )
    match asked.model:
        case "tools" | "thinking" if has_result:
            return Said("Paris 21, Oslo 9.")
        case "tools":
            return Said(calls=CALLS, finish="tool_calls")
        case "thinking":
            return Said(thinking=THOUGHT, calls=CALLS, finish="tool_calls")
        case "json":
            return Said('{"city":"Paris"}')
        case "length":
            return Said("Four and", finish="length")
        case "filtered-end":
            return Said("Well", finish="content_filter")
        case "image":
            return Said("A red dot." if "iVBORw0KGgo" in json.dumps(asked.body) else "No image.")
        case _:
            return Said("Four — quatre — 四.")


class FakeVendors:
    """Listens on a free port; `seen` holds every request. `release` lets `slow` answer."""

    def __init__(self) -> None:
        self.seen: list[Asked] = []
        self.asked = asyncio.Event()
        self.release = asyncio.Event()
        self.closed_by_client = asyncio.Event()
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeVendors:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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
            while True:
                asked = await _read(reader)
                self.seen.append(asked)
                self.asked.set()
                await self._answer(asked, reader, writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _answer(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if asked.dialect not in VENDORS:
            writer.write(whole(200, json.dumps(_counted_or_embedded(asked)).encode()))
            return
        vendor, model = VENDORS[asked.dialect], asked.model
        if model.startswith("error-") and model != "error-in-band":
            writer.write(_error(vendor, model))
            return
        if model == "silent":
            await self._gone(reader)
        if model == "slow":
            await self.release.wait()
        if not asked.stream:
            writer.write(whole(200, json.dumps(vendor.whole(said_for(asked))).encode()))
            return
        events = vendor.events(said_for(asked))
        writer.write(SSE_HEAD)
        if model in ("error-in-band", "stalls"):
            events = _until_first_words(events)
        await _in_pieces(writer, b"".join(events))
        if model == "error-in-band":
            await asyncio.sleep(0.02)  # the words are read before the error comes
            writer.write(chunk(vendor.error_event("overloaded, said in the stream")))
        if model == "stalls":
            await self._gone(reader)
        writer.write(b"0\r\n\r\n")

    async def _gone(self, reader: asyncio.StreamReader) -> None:
        """Say nothing until the other side closes."""
        if await reader.read(1) == b"":
            self.closed_by_client.set()
            raise ConnectionError


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
    body = json.loads(await reader.readexactly(length))
    path = head.split(" ")[1]
    if "/models/" in path:
        model, _, verb = path.rpartition("/models/")[2].partition(":")
        if "enerateContent" not in verb:
            return Asked(verb, model, False, body, head)
        return Asked("gemini", model, verb.startswith("stream"), body, head)
    if path in ("/v1/messages/count_tokens", "/v1/embeddings"):
        return Asked(path.rpartition("/")[2], body["model"], False, body, head)
    dialects = {
        "/v1/chat/completions": "openai_chat",
        "/v1/responses": "openai_responses",
        "/v1/messages": "anthropic_messages",
    }
    return Asked(dialects[path], body["model"], bool(body.get("stream")), body, head)


def _counted_or_embedded(asked: Asked) -> dict[str, Any]:
    """Seven tokens; the same small vector for everything."""
    match asked.dialect:
        case "count_tokens":
            return {"input_tokens": 7}
        case "countTokens":
            return {"totalTokens": 7}
        case "batchEmbedContents":
            return {"embeddings": [{"values": [0.5, 0.25]} for _ in asked.body["requests"]]}
        case _:
            vector = base64.b64encode(struct.pack("<2f", 0.5, 0.25)).decode()
            given = asked.body["input"]
            count = len(given) if isinstance(given, list) and isinstance(given[0], str) else 1
            one = {"object": "embedding", "embedding": vector}
            usage = {"prompt_tokens": 7, "total_tokens": 7}
            found = [{**one, "index": i} for i in range(count)]
            return {"object": "list", "data": found, "model": "m-1", "usage": usage}


def _error(vendor: Vendor, model: str) -> bytes:
    status, _, wait = model.removeprefix("error-").partition("-")
    body = json.dumps(vendor.error(int(status), f"the vendor says {status}")).encode()
    return whole(int(status), body, f"retry-after: {wait}\r\n" if wait else "")


def _until_first_words(events: list[bytes]) -> list[bytes]:
    """Up to and including the first event that holds something of the answer."""
    for place, event in enumerate(events):
        if b"Four" in event:
            return events[: place + 1]
    raise AssertionError("no words in these events")


async def _in_pieces(writer: asyncio.StreamWriter, data: bytes) -> None:
    for at in range(0, len(data), 61):  # cuts fall anywhere, as on a real network
        writer.write(chunk(data[at : at + 61]))
        await writer.drain()
