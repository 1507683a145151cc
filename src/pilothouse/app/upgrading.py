"""Makes what asks better models again after a first answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from pilothouse.app.compose import now_us
from pilothouse.app.queue_config import QueueConfig, rules_of
from pilothouse.app.stores import Store
from pilothouse.app.working import worker_name
from pilothouse.client.caller import Client
from pilothouse.client.copies import Copies
from pilothouse.client.upgrades import Upgrades
from pilothouse.core.ports import CallFilter, PriceOf
from pilothouse.core.route import RouteSpec
from pilothouse.core.route_settings import UpgradeLimits
from pilothouse.server.upgrades_api import UpgradesApi
from pilothouse.watch.upgrades import read_lessons

_DAY_US = 86_400_000_000
_DEFAULTS = UpgradeLimits()


async def open_upgrades(
    client: Client,
    store: Store,
    price_of: PriceOf,
    routes: Iterable[RouteSpec],
    queue: QueueConfig,
    *,
    default_output_tokens: int,
    workers: int,
    before: Upgrades | None = None,
) -> Upgrades:
    """Knows what was learned, and what was spent today, before this start. Raises `StoreError`."""
    copies = Copies(
        "upgrade",
        client.apart(),
        price_of,
        now_us,
        default_output_tokens=default_output_tokens,
        workers=workers,
        before=before.copies if before is not None else None,
    )
    limits = [spec.upgrade.limits for spec in routes if spec.upgrade is not None]
    upgrades = Upgrades(
        copies,
        store.jobs,
        rules_of(queue),
        worker_name(client.new_id()),
        partial(read_lessons, store),
        store.write_scored,
        keep_s=max([one.keep_s for one in limits], default=_DEFAULTS.keep_s),
        before=before,
    )
    if limits:
        await upgrades.learn()
    if limits and not copies.remembers:
        today = CallFilter(source="upgrade", since_us=now_us() // _DAY_US * _DAY_US)
        copies.remember(await asyncio.to_thread(store.calls, today))
    return upgrades


def upgrades_api(store: Store, upgrades: Upgrades, routes: Mapping[str, RouteSpec]) -> UpgradesApi:
    """The door to what they found."""

    def keep_s(route: str) -> float:
        spec = routes.get(route)
        return (spec.upgrade.limits if spec and spec.upgrade else _DEFAULTS).keep_s

    return UpgradesApi(store.jobs, now_us, upgrades.wait, keep_s)
