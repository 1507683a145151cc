"""A real gateway before fake vendors: every target is `<vendor's format>-<what happens>`."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from every_dialect_vendor import FakeVendors

from pilothouse import registry
from pilothouse.app.compose import random_bits_source
from pilothouse.client.caller import Client
from pilothouse.client.routing import Router
from pilothouse.core.call import Call
from pilothouse.core.ports import Priced
from pilothouse.core.route import RouteSpec, Target
from pilothouse.core.route_settings import Retries, Unsupported
from pilothouse.core.secret import Secret
from pilothouse.providers._rows import row
from pilothouse.providers.http import HttpProvider
from pilothouse.server.callers import Callers
from pilothouse.server.gateway import Gateway, error_body
from pilothouse.server.http import HttpServer, Limits
from pilothouse.wire.deadlines import Timeouts

VENDOR_KEY = "sk-the-vendors-own-key"
DIALECTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini")
ROWS = {
    "openai_chat": ("openai", "/v1"),
    "openai_responses": ("openai", "/v1"),
    "anthropic_messages": ("anthropic", ""),
    "gemini": ("google", ""),
}
"""Each format at the vendor whose own it is, and what stands before its paths."""
HAPPENINGS = [
    "text",
    "tools",
    "thinking",
    "json",
    "image",
    "length",
    "filtered-end",
    "slow",
    "silent",
    "stalls",
    "error-in-band",
    "error-400",
    "error-401",
    "error-403",
    "error-404",
    "error-422",
    "error-429-7",
    "error-500",
    "error-529",
]
ONCE = Retries(attempts_per_target=1)


class Calls:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.all: list[Call] = []

    def record(self, call: Call) -> None:
        self.all.append(call)


class House:
    """What a test talks to: `url` without a version, the vendors, the recorded calls."""

    def __init__(self, vendors: FakeVendors, url: str, calls: list[Call]) -> None:
        self.vendors = vendors
        self.url = url
        self.calls = calls

    async def raw(self, data: bytes) -> bytes:
        """Send bytes, read until the server closes."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(data)
        await writer.drain()
        got = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return got

    async def get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        """The whole answer to a GET."""
        lines = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
        return await self.raw(
            f"GET {path} HTTP/1.1\r\nhost: x\r\n{lines}connection: close\r\n\r\n".encode()
        )

    async def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
        """The whole answer to a POST, chunks and all."""
        lines = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{lines}connection: close\r\n"
        return await self.raw(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


@asynccontextmanager
async def gateway(
    providers: dict[str, Any],
    routes: Iterable[RouteSpec],
    *,
    key: str | None = None,
    keepalive_s: float = 15.0,
    limits: Limits | None = None,
) -> AsyncGenerator[tuple[str, list[Call]]]:
    """A listening gateway over `providers`; its address and what it records."""
    calls = Calls()
    client = Client(
        providers,
        lambda target, usage, at_us: Priced(None, "not priced: a test"),
        calls,
        lambda: time.time_ns() // 1000,
        random_bits_source(),
    )
    router = Router({r.name: r for r in routes}, lambda name: registry.plugin("policies", name))
    callers = Callers(lambda: time.time_ns() // 1000, key=Secret(key) if key else None)
    served = Gateway(client, router, lambda route: None, callers, keepalive_s=keepalive_s)
    server = HttpServer(served.handle, error_body, limits or Limits())
    port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}", calls.all
    finally:
        await server.stop(0.2)
        for provider in providers.values():
            await provider.close()


@asynccontextmanager
async def house(
    timeouts: Timeouts | None = None, unsupported: Unsupported = "warn", **options: Any
) -> AsyncGenerator[House]:
    """The gateway before all four vendors."""
    async with FakeVendors() as vendors:
        providers = {
            name: HttpProvider(
                row(kind),
                base_url=vendors.url + prefix,
                dialect=name,
                keys=[Secret(VENDOR_KEY)],
                timeouts=timeouts or Timeouts(first_byte_s=5, between_s=5, total_s=10),
            )
            for name, (kind, prefix) in ROWS.items()
        }
        routes = [
            RouteSpec(
                name=f"{vendor}-{what}",
                policy="fallback",
                targets=(Target(name=f"{vendor}-{what}", provider=vendor, model=what),),
                retries=ONCE,
                unsupported=unsupported,
            )
            for vendor, what in itertools.product(DIALECTS, HAPPENINGS)
        ]
        async with gateway(providers, routes, **options) as (url, calls):
            yield House(vendors, url, calls)


def in_house(body: Callable[[House], Awaitable[None]], **options: Any) -> None:
    """Run an async test body against a fresh house."""

    async def main() -> None:
        async with house(**options) as here:
            await body(here)

    asyncio.run(main())
