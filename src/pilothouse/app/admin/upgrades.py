"""What upgrades taught, cost and saved, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from pilothouse.app.compose import now_us
from pilothouse.app.generation import Generation
from pilothouse.app.siblings import Siblings
from pilothouse.app.stores import Store
from pilothouse.client.copy_counts import summed
from pilothouse.client.upgrade_counts import UpgradeCounts
from pilothouse.core.route_settings import UpgradeLimits
from pilothouse.server.admin.operation import Asked, Operation
from pilothouse.watch.upgrades import UpgradeReport, upgrade_report
from pilothouse.watch.when import when_us

LESSONS = "30d"


class UpgradesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Since when sums are made."""

    since: str = "30d"
    """An age (1h, 7d), a date, or a date and time in UTC."""


class UpgradesView(Struct, frozen=True, kw_only=True):
    """From the record, and as counted since the start."""

    recorded: UpgradeReport
    since_start: dict[str, UpgradeCounts]
    """By route; all workers."""


def upgrade_operations(
    now: Callable[[], Generation], store: Store, siblings: Siblings
) -> Sequence[Operation]:
    """One."""

    def stop_below(route: str) -> float:
        spec = now().config.routes.get(route)
        return (spec.upgrade.limits if spec and spec.upgrade else UpgradeLimits()).stop_below

    async def shown(asked: Asked) -> object:
        query: UpgradesQuery = asked.query
        at_us = now_us()
        since_us, lessons_us = when_us(query.since, at_us), when_us(LESSONS, at_us)
        report = await asyncio.to_thread(upgrade_report, store, since_us, lessons_us, stop_below)
        figures = await siblings.all()
        counts = summed(UpgradeCounts, [one.upgrades for one in figures])
        return UpgradesView(recorded=report, since_start=counts)

    return (
        Operation(
            "GET",
            "/admin/upgrades",
            "Which questions a better model answers otherwise, what asking it costs, and what not asking saved.",
            shown,
            UpgradesView,
            query=UpgradesQuery,
        ),
    )
