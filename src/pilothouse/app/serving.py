"""Runs the gateway: one process, or several under a supervisor."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.app.compose import open_providers
from pilothouse.app.config import Config, load_config
from pilothouse.app.loop import loop_factory
from pilothouse.app.reloading import with_fixed
from pilothouse.app.supervisor import Listening, Supervisor
from pilothouse.app.worker import GRACE_S, Place, Start, cannot_listen, run
from pilothouse.catalog.catalog import load_bundled
from pilothouse.core.errors import InvalidInput, PilothouseError
from pilothouse.core.limits import Limits
from pilothouse.server.doors import Doors

log = logging.getLogger("pilothouse.serving")


class Overrides(Struct, frozen=True, kw_only=True):
    """What the command line says instead of the file; None = as in the file."""

    host: str | None = None
    port: int | None = None
    workers: int | None = None


_DESCRIPTORS = 65_536
"""Enough for `Limits.connections`, their providers' and some files."""


def serve(path: Path, overrides: Overrides, *, as_json: bool) -> int:
    """Run until SIGTERM or SIGINT. Raises `InvalidInput` before anything has started."""
    written = load_config(path, os.environ)
    _allow_connections()
    config = _overridden(written, overrides)
    start = Start(path=path, written=written, config=config)

    def ready(where: Listening) -> None:
        _say(config, where, as_json=as_json)

    if config.server.workers == 1:
        return _run(start, ready)
    return _serve_with_workers(start, ready)


def _allow_connections() -> None:
    """A stream holds two descriptors, and shells allow 1,024: take what the system lets us take."""
    try:
        import resource
    except ImportError:  # not on every system
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _serve_with_workers(start: Start, ready: Callable[[Listening], None]) -> int:
    config = start.config
    if not hasattr(signal, "sigtimedwait") or not hasattr(socket, "SO_REUSEPORT"):
        raise InvalidInput("server.workers: more than one needs Linux; start one here")
    _warn_of_shares(config)
    with _reserved(config) as port, tempfile.TemporaryDirectory(prefix="pilothouse-") as folder:
        server = replace(config.server, port=port.getsockname()[1])
        latest = _Latest(start.path, replace(config, server=server))
        pid = os.getpid()

        def child(number: int, life: int, told: Callable[[Listening], None]) -> int:
            place = Place(
                number=number,
                count=server.workers,
                life=life,
                supervisor_pid=pid,
                folder=Path(folder),
            )
            return _run(replace(start, config=latest.config, place=place), told)

        def all_ready(where: Listening) -> None:
            latest.pin(where)
            ready(where)

        _warm(config)
        return Supervisor(server.workers, child, latest.read).run(all_ready, GRACE_S)


def _warm(config: Config) -> None:
    """What every worker would import and read is there before the first fork: one copy, and a quick start."""
    load_bundled()
    Doors()
    open_providers(config.providers)


class _Latest:
    """The last good configuration: what a worker that is started again serves by."""

    def __init__(self, path: Path, config: Config) -> None:
        self._path = path
        self.config = config

    def read(self) -> bool:
        """Read the file again; False, and said, when it cannot be used: no worker is told then."""
        try:
            self.config = with_fixed(load_config(self._path, os.environ), self.config)
        except PilothouseError as error:
            log.error("the configuration stays as it was: %s", error)
            return False
        return True

    def pin(self, where: Listening) -> None:
        """A port that the system chose stays the same over restarts of the worker."""
        if self.config.admin is not None and where.admin_port is not None:
            admin = replace(self.config.admin, port=where.admin_port)
            self.config = replace(self.config, admin=admin)


def _run(start: Start, ready: Callable[[Listening], None]) -> int:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(run(start, ready))


def _overridden(config: Config, overrides: Overrides) -> Config:
    given = {
        name: value
        for name in overrides.__struct_fields__
        if (value := getattr(overrides, name)) is not None
    }
    return replace(config, server=replace(config.server, **given))


def _reserved(config: Config) -> socket.socket:
    """The port, bound for as long as the workers come and go; nobody listens on this socket.

    A listener that shares its port would let us in beside it: a socket that does not share looks first.
    """
    host, port = config.server.host, config.server.port
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as first:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            first.bind(address)
        reserved = socket.socket(family, kind)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(address)
    except OSError as error:
        raise InvalidInput(cannot_listen(host, port, error)) from None
    return reserved


def _warn_of_shares(config: Config) -> None:
    """Without Redis each worker has an equal part of every rate: what cannot be divided is said."""
    workers, limits = config.server.workers, config.limits
    if limits.redis is not None:
        return
    log.warning(
        "%d workers without limits.redis: each has 1/%d of every rate and concurrency limit; budgets are shared",
        workers,
        workers,
    )
    for section in ("teams", "routes", "targets"):
        for name, scope in getattr(limits, section).items():
            for field in Limits.__struct_fields__:
                value = getattr(scope.limits, field)
                if value is not None and value < workers:
                    log.warning(
                        "limits.%s.%s.%s: %d cannot be divided by %d workers: each lets 1 through",
                        section,
                        name,
                        field,
                        value,
                        workers,
                    )


def _say(config: Config, where: Listening, *, as_json: bool) -> None:
    url = f"http://{config.server.host}:{where.port}"
    admin = config.admin
    admin_url = f"http://{admin.host}:{where.admin_port}" if admin and where.admin_port else None
    if as_json:
        told = {"url": url, "routes": list(config.routes)}
        print(json.dumps(told | ({"admin_url": admin_url} if admin_url else {})), flush=True)
        return
    print(f"listening on {url} (routes: {', '.join(config.routes)})", flush=True)
    if admin_url:
        print(f"admin API on {admin_url}/admin/openapi.json", flush=True)
