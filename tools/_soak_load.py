"""The callers of `make soak`: they arrive at random, ask in two formats, whole and streamed, and some leave early."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from time import monotonic
from typing import Any

from pilothouse.core.errors import ProviderError
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool

LEAVING = 0.02
PATIENCE = Timeouts(first_byte_s=30, between_s=30, total_s=60)
ENDS = (b"[DONE]", b'"message_stop"')


class Load:
    """`outcomes` counts how each request ended; `ids` are those of the answers."""

    def __init__(self, url: str, keys: list[str], seed: int = 11) -> None:
        self.outcomes: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.sent = 0
        self._pool = Pool(url, PATIENCE, most_idle=2000)
        self._random = random.Random(seed)
        self._heads = {
            path: [
                self._pool.head(
                    "POST",
                    path,
                    {"content-type": "application/json", "authorization": f"Bearer {key}"},
                )
                for key in keys
            ]
            for path in ("/v1/chat/completions", "/v1/messages")
        }

    async def flood(self, seconds: float, connections: int) -> float:
        """As many as are answered, one after another on each connection: requests a second."""
        until_s, before = monotonic() + seconds, self.sent

        async def one() -> None:
            while monotonic() < until_s:
                await self.request()

        await asyncio.gather(*[one() for _ in range(connections)])
        return (self.sent - before) / seconds

    async def arrive(self, seconds: float, per_second: float) -> None:
        """At random moments (Poisson), whether those before are answered or not. Returns when all have ended."""
        until_s = due_s = monotonic()
        until_s += seconds
        running: set[asyncio.Task[None]] = set()
        while due_s < until_s:
            wait_s = due_s - monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            task = asyncio.create_task(self.request())
            running.add(task)
            task.add_done_callback(running.discard)
            due_s += self._random.expovariate(per_second)
        await asyncio.gather(*running)

    async def request(self) -> None:
        """One, to its end."""
        self.sent += 1
        draw = self._random.random
        path = "/v1/messages" if draw() < 0.3 else "/v1/chat/completions"
        is_stream = draw() < 0.5
        asked: dict[str, Any] = {
            "model": "route",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "What is 2 + 2? " * 4}],
        }
        if is_stream:
            asked["stream"] = True
        head = self._random.choice(self._heads[path])
        leaves_after_s = draw() * 0.03 if draw() < LEAVING else None
        ended = self._ended(head, json.dumps(asked).encode(), is_stream)
        try:
            if leaves_after_s is None:
                self.outcomes[await ended] += 1
            else:
                self.outcomes[await asyncio.wait_for(ended, leaves_after_s)] += 1
        except TimeoutError:
            self.outcomes["left early"] += 1

    async def _ended(self, head: bytes, body: bytes, is_stream: bool) -> str:
        try:
            incoming = await self._pool.open(head, body)
        except ProviderError as error:
            return f"LOST: {error.kind}"
        try:
            self.ids[incoming.headers.get("x-request-id", "")] += 1
            said = b""
            try:
                while data := await incoming.read():
                    said += data
            except ProviderError as error:
                is_told = b'"error"' in said[-1000:]
                return "an error in band" if is_told else f"LOST: {error.kind} in the middle"
        finally:
            incoming.close()
        if incoming.status != 200:
            return f"status {incoming.status}"
        if (
            is_stream
            and not said.rstrip().endswith(ENDS)
            and not any(e in said[-200:] for e in ENDS)
        ):
            return "LOST: a polite end of half an answer"
        return "streamed" if is_stream else "whole"

    def close(self) -> None:
        """Let the connections go."""
        self._pool.close()
