"""Puts the admin API together."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pilothouse._version import __version__
from pilothouse.app.admin.calls import call_operations
from pilothouse.app.admin.keys import key_operations
from pilothouse.app.admin.routes import route_operations
from pilothouse.app.admin.running import running_operations
from pilothouse.app.admin.upgrades import upgrade_operations
from pilothouse.app.compose import now_us
from pilothouse.app.reloading import Reloaded, Reloader
from pilothouse.app.siblings import Siblings
from pilothouse.app.stores import Store
from pilothouse.core.secret import Secret
from pilothouse.server.admin.door import AdminDoor
from pilothouse.server.admin.gatekeeper import Gatekeeper
from pilothouse.server.admin.openapi import openapi
from pilothouse.server.admin.operation import Asked, Operation


def admin_operations(
    reloader: Reloader,
    store: Store,
    siblings: Siblings,
    reload: Callable[[], Awaitable[Reloaded]],
    *,
    is_metrics_open: bool = False,
) -> Sequence[Operation]:
    """All there is, the document that describes the others last."""

    async def refresh() -> None:
        await reloader.now.refresh_keys()

    async def described(asked: Asked) -> object:
        return document

    table = [
        *key_operations(store, refresh),
        *route_operations(lambda: reloader.now),
        *call_operations(store),
        *upgrade_operations(lambda: reloader.now, store, siblings),
        *running_operations(
            lambda: reloader.now, siblings, reload, is_metrics_open=is_metrics_open
        ),
        Operation(
            "GET",
            "/admin/openapi.json",
            "This document.",
            described,
            dict[str, Any],
        ),
    ]
    document = openapi(table, __version__)
    return table


def admin_door(
    reloader: Reloader,
    store: Store,
    siblings: Siblings,
    reload: Callable[[], Awaitable[Reloaded]],
) -> AdminDoor:
    """The door; its keys are those of the configuration that serves at the moment."""

    def refusal_of(authorization: str) -> tuple[int, str] | None:
        serving = reloader.now
        admin = serving.config.admin
        name = admin.key_env if admin else None
        key = Secret(os.environ[name]) if name else None
        return Gatekeeper(now_us, serving.ring, key).refusal(authorization)

    admin = reloader.now.config.admin
    table = admin_operations(
        reloader,
        store,
        siblings,
        reload,
        is_metrics_open=admin is not None and admin.is_metrics_open,
    )
    return AdminDoor(table, refusal_of)
