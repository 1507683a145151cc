"""A whole gateway, as one or more workers over one store, before a vendor with a quick model and a better one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import openai

sys.path.insert(0, str(Path(__file__).parents[1] / "server"))

from fake_upstream import DONE, SSE_HEAD, START, USAGE_EVENT, answer, chunk, error, event, whole

from pilothouse.app import admin_keys
from pilothouse.app.compose import now_us, random_bits_source
from pilothouse.app.config import load_config
from pilothouse.app.generation import Generation, Lasting, open_generation
from pilothouse.app.limiting import open_limiter
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.client.metrics import MeteredRecorder
from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.ports import CallFilter
from pilothouse.server.answer_counts import AnswerCounts
from pilothouse.server.gateway import error_body
from pilothouse.server.http import HttpServer, Limits
from pilothouse.stores.sqlite import SqliteStore

CONFIG = """\
providers:
  vendor: {{kind: openai_compatible, base_url: "{url}"}}
targets:
  quick: {{provider: vendor, model: quick, catalog_model: gpt-4o-mini}}
  better: {{provider: vendor, model: better, catalog_model: gpt-4o}}
routes:
  support:
    targets: [{first}]
    upgrade: {{target: better{upgrade}}}
server: {{port: 0}}
{more}
"""


class Vendor:
    """`say` answers (model, question); `hold` is waited for by the better model, while it is not set."""

    def __init__(self) -> None:
        self.say: Callable[[str, str], str] = lambda model, question: f"{model} says so."
        self.hold = asyncio.Event()
        self.hold.set()
        self.hold_quick: asyncio.Event | None = None
        self.fails = False
        self.seen: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Vendor:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
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
                await self._one(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()
        finally:
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        model = body["model"]
        self.seen.append(model)
        self.bodies.append(body)
        if model == "quick" and self.hold_quick is not None:
            await self.hold_quick.wait()
        if model == "better":
            await self.hold.wait()
            if self.fails:
                writer.write(whole("400 Bad Request", error("the better one is out")))
                return
        text = self.say(model, body["messages"][-1]["content"])
        if body.get("stream"):
            pieces = [START, event({"content": text[:3]}), event({"content": text[3:]})]
            said = b"".join([*pieces, event({}, "stop"), USAGE_EVENT, DONE])
            writer.write(SSE_HEAD + chunk(said) + b"0\r\n\r\n")
        else:
            writer.write(whole("200 OK", answer(text)))
        await writer.drain()


class World:
    """`urls` of the workers, the first one's `generation`, and the keys' secrets by name."""

    def __init__(self, vendor: Vendor, store: SqliteStore) -> None:
        self.vendor = vendor
        self.store = store
        self.urls: list[str] = []
        self.generations: list[Generation] = []
        self.recorders: list[MeteredRecorder] = []
        self.secrets: dict[str, str] = {}

    @property
    def counts(self) -> Any:
        return self.generations[0].upgrades.counts()["support"]

    def sdk(self, key: str = "ann", worker: int = 0) -> openai.AsyncOpenAI:
        secret = self.secrets[key]
        return openai.AsyncOpenAI(base_url=f"{self.urls[worker]}/v1", api_key=secret, max_retries=0)

    async def ask(self, question: str = "2 + 2?", **more: Any) -> tuple[Any, str | None]:
        """The answer and the id of its upgrade."""
        async with self.sdk() as client:
            raw = await client.chat.completions.with_raw_response.create(
                model="support", messages=[{"role": "user", "content": question}], **more
            )
            return raw.parse(), raw.headers.get("x-pilothouse-upgrade")

    async def get(
        self,
        path: str,
        key: str = "ann",
        worker: int = 0,
        accept: str = "*/*",
        method: str = "GET",
        headers: str = "",
    ) -> tuple[int, str, bytes]:
        """Status, headers and body of a request that is closed after."""
        host, port = self.urls[worker].removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self.secrets[key]}\r\n"
            f"accept: {accept}\r\n{headers}connection: close\r\n\r\n".encode()
        )
        got = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        head, _, body = got.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), body

    async def upgrade(self, upgrade_id: str | None, **more: Any) -> tuple[int, dict[str, Any]]:
        """What a long poll of 10 s says."""
        status, _, body = await self.get(f"/v1/upgrades/{upgrade_id}?wait_s=10", **more)
        return status, json.loads(body)

    def calls(self, source: str = "upgrade") -> list[Any]:
        return self.store.calls(CallFilter(source=source))


@asynccontextmanager
async def world(
    folder: Path,
    upgrade: str = "",
    more: str = "",
    workers: int = 1,
    first: str = "quick",
    text: str = CONFIG,
) -> AsyncGenerator[World]:
    """`upgrade`: more of the section; `more`: other sections; `first`: the route's targets; `text`: the whole file."""
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(Vendor())
        config = folder / "pilothouse.yaml"
        section = f", {upgrade}" if upgrade else ""
        config.write_text(text.format(url=vendor.url, upgrade=section, more=more, first=first))
        store = SqliteStore(folder / "pilothouse.db")
        stack.callback(store.close)
        here = World(vendor, store)
        for i, name in enumerate(("ann", "bob")):
            made = admin_keys.create(
                store.keys,
                admin_keys.NewKey(name=f"{name}-{now_us()}"),
                now_us(),
                id_bits=i + now_us(),
                randomness=os.urandom(32),
            )
            here.secrets[name] = made.secret
        for number in range(workers):
            await stack.enter_async_context(_worker(here, config, number))
        yield here


@asynccontextmanager
async def _worker(here: World, config: Path, number: int) -> AsyncGenerator[None]:
    loaded = load_config(config, os.environ)
    store = SqliteStore(config.parent / "pilothouse.db")
    recorder = BatchRecorder(store)
    limiter = await open_limiter(
        loaded.limits, store.budgets, now_us, random_bits_source(), os.environ
    )
    lasting = Lasting(
        store=store,
        recorder=MeteredRecorder(recorder),
        answers=AnswerCounts(),
        limiter=limiter,
        price_of=price_of(load_bundled()),
        ticks=number == 0,
    )
    generation = await open_generation(loaded, lasting)
    server = HttpServer(generation.handle, error_body, Limits())
    port = await server.start("127.0.0.1", 0)
    here.urls.append(f"http://127.0.0.1:{port}")
    here.generations.append(generation)
    here.recorders.append(lasting.recorder)
    try:
        yield
    finally:
        await server.stop(0.2)
        await generation.retire(0.2)
        await limiter.close()
        recorder.close()
        store.close()


def in_world(body: Callable[[World], Awaitable[None]], folder: Path, **options: Any) -> None:
    """Run an async test body in a fresh world."""

    async def main() -> None:
        async with world(folder, **options) as here:
            await body(here)

    asyncio.run(main())


async def until(check: Callable[[], Any]) -> Any:
    """What `check` gives once it is true."""
    async with asyncio.timeout(10):
        while not (found := check()):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.01)
        return found
