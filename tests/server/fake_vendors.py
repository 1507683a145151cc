"""Vendors that embed, count and fail as the real ones do on the wire, and a gateway in front of them."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pilothouse import registry
from pilothouse.app.compose import random_bits_source
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.client.admission import AdmissionRules, Admissions
from pilothouse.client.caller import Client
from pilothouse.client.keyring import KeyRing
from pilothouse.client.limits.local import LocalLimiter
from pilothouse.client.limits.purse import Purses
from pilothouse.client.routing import Router
from pilothouse.core.call import Call
from pilothouse.core.keys import VirtualKey, new_secret, secret_hash
from pilothouse.core.limits import Scope
from pilothouse.core.ports import Provider
from pilothouse.core.route import RouteSpec, Split, Target
from pilothouse.core.route_settings import Retries
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider
from pilothouse.providers.replay import Replay
from pilothouse.server.callers import Callers
from pilothouse.server.gateway import Gateway, error_body
from pilothouse.server.http import HttpServer, Limits
from pilothouse.stores.sqlite import SqliteStore

VECTOR = (0.5, -0.25)
SECRET = new_secret(b"1" * 32).reveal()
Asked = tuple[str, dict[str, str], Any]
Said = tuple[int, Any]


def base64_vector(vector: tuple[float, ...]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


class FakeVendor:
    """One server for all of them: the path says whose format it is. `seen` holds what was asked."""

    def __init__(self) -> None:
        self.seen: list[Asked] = []
        self.bodies: list[bytes] = []
        self.tells_usage = True
        self.counts: Said | None = None
        self.broken_at: set[str] = set()
        """Beginnings of paths that answer 500."""
        self.bad_keys: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, said = self._reply(first.split(" ")[1], headers, body)
                data = said if isinstance(said, bytes) else json.dumps(said).encode()
                writer.write(
                    b"HTTP/1.1 %d x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                    % (status, len(data), data)
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    def _reply(self, path: str, headers: dict[str, str], body: bytes) -> Said:
        asked = json.loads(body)
        self.seen.append((path, headers, asked))
        self.bodies.append(body)
        if any(path.startswith(start) for start in self.broken_at):
            return 500, {"error": {"message": "broken", "type": "server_error"}}
        if any(key in headers.get("authorization", "") for key in self.bad_keys):
            return 401, {"error": {"message": "bad key", "code": "invalid_api_key"}}
        if path.endswith("/embeddings"):
            return self._openai(asked)
        if path.endswith(("/count_tokens", ":countTokens")):
            if self.counts is not None:
                return self.counts
            return 200, {"totalTokens": 21} if ":" in path else {"input_tokens": 14}
        usage = {"usageMetadata": {"promptTokenCount": 5}} if self.tells_usage else {}
        one = {"values": VECTOR}
        if path.endswith(":embedContent"):
            return 200, {"embedding": one, **usage}
        return 200, {"embeddings": [one for _ in asked["requests"]], **usage}

    def _openai(self, asked: Any) -> Said:
        given = asked["input"]
        is_one = isinstance(given, str) or isinstance(given[0], int)
        vector: Any = VECTOR
        if asked.get("encoding_format") == "base64":
            vector = base64_vector(VECTOR)
        data = [
            {"object": "embedding", "index": i, "embedding": vector}
            for i in range(1 if is_one else len(given))
        ]
        usage = {"usage": {"prompt_tokens": 7, "total_tokens": 7}} if self.tells_usage else {}
        return 200, {"object": "list", "data": data, "model": asked["model"], **usage}


class Doors:
    """What a test talks to; `url` without `/v1`."""

    def __init__(self, url: str, vendor: FakeVendor, calls: list[Call]) -> None:
        self.url = url
        self.vendor = vendor
        self.calls = calls

    async def get(
        self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and JSON of one request; `_` in a header's name is written `-`."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
        writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        head, _, data = got.partition(b"\r\n\r\n")
        first, *said = head.decode().split("\r\n")
        return int(first.split(" ")[1]), dict(s.split(": ", 1) for s in said), json.loads(data)


TARGETS = {
    "small": Target(name="small", provider="openai", model="text-embedding-3-small"),
    "small-2": Target(
        name="small-2",
        provider="azure",
        model="my-deployment",
        catalog_model="text-embedding-3-small",
    ),
    "large": Target(name="large", provider="openai", model="text-embedding-3-large"),
    "gem": Target(name="gem", provider="own", model="gemini-embedding-001"),
    "compat": Target(name="compat", provider="google", model="gemini-embedding-001"),
    "chat": Target(name="chat", provider="openai", model="gpt-4o"),
    "claude": Target(name="claude", provider="anthropic", model="claude-sonnet-4-5"),
    "flash": Target(name="flash", provider="google", model="gemini-2.5-flash"),
    "taped": Target(name="taped", provider="taped", model="gpt-4o"),
}
_ROUTES = {
    "search": ("small", "small-2"),
    "mixed": ("small", "large"),
    "half": ("claude", "small"),
    "budgeted": ("small",),
    "strict": ("small",),
    "strict-gem": ("gem",),
}


def routes() -> dict[str, RouteSpec]:
    named = {name: (name,) for name in TARGETS} | _ROUTES
    return {
        name: RouteSpec(
            name=name,
            policy="fallback",
            targets=tuple(TARGETS[one] for one in targets),
            retries=Retries(attempts_per_target=1),
            unsupported="reject" if name.startswith("strict") else "warn",
        )
        for name, targets in named.items()
    }


def _providers(url: str) -> dict[str, Provider]:
    keys = [Secret("sk-one"), Secret("sk-two")]
    return {
        "openai": HttpProvider(row("openai"), base_url=f"{url}/v1", keys=keys),
        "azure": HttpProvider(row("openai_compatible"), base_url=f"{url}/other", keys=keys[:1]),
        "google": HttpProvider(row("google"), base_url=url, keys=keys[:1]),
        "own": HttpProvider(row("google"), base_url=url, keys=keys[:1], dialect="gemini"),
        "anthropic": HttpProvider(row("anthropic"), base_url=url, keys=keys[:1]),
        "taped": Replay("builtin:gsm8k"),
    }


def now_us() -> int:
    return time.time_ns() // 1000


class _List:
    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls

    def record(self, call: Call) -> None:
        self._calls.append(call)


@asynccontextmanager
async def doors(
    folder: Path,
    *,
    models: tuple[str, ...] | None = None,
    scopes: dict[str, Scope] | None = None,
    split: Split | None = None,
) -> AsyncGenerator[Doors]:
    """`models`: a key is needed, and may name those. `scopes`: limits of routes. `split`: a rollout on all."""
    vendor = FakeVendor()
    calls: list[Call] = []
    store = SqliteStore(folder / "t.db")
    async with vendor.serving() as url:
        providers = _providers(url)
        price = price_of(load_bundled())
        client = Client(providers, price, _List(calls), now_us, random_bits_source())
        router = Router(routes(), lambda name: registry.plugin("policies", name))
        limiter = LocalLimiter(Purses(store.budgets, now_us, "t"), now_us, time.monotonic_ns)
        admissions = Admissions(limiter, scopes or {}, price, now_us, AdmissionRules())
        ring = KeyRing(store.keys)
        if models is not None:
            store.keys.save_key(_key(models))
            ring.refresh()
        callers = Callers(now_us, ring)
        gateway = Gateway(client, router, lambda route: split, callers, admissions)
        server = HttpServer(gateway.handle, error_body, Limits())
        port = await server.start("127.0.0.1", 0)
        try:
            yield Doors(f"http://127.0.0.1:{port}", vendor, calls)
        finally:
            await server.stop(0.2)
            for one in providers.values():
                await one.close()
            await limiter.close()
            store.close()


def run(folder: Path, body: Callable[[Doors], Any], **options: Any) -> None:
    """An async test body against a fresh gateway."""

    async def main() -> None:
        async with doors(folder, **options) as found:
            await asyncio.wait_for(body(found), 30)

    asyncio.run(main())


def _key(models: tuple[str, ...]) -> VirtualKey:
    return VirtualKey(
        id="K1",
        name="ci",
        secret_hash=secret_hash(SECRET),
        last4=SECRET[-4:],
        created_us=1,
        models=models,
    )
