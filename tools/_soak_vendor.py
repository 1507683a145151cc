"""What `make soak` asks: a vendor (OpenAI's chat format) that fails now and then, and counts all it did.

Every answer has its own number as `prompt_tokens`, so that each can be found again in the gateway's books.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
from typing import Any

from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits

WORDS = 12
JSON = b"content-type: application/json\r\n"
SSE = b"content-type: text/event-stream\r\n"
FAULTS = {
    "500": 0.01,
    "503": 0.005,
    "429": 0.003,
    "refusal": 0.005,
    "html": 0.003,
    "empty": 0.003,
    "reset": 0.004,
    "slow": 0.01,
    "cut": 0.006,
    "in-band": 0.004,
    "stall": 0.002,
}
"""How often each. The last three are of streams; whole answers are good instead."""


class Vendor:
    """Answers and counts."""

    def __init__(self) -> None:
        self.received = 0
        self.answers: dict[int, int] = {}
        """Numbers of the answers that were sent whole, and their output tokens."""
        self.faults: dict[str, int] = {}
        self._random = random.Random(7)

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """One request."""
        if http.path == "/stats":
            stats = {"received": self.received, "answers": self.answers, "faults": self.faults}
            out.send(200, json.dumps(stats).encode())
            return
        self.received += 1
        number = self.received
        is_stream = b'"stream":true' in http.body or b'"stream": true' in http.body
        [fault] = self._random.choices(["", *FAULTS], [1 - sum(FAULTS.values()), *FAULTS.values()])
        self.faults[fault] = self.faults.get(fault, 0) + 1
        if fault == "slow":
            await asyncio.sleep(0.3)
        if fault in ("500", "503", "429", "refusal"):
            self._refuse(out, fault)
        elif fault == "html":
            out.send(200, b"<html>bad gateway</html>", b"content-type: text/html\r\n")
        elif fault == "empty":
            out.send(200, b"")
        elif fault == "reset":
            out.abort()
        elif is_stream:
            await self._stream(out, number, fault)
        else:
            out.send(200, _whole(number), JSON)
            self.answers[number] = WORDS

    def _refuse(self, out: Exchange, fault: str) -> None:
        status = 400 if fault == "refusal" else int(fault)
        code = "content_filter" if fault == "refusal" else None
        body = {"error": {"message": f"the vendor says {fault}", "type": "x", "code": code}}
        headers = JSON + (b"retry-after: 0\r\n" if fault == "429" else b"")
        out.send(status, json.dumps(body).encode(), headers)

    async def _stream(self, out: Exchange, number: int, fault: str) -> None:
        out.start_stream(SSE)
        breaks_at = self._random.randrange(1, WORDS) if fault in ("cut", "in-band", "stall") else -1
        for word in range(WORDS):
            if word == breaks_at:
                if fault == "stall":
                    await asyncio.sleep(30)
                elif fault == "in-band":
                    out.write(b'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n')
                out.abort()
                return
            out.write(_chunk({"content": f"word {word} "}))
            await asyncio.sleep(0.002)
        usage = {"prompt_tokens": number, "completion_tokens": WORDS}
        out.write(_chunk({}, "stop") + _chunk(None, usage=usage) + b"data: [DONE]\n\n")
        out.end_stream()
        self.answers[number] = WORDS


def _whole(number: int) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "word " * WORDS},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": number, "completion_tokens": WORDS}
    return json.dumps({"id": "c", "model": "m", "choices": [choice], "usage": usage}).encode()


def _chunk(delta: dict[str, str] | None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return (
        b"data: %b\n\n" % json.dumps({"id": "c", "model": "m", "choices": choices, **more}).encode()
    )


async def serve() -> None:
    """Listen on a free port, say which, run until SIGTERM."""
    server = HttpServer(Vendor().handle, lambda status, message, http: b"", Limits())
    print(f"listening on http://127.0.0.1:{await server.start('127.0.0.1', 0)}", flush=True)
    told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set_result, None)
    await told
    await server.stop(1)
