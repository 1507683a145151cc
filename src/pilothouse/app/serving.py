"""Runs the gateway: opens the parts, listens, ticks rollouts, and lets go of everything in order."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from pilothouse import registry
from pilothouse.app.compose import Parts, now_us, open_client, random_bits_source
from pilothouse.app.config import Config, load_config
from pilothouse.app.limiting import open_limiter
from pilothouse.app.limits_config import scopes_of
from pilothouse.catalog.prices import price_of
from pilothouse.client.keyring import KeyRing
from pilothouse.client.routing import Router
from pilothouse.client.shadow import Shadows
from pilothouse.core.errors import InvalidInput, StoreError
from pilothouse.core.ports import CallFilter
from pilothouse.core.route import Policy
from pilothouse.core.secret import Secret
from pilothouse.migrate.runner import Ticker
from pilothouse.server.admission import AdmissionRules, Admissions
from pilothouse.server.callers import Callers
from pilothouse.server.gateway import Gateway, error_body
from pilothouse.server.http import HttpServer, Limits

_DAY_US = 86_400_000_000

log = logging.getLogger("pilothouse.serving")

GRACE_S = 20.0
"""How long answers under way may take after SIGTERM."""
SHADOW_GRACE_S = 2.0
"""And shadow copies after those: nobody waits for them."""


def serve(path: Path, *, host: str | None, port: int | None, as_json: bool) -> int:
    """Run until SIGTERM or SIGINT. Raises `InvalidInput` before anything has started."""
    config = load_config(path, os.environ)
    server = msgspec.structs.replace(
        config.server,
        host=config.server.host if host is None else host,
        port=config.server.port if port is None else port,
    )
    config = msgspec.structs.replace(config, server=server)

    def ready(actual_port: int) -> None:
        url = f"http://{server.host}:{actual_port}"
        if as_json:
            print(json.dumps({"url": url, "routes": list(config.routes)}), flush=True)
        else:
            print(f"listening on {url} (routes: {', '.join(config.routes)})", flush=True)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(run(config, ready))


async def run(config: Config, ready: Callable[[int], None]) -> int:
    """Serve until told to stop; 0, or 130 when it was Ctrl-C. `ready` is told the port."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        asyncio.get_running_loop().add_signal_handler(number, _tell, told, code)
    async with open_client(config.providers, config.store_path) as parts:
        ticker = Ticker(parts.store, config.targets, now_us)
        router = Router(config.routes, _policy, aliases=config.aliases)
        scopes = scopes_of(config.limits)
        ring = KeyRing(parts.store.keys, scopes.teams)
        ring.refresh()
        callers = Callers(now_us, ring, _gateway_key(config))
        _check_open(config, callers)
        limiter = await open_limiter(
            config.limits, parts.store.budgets, now_us, random_bits_source(), os.environ
        )
        rules = AdmissionRules(
            default_output_tokens=config.limits.default_output_tokens,
            unpriced=config.limits.unpriced,
            hold_s=config.limits.hold_s,
        )
        admissions = Admissions(limiter, scopes.routes, price_of(parts.catalog), now_us, rules)
        shadows = _shadows(config, parts)
        gateway = Gateway(parts.client, router, ticker.split_of, callers, admissions, shadows)
        limits = Limits(body_bytes=config.server.max_body_mb * 1024 * 1024)
        http = HttpServer(gateway.handle, error_body, limits)
        actual_port = await _listen(http, config)
        beside = [
            asyncio.create_task(ticker.run()),
            asyncio.create_task(limiter.run()),
            asyncio.create_task(_keep_fresh(ring)),
        ]
        ready(actual_port)
        try:
            return await told
        finally:
            await http.stop(GRACE_S)
            await shadows.close(SHADOW_GRACE_S)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await limiter.close()


def _shadows(config: Config, parts: Parts) -> Shadows:
    """Knows what was spent today before this start."""
    shadows = Shadows(
        parts.client.apart(),
        price_of(parts.catalog),
        now_us,
        default_output_tokens=config.limits.default_output_tokens,
    )
    if any(spec.shadow is not None for spec in config.routes.values()):
        today_us = now_us() // _DAY_US * _DAY_US
        shadows.remember(parts.store.calls(CallFilter(source="shadow", since_us=today_us)))
    return shadows


async def _keep_fresh(ring: KeyRing) -> None:
    """Keys made, changed or revoked elsewhere count here within a second."""
    while True:
        await asyncio.sleep(1.0)
        try:
            await asyncio.to_thread(ring.refresh)
        except StoreError as error:
            log.error("keys stay as they were: %s", error)


def _check_open(config: Config, callers: Callers) -> None:
    """Beyond this machine nobody may ask without a key."""
    host = config.server.host
    if (
        callers.is_open
        and not config.server.is_open
        and host not in ("127.0.0.1", "::1", "localhost")
    ):
        raise InvalidInput(
            f"server.host is {host} and no key is asked for: anybody who reaches it could spend your money. "
            "Set server.key_env, make keys (pilothouse keys create), or say server.is_open: true"
        )


async def _listen(http: HttpServer, config: Config) -> int:
    host, port = config.server.host, config.server.port
    try:
        return await http.start(host, port)
    except OSError as error:
        raise InvalidInput(
            f"cannot listen on {host}:{port}: {error.strerror or error}. Is another program there? "
            "Choose another with --port (0 = any free one)."
        ) from None


def _policy(name: str) -> Policy:
    return registry.plugin("policies", name)


def _gateway_key(config: Config) -> Secret | None:
    name = config.server.key_env
    return Secret(os.environ[name]) if name else None


def _tell(told: asyncio.Future[int], code: int) -> None:
    if not told.done():
        told.set_result(code)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows: the standard loop serves too, slower
        return None
    return uvloop.new_event_loop
