"""Wires the parts. Nothing below this layer names a concrete store, provider or clock."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct

from pilothouse import registry
from pilothouse.app.stores import Store, StoreAddress, open_store
from pilothouse.catalog.catalog import Catalog, load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.client.caller import Client
from pilothouse.client.recorder import BatchRecorder
from pilothouse.client.routing import Router
from pilothouse.core.ports import NowUs, Provider, Recorder
from pilothouse.core.route import RouteSpec
from pilothouse.providers._config import ProviderConfig
from pilothouse.providers.kinds import open_provider


class Parts(Struct, frozen=True):
    """What a feature needs to ask models and keep what they said."""

    client: Client
    store: Store
    catalog: Catalog
    providers: dict[str, Provider]
    recorder: BatchRecorder


def now_us() -> int:
    """The system clock, in microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


def random_bits_source(buffered: int = 512) -> Callable[[], int]:
    """A source of 80 random bits at a time for ids.

    The system is asked for many at once: a system call for each id is a sixth of the gateway's own cost.
    """
    waiting: list[int] = []

    def bits() -> int:
        if not waiting:
            data = os.urandom(10 * buffered)
            waiting.extend(int.from_bytes(data[i : i + 10]) for i in range(0, len(data), 10))
        return waiting.pop()

    return bits


def open_router(routes: Mapping[str, RouteSpec], aliases: Mapping[str, str]) -> Router:
    """Configured routes with their policies."""
    return Router(routes, lambda name: registry.plugin("policies", name), aliases=aliases)


def open_providers(configs: Mapping[str, ProviderConfig]) -> dict[str, Provider]:
    """Providers by configured name. Raises `InvalidInput` when a key cannot be read."""
    return {name: open_provider(name, config, os.environ) for name, config in configs.items()}


@asynccontextmanager
async def open_client(
    providers: Mapping[str, ProviderConfig],
    store_at: StoreAddress,
    *,
    clock: NowUs = now_us,
    recorded_by: Callable[[Recorder], Recorder] = lambda recorder: recorder,
) -> AsyncGenerator[Parts]:
    """Everything that asks, records and prices; closed, and all rows written, on the way out.

    `recorded_by` may stand before the recorder, when somebody else writes some of the rows.
    """
    store = open_store(store_at)
    recorder = BatchRecorder(store)
    opened: dict[str, Provider] = {}
    try:
        opened.update(open_providers(providers))
        catalog = load_bundled()
        client = Client(
            opened, price_of(catalog), recorded_by(recorder), clock, random_bits_source()
        )
        yield Parts(client, store, catalog, opened, recorder)
    finally:
        for provider in opened.values():
            await provider.close()
        recorder.close()
        store.close()
