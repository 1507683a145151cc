"""The configuration read again while serving: taken whole or refused whole, and no answer is dropped."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.app.config import Config, load_config
from pilothouse.app.generation import SHADOW_GRACE_S, Generation, Lasting, open_generation
from pilothouse.core.errors import PilothouseError

log = logging.getLogger("pilothouse.serving")


class Reloaded(Struct, frozen=True, kw_only=True):
    """What became of a reload."""

    routes: tuple[str, ...]
    needs_restart: tuple[str, ...]
    """What the file changes and only a restart will: it stays as it is until then."""


class Reloader:
    """Owns the generation that serves. `swap` is told each new one; `written` is the file at the start."""

    def __init__(
        self,
        path: Path,
        written: Config,
        lasting: Lasting,
        first: Generation,
        swap: Callable[[Generation], None],
    ) -> None:
        self._path = path
        self._lasting = lasting
        self._swap = swap
        self._started_with = written
        self._is_busy = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self.now = first

    async def reload(self) -> Reloaded:
        """Read the file again. Raises `PilothouseError` when it cannot be used: the old goes on then."""
        async with self._is_busy:
            written = await asyncio.to_thread(load_config, self._path, os.environ)
            needs_restart = fixed_changes(self._started_with, written)
            config = with_fixed(written, self.now.config)
            old, self.now = self.now, await open_generation(config, self._lasting, self.now)
            self._swap(self.now)
            self._retire(old)
        log.warning("%s is read again: routes %s", self._path, ", ".join(config.routes))
        for name in needs_restart:
            log.warning(
                "%s: %s changes with a restart only, and stays until then", self._path, name
            )
        return Reloaded(routes=tuple(config.routes), needs_restart=needs_restart)

    async def reload_or_say(self) -> None:
        """As `reload`; a file that cannot be used is an error in the log."""
        try:
            await self.reload()
        except PilothouseError as error:
            log.error("the configuration stays as it was: %s", error)

    async def close(self) -> None:
        """The listener is closed and answers have had their time: close all generations."""
        self._retire(self.now, SHADOW_GRACE_S)
        _, late = await asyncio.wait(self._retiring, timeout=5.0)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _retire(self, old: Generation, shadow_grace_s: float | None = None) -> None:
        task = asyncio.create_task(old.retire(shadow_grace_s))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


def fixed_changes(started_with: Config, written: Config) -> tuple[str, ...]:
    """Names of what `written` would have different and a running process cannot change."""
    old, new = started_with, written
    pairs = {
        "server.host": (old.server.host, new.server.host),
        "server.port": (old.server.port, new.server.port),
        "server.workers": (old.server.workers, new.server.workers),
        "store.path": (old.store_at, new.store_at),
        "limits.redis": (old.limits.redis, new.limits.redis),
        "admin": (_admin_place(old), _admin_place(new)),
    }
    return tuple(name for name, (before, after) in pairs.items() if before != after)


def with_fixed(written: Config, running: Config) -> Config:
    """`written` with what cannot change as it runs."""
    server, admin = running.server, running.admin
    if admin is not None and written.admin is not None:
        admin = replace(admin, key_env=written.admin.key_env)
    return replace(
        written,
        server=replace(written.server, host=server.host, port=server.port, workers=server.workers),
        admin=admin,
        store_at=running.store_at,
        limits=replace(written.limits, redis=running.limits.redis),
    )


def _admin_place(config: Config) -> tuple[str, int, bool] | None:
    """All of the section but its key."""
    admin = config.admin
    return (admin.host, admin.port, admin.is_metrics_open) if admin else None
