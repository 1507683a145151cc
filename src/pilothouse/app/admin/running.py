"""The running process: its targets' health, its configuration, reading that again, and its metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from pilothouse.app.config import AdminConfig, ServerConfig
from pilothouse.app.generation import Generation
from pilothouse.app.limits_config import LimitsConfig
from pilothouse.app.reloading import Reloaded
from pilothouse.app.siblings import Siblings, TargetState
from pilothouse.client.copy_counts import summed
from pilothouse.client.metrics import summed as summed_series
from pilothouse.client.metrics import summed_checks, summed_guards
from pilothouse.client.shadow_counts import summed_shadows
from pilothouse.client.upgrade_counts import UpgradeCounts
from pilothouse.core.route import Target
from pilothouse.providers._config import ProviderConfig
from pilothouse.server import answer_counts
from pilothouse.server.admin.metrics_text import CONTENT_TYPE, metrics_text
from pilothouse.server.admin.operation import Asked, Operation, Page


class TargetList(Struct, frozen=True):
    """One row for each target and worker."""

    targets: list[TargetState]


class ProviderView(Struct, frozen=True, kw_only=True):
    """A provider as configured: names of variables and files, never what is in them."""

    kind: str
    base_url: str | None
    key_env: list[str]
    key_file: list[str]
    dialect: str | None
    settings: list[str]
    """Names alone: a value may be anything."""


class ConfigView(Struct, frozen=True, kw_only=True):
    """What serves now."""

    providers: dict[str, ProviderView]
    targets: dict[str, Target]
    routes: list[str]
    aliases: dict[str, str]
    store_at: str
    server: ServerConfig
    admin: AdminConfig | None
    limits: LimitsConfig


def running_operations(
    now: Callable[[], Generation],
    siblings: Siblings,
    reload: Callable[[], Awaitable[Reloaded]],
    *,
    is_metrics_open: bool,
) -> Sequence[Operation]:
    """`reload` raises `PilothouseError` when the file cannot be used."""

    async def targets(asked: Asked) -> object:
        return TargetList([row for one in await siblings.all() for row in one.targets])

    async def config(asked: Asked) -> object:
        return _view(now())

    async def reloaded(asked: Asked) -> object:
        return await reload()

    async def metrics(asked: Asked) -> object:
        figures = await siblings.all()
        in_flight: Counter[str] = Counter()
        for row in [row for one in figures for row in one.targets]:
            in_flight[row.target] += row.in_flight
        answers = answer_counts.summed(count for one in figures for count in one.answers)
        text = metrics_text(
            summed_series(series for one in figures for series in one.series),
            answers,
            in_flight,
            shed_rows=sum(one.shed_rows for one in figures),
            shadows=summed_shadows(one.shadows for one in figures),
            upgrades=summed(UpgradeCounts, [one.upgrades for one in figures]),
            workers=len(figures),
            guards=summed_guards(row for one in figures for row in one.guards),
            checks=summed_checks(row for one in figures for row in one.checks),
        )
        return Page(text.encode(), CONTENT_TYPE)

    health, shown = "Health of each target, by worker.", "What serves now; no secrets."
    again = "Read the configuration again; one that cannot be used is refused whole."
    counts = "Counts in Prometheus' text format."
    return (
        Operation("GET", "/admin/targets", health, targets, TargetList),
        Operation("GET", "/admin/config", shown, config, ConfigView),
        Operation("POST", "/admin/reload", again, reloaded, Reloaded),
        Operation("GET", "/metrics", counts, metrics, Page, is_open=is_metrics_open),
    )


def _view(serving: Generation) -> ConfigView:
    config = serving.config
    return ConfigView(
        providers={name: _provider(p) for name, p in config.providers.items()},
        targets=config.targets,
        routes=list(config.routes),
        aliases=config.aliases,
        store_at=str(config.store_at),
        server=config.server,
        admin=config.admin,
        limits=config.limits,
    )


def _provider(config: ProviderConfig) -> ProviderView:
    return ProviderView(
        kind=config.kind,
        base_url=config.base_url,  # one with a password or a query is refused at the start
        key_env=config.key_envs,
        key_file=config.key_files,
        dialect=config.dialect,
        settings=sorted(config.settings),
    )
