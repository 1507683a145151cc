"""What one reading of the configuration makes, and its end: closed when replaced and its last answer is out."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping

from msgspec import Struct

from pilothouse.app.caching import open_cache
from pilothouse.app.checks import noted_by
from pilothouse.app.compose import now_us, open_providers, open_router, random_bits_source
from pilothouse.app.config import Config
from pilothouse.app.guarding import open_guards
from pilothouse.app.limiting import open_admissions
from pilothouse.app.limits_config import scopes_of
from pilothouse.app.queue_config import rules_of
from pilothouse.app.queueing import Queue, open_queue
from pilothouse.app.sampling import open_sampler
from pilothouse.app.stores import Store
from pilothouse.app.upgrading import open_upgrades, upgrades_api
from pilothouse.app.working import keep_short
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.semantic.asking import EmbeddingCaller
from pilothouse.client.caller import Client
from pilothouse.client.cascade import Cascade
from pilothouse.client.keyring import KeyRing
from pilothouse.client.limits.port import Limiter
from pilothouse.client.metrics import MeteredRecorder
from pilothouse.client.routing import Router
from pilothouse.client.sampling import Sampler
from pilothouse.client.score_notes import ScoreNotes
from pilothouse.client.shadow import Shadows
from pilothouse.client.upgrades import Upgrades
from pilothouse.core.errors import InvalidInput, StoreError
from pilothouse.core.health import TargetHealth
from pilothouse.core.ports import CallFilter, PriceOf, Provider
from pilothouse.core.secret import Secret
from pilothouse.migrate.runner import Ticker
from pilothouse.server.answer_counts import AnswerCounts
from pilothouse.server.callers import Callers
from pilothouse.server.gateway import Gateway
from pilothouse.server.http import Exchange, HttpRequest

log = logging.getLogger("pilothouse.serving")

SHADOW_GRACE_S = 2.0
"""How long shadow copies may take after the last answer at a stop: nobody waits for them."""
_DAY_US = 86_400_000_000


class Live(Struct):
    """Requests under way."""

    count: int = 0


class Lasting(Struct, frozen=True, kw_only=True):
    """What outlives a change of the configuration."""

    store: Store
    recorder: MeteredRecorder
    answers: AnswerCounts
    limiter: Limiter
    price_of: PriceOf
    ticks: bool
    """Whether this process moves rollouts on; else it follows them."""


class Generation:
    """Serves by one configuration. Made by `open_generation`."""

    def __init__(
        self,
        config: Config,
        lasting: Lasting,
        client: Client,
        router: Router,
        ring: KeyRing,
        ticker: Ticker,
        gateway: Gateway,
        cache: AnswerCache | None,
        queue: Queue,
        live: Live,
        shadows: Shadows,
        sampler: Sampler | None,
        upgrades: Upgrades,
        notes: ScoreNotes,
    ) -> None:
        self.config = config
        self.client = client
        self.router = router
        self.ring = ring
        self.ticker = ticker
        self._answer = gateway.handle
        self._cache = cache
        self._live = live
        self._answers = lasting.answers
        self.queue = queue
        self.shadows = shadows
        self._sampler = sampler
        self.upgrades = upgrades
        self._notes = notes
        self._idle = asyncio.Event()
        self._idle.set()
        self._refreshing = asyncio.Lock()
        self._tasks = [
            asyncio.create_task(ticker.run()),
            asyncio.create_task(self._keep_fresh()),
            asyncio.create_task(upgrades.run()),
            asyncio.create_task(notes.run()),
        ]
        if queue.webhooks is not None:
            self._tasks.append(asyncio.create_task(queue.webhooks.run()))
        if lasting.ticks:
            pruning = keep_short(lasting.store.jobs, rules_of(config.queue))
            self._tasks.append(asyncio.create_task(pruning))
        self._work = asyncio.create_task(queue.runner.run()) if queue.runner else None

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        """Answer one request; counted, so that nothing is closed under it."""
        self._live.count += 1
        if self._live.count == 1:
            self._idle.clear()
        try:
            await self._answer(http, out)
        finally:
            self._answers.add(out)
            self._live.count -= 1
            if not self._live.count:
                self._idle.set()

    async def refresh_keys(self) -> None:
        """Take over changed keys now; one reader at a time, so that none brings back what was before."""
        async with self._refreshing:
            await asyncio.to_thread(self.ring.refresh)

    async def retire(self, shadow_grace_s: float | None = None) -> None:
        """No new request comes: close everything once the last one has ended, and copies have had
        their time (None = as long as each may take)."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            if self.queue.runner is not None and self._work is not None:
                self.queue.runner.stop()
                await self._work
            await self._idle.wait()
            await asyncio.gather(
                self.shadows.close(shadow_grace_s), self.upgrades.close(shadow_grace_s)
            )
        finally:
            await self.shadows.close(0)
            await self.upgrades.close(0)
            await self._notes.close()
            if self._sampler is not None:
                await asyncio.to_thread(self._sampler.close)
            await close_all(self.client.providers)
            if self._cache is not None:
                await self._cache.backend.close()

    async def _keep_fresh(self) -> None:
        """Keys made, changed or revoked elsewhere count here within a second."""
        while True:
            await asyncio.sleep(1.0)
            try:
                await self.refresh_keys()
            except StoreError as error:
                log.error("keys stay as they were: %s", error)


async def open_generation(
    config: Config, lasting: Lasting, before: Generation | None = None
) -> Generation:
    """Everything that `config` names, opened and checked. Raises `PilothouseError`; nothing stays open then.

    Targets that are as they were `before` keep what is known of their health.
    """
    scopes = scopes_of(config.limits)
    router = open_router(config.routes, config.aliases)
    ring = KeyRing(lasting.store.keys, scopes.teams)
    await asyncio.to_thread(ring.refresh)
    callers = Callers(now_us, ring, _gateway_key(config))
    check_open(config, callers)
    ticker = await asyncio.to_thread(
        Ticker, lasting.store, config.arms, now_us, only_reads=not lasting.ticks
    )
    providers: dict[str, Provider] = open_providers(config.providers)
    admissions = open_admissions(config.limits, scopes, lasting.limiter, lasting.price_of, now_us)
    client = Client(providers, lasting.price_of, lasting.recorder, now_us, random_bits_source())
    client.limit_targets(admissions)
    if before is not None:
        client.health.update(_still_true(before, config))
    shadows = await _open_shadows(config, client, lasting, before)
    cache = open_cache(
        config.cache,
        config.routes.values(),
        config.targets,
        EmbeddingCaller(client),
        now_us,
        os.environ,
    )
    guards = open_guards(config.guards, os.environ, lasting.recorder.guarded)
    sampler = open_sampler(config.sampling, lasting.store.samples)
    upgrades = await open_upgrades(
        client,
        lasting.store,
        lasting.price_of,
        config.routes.values(),
        config.queue,
        default_output_tokens=config.limits.default_output_tokens,
        workers=config.server.workers,
        before=before.upgrades if before is not None else None,
    )
    notes = ScoreNotes(lasting.store.write_scored)
    cascade = Cascade(client, noted_by(notes, lasting.recorder.checked))
    live = Live()
    queue = open_queue(
        config.queue,
        lasting.store,
        client,
        router,
        ticker.split_of,
        ring,
        lambda: live.count,
        admissions=admissions,
        guards=guards,
        cascade=cascade,
        upgrades=upgrades_api(lasting.store, upgrades, config.routes),
    )
    gateway = Gateway(
        client,
        router,
        ticker.split_of,
        callers,
        admissions,
        cache,
        shadows,
        guards,
        sampler,
        upgrades,
        cascade=cascade,
        queue=queue.doors,
    )
    return Generation(
        *(config, lasting, client, router, ring, ticker, gateway, cache, queue, live),
        *(shadows, sampler, upgrades, notes),
    )


async def _open_shadows(
    config: Config, client: Client, lasting: Lasting, before: Generation | None
) -> Shadows:
    """Knows what was spent on them today before this start, if any route has some."""
    shadows = Shadows(
        client.apart(),
        lasting.price_of,
        now_us,
        default_output_tokens=config.limits.default_output_tokens,
        workers=config.server.workers,
        before=before.shadows if before is not None else None,
    )
    if not shadows.remembers and any(spec.shadow is not None for spec in config.routes.values()):
        today = CallFilter(source="shadow", since_us=now_us() // _DAY_US * _DAY_US)
        shadows.remember(await asyncio.to_thread(lasting.store.calls, today))
    return shadows


async def close_all(providers: Mapping[str, Provider]) -> None:
    """Give all connections back."""
    for provider in providers.values():
        await provider.close()


def check_open(config: Config, callers: Callers) -> None:
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


def _still_true(before: Generation, config: Config) -> dict[str, TargetHealth]:
    old = before.config
    return {
        name: health
        for name, health in before.client.health.items()
        if (target := config.targets.get(name)) is not None
        and target == old.targets.get(name)
        and config.providers[target.provider] == old.providers.get(target.provider)
    }


def _gateway_key(config: Config) -> Secret | None:
    name = config.server.key_env
    return Secret(os.environ[name]) if name else None
