"""A gateway on a free port, over a fake upstream, with calls kept in a list."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_upstream import FakeUpstream

from pilothouse import registry
from pilothouse.app.compose import random_bits_source
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.memory import MemoryBackend
from pilothouse.client.caller import Client
from pilothouse.client.guarding import GuardBook
from pilothouse.client.routing import Router
from pilothouse.client.shadow import Shadows
from pilothouse.core.call import Call
from pilothouse.core.ports import Priced
from pilothouse.core.route import RouteSpec, Shadow, Target
from pilothouse.core.route_settings import CacheSettings, Retries, ShadowLimits
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider
from pilothouse.server.callers import Callers
from pilothouse.server.gateway import Gateway, error_body
from pilothouse.server.http import HttpServer, Limits
from pilothouse.wire.deadlines import Timeouts

KEY = "sk-secret-key"
ONCE = Retries(attempts_per_target=1)
"""Retries have tests of their own."""
BEHAVIOURS = [
    name.removeprefix("_").replace("_", "-")
    for name in vars(FakeUpstream)
    if name.startswith("_") and not name.startswith("__") and name not in ("_serve", "_one")
]


class Harness:
    """What a test talks to."""

    def __init__(
        self, upstream: FakeUpstream, url: str, calls: list[Call], shadows: Shadows
    ) -> None:
        self.shadows = shadows
        self.upstream = upstream
        self.url = url
        self.calls = calls

    async def raw(self, data: bytes) -> bytes:
        """Send bytes, read until the server closes."""
        host, port = self.url.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(data)
        await writer.drain()
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return got


class _List:
    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls

    def record(self, call: Call) -> None:
        self._calls.append(call)


@asynccontextmanager
async def running(
    *,
    key: str | None = None,
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    cache: CacheSettings | None = None,
    serves: Mapping[str, Any] | None = None,
    dialect: str | None = None,
    guards: GuardBook | None = None,
) -> AsyncGenerator[Harness]:
    """`serves`: fields of every route, over the usual ones; targets are named."""
    calls: list[Call] = []
    async with FakeUpstream() as upstream:
        fast = timeouts or Timeouts(connect_s=2, first_byte_s=0.3, between_s=0.3, total_s=5)

        def provider(url: str) -> HttpProvider:
            kind = row("openai_compatible")
            return HttpProvider(
                kind, base_url=url, keys=[Secret(KEY)], timeouts=fast, dialect=dialect
            )

        providers = {name: provider(upstream.url) for name in BEHAVIOURS}
        providers["nowhere"] = provider("http://127.0.0.1:9/v1")
        targets = {b: Target(name=b, provider=b, model=b) for b in BEHAVIOURS}
        targets["down"] = Target(name="down", provider="nowhere", model="good")
        kept_for = cache or CacheSettings()
        settings: dict[str, Any] = {
            "retries": ONCE,
            "cache": kept_for,
            **_settings(serves or {}, targets),
        }
        routes = {
            n: RouteSpec(name=n, policy="fallback", targets=(t,), **settings)
            for n, t in targets.items()
        }
        for name, target in targets.items():
            both = (target, targets["good"])
            routes[f"{name}-then-good"] = RouteSpec(
                name=f"{name}-then-good", policy="fallback", targets=both, **settings
            )
        client = Client(
            providers,
            lambda target, usage, at_us: Priced(None, "not priced: a test"),
            _List(calls),
            lambda: time.time_ns() // 1000,
            random_bits_source(),
        )
        router = Router(routes, lambda name: registry.plugin("policies", name))
        callers = Callers(lambda: time.time_ns() // 1000, key=Secret(key) if key else None)
        kept = None
        if cache is not None:
            memory = MemoryBackend(1_000_000, time.monotonic)
            kept = AnswerCache(memory, lambda: time.time_ns() // 1000)
        shadows = Shadows(
            client.apart(),
            lambda target, usage, at_us: Priced(None, "not priced: a test"),
            lambda: time.time_ns() // 1000,
        )
        gateway = Gateway(
            client, router, lambda route: None, callers, cache=kept, shadows=shadows, guards=guards
        )
        server = HttpServer(gateway.handle, error_body, limits or Limits())
        port = await server.start("127.0.0.1", 0)
        try:
            yield Harness(upstream, f"http://127.0.0.1:{port}/v1", calls, shadows)
        finally:
            await server.stop(0.2)
            await shadows.close(0.2)
            for one in providers.values():
                await one.close()


def _settings(serves: Mapping[str, Any], targets: Mapping[str, Target]) -> dict[str, Any]:
    found = dict(serves)
    if "shadow" in found:
        found["shadow"] = Shadow(targets=(targets[found["shadow"]],), limits=ShadowLimits(share=1))
    return found


@pytest.fixture
def with_gateway() -> Callable[..., Any]:
    """Run an async test body against a fresh gateway: `with_gateway(body, key=...)`."""

    def run(body: Callable[[Harness], Awaitable[None]], **options: Any) -> None:
        async def main() -> None:
            async with running(**options) as harness:
                await body(harness)

        asyncio.run(main())

    return run
