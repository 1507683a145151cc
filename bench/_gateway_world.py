"""What bench/gateway.py measures with: a mock upstream, a bare pass-through, and a closed-loop load. Run by it."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import Any

from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool

USAGE = {"prompt_tokens": 40, "completion_tokens": 50, "total_tokens": 90}
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "It is four. " * 16},
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    }
).encode()
HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
CHUNKS = 50
SSE = b"content-type: text/event-stream\r\n"


def event(delta: dict[str, str], finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({**HEAD, "choices": choices, **more}).encode() + b"\n\n"


EVENTS = [
    event({"role": "assistant", "content": ""}),
    *[event({"content": "four "}) for _ in range(CHUNKS)],
    event({}, "stop"),
    b"data: " + json.dumps({**HEAD, "choices": [], "usage": USAGE}).encode() + b"\n\n",
    b"data: [DONE]\n\n",
]


BURST = b"".join(EVENTS)
HELD_S = 0.1
"""Between the chunks of a stream that is `held`: five seconds of it in all."""


async def upstream(http: HttpRequest, out: Exchange) -> None:
    """Answers at once; a stream comes in one write, or one event a write (`drip`), or slowly (`held`)."""
    if b'"stream":true' not in http.body and b'"stream": true' not in http.body:
        out.send(200, ANSWER)
        return
    out.start_stream(SSE)
    if b"drip" in http.body or b"held" in http.body:
        pause_s = HELD_S if b"held" in http.body else 0.0
        for data in EVENTS:
            out.write(data)
            await asyncio.sleep(pause_s)
    else:
        out.write(BURST)
    out.end_stream()


class PassThrough:
    """The least a proxy on our own server and client can do."""

    def __init__(self, base_url: str) -> None:
        self.pool = Pool(base_url, Timeouts())
        self.head = self.pool.head(
            "POST", "/chat/completions", {"content-type": "application/json"}
        )

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        if b'"stream": true' not in http.body:
            response = await self.pool.send(self.head, http.body)
            out.send(response.status, response.body)
            return
        out.start_stream(SSE)
        incoming = await self.pool.open(self.head, http.body)
        while data := await incoming.read():
            out.write(data)
        out.end_stream()


async def serve(handler: Any) -> None:
    """Listen on a free port, say which, run until SIGTERM."""
    server = HttpServer(handler, lambda status, message, http: b"", Limits())
    print(f"listening on http://127.0.0.1:{await server.start('127.0.0.1', 0)}", flush=True)
    told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set_result, None)
    await told
    await server.stop(1)


def body_of(shape: str) -> tuple[str, bytes]:
    """Where a request of this shape goes, and what it says."""
    words = f"{shape} " if shape in ("drip", "held") else ""
    messages = [{"role": "user", "content": words + "What is 2 + 2? " * 8}]
    asked: dict[str, Any] = {"model": "route", "messages": messages}
    if "stream" in shape or shape in ("drip", "held"):
        asked["stream"] = True
    if "cross" in shape:
        return "/messages", json.dumps({**asked, "max_tokens": 100}).encode()
    return "/chat/completions", json.dumps({**asked, "max_completion_tokens": 100}).encode()


async def load(
    url: str, connections: int, requests: int, shape: str, headers: dict[str, str]
) -> dict[str, Any]:
    """A closed loop: `connections` clients share `requests`. Slow streams do not all begin in one moment."""
    pool = Pool(url, Timeouts())
    path, body = body_of(shape)
    head = pool.head("POST", path, {"content-type": "application/json", **headers})
    is_stream = b'"stream": true' in body
    taken_ms: list[float] = []
    first_ms: list[float] = []
    left = requests

    async def client(number: int) -> None:
        nonlocal left
        if shape == "held":
            await asyncio.sleep(HELD_S * CHUNKS * number / connections)
        while left > 0:
            left -= 1
            started = time.perf_counter()
            if is_stream:
                await one_stream(pool, head, body, started, first_ms)
            else:
                response = await pool.send(head, body)
                assert response.status == 200, response.body
            taken_ms.append((time.perf_counter() - started) * 1e3)

    started = time.perf_counter()
    await asyncio.gather(*[client(number) for number in range(connections)])
    elapsed_s = time.perf_counter() - started
    pool.close()
    return {
        "rps": requests / elapsed_s,
        "p50_ms": quantile(taken_ms, 0.5),
        "p99_ms": quantile(taken_ms, 0.99),
        "ttft_p50_ms": quantile(first_ms, 0.5) if first_ms else None,
        "ttft_p99_ms": quantile(first_ms, 0.99) if first_ms else None,
    }


async def one_stream(
    pool: Pool, head: bytes, body: bytes, started: float, first_ms: list[float]
) -> None:
    seen = b""
    incoming = await pool.open(head, body)
    assert incoming.status == 200, await incoming.rest()
    while data := await incoming.read():
        if b"four" not in seen[:2000] and b"four" in data:
            first_ms.append((time.perf_counter() - started) * 1e3)
        seen += data
    assert b"[DONE]" in seen[-50:] or b"message_stop" in seen[-80:], seen[-200:]


def quantile(values: list[float], p: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))]
