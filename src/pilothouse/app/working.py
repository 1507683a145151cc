"""Runs a worker: a process that answers queued requests and listens nowhere. Any number, on any machines."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from pilothouse.app.checks import noted_by
from pilothouse.app.compose import now_us, open_client, open_router, random_bits_source
from pilothouse.app.config import Config, load_config
from pilothouse.app.guarding import open_guards
from pilothouse.app.limiting import open_admissions, open_limiter
from pilothouse.app.limits_config import scopes_of
from pilothouse.app.queue_config import pace_of, rules_of
from pilothouse.app.webhooks import open_webhooks
from pilothouse.catalog.prices import price_of
from pilothouse.client.cascade import Cascade
from pilothouse.client.job_runner import JobRunner
from pilothouse.client.keyring import KeyRing
from pilothouse.client.score_notes import ScoreNotes
from pilothouse.core.errors import StoreError
from pilothouse.core.job import SECOND_US, JobRules
from pilothouse.core.job_store import JobStore
from pilothouse.migrate.runner import Ticker
from pilothouse.server.job_answering import JobAnswering
from pilothouse.server.routes import Routes

log = logging.getLogger("pilothouse.jobs")
PRUNE_S = 3600.0
REFRESH_S = 1.0


def work(
    path: Path,
    *,
    concurrency: int | None,
    ready: Callable[[str], None],
) -> int:
    """Work until SIGTERM or SIGINT. `ready` is told the worker's name. Raises `InvalidInput` at the start."""
    config = load_config(path, os.environ)
    return asyncio.run(run(config, concurrency=concurrency, ready=ready))


async def run(config: Config, *, concurrency: int | None, ready: Callable[[str], None]) -> int:
    """As `work`: 0, or 130 when it was Ctrl-C. What is under way gets `Pace.grace_s` to end."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        asyncio.get_running_loop().add_signal_handler(number, _tell, told, code)
    queue = config.queue
    rules = rules_of(queue)
    scopes = scopes_of(config.limits)
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_client(config.providers, config.store_at))
        limiter = await open_limiter(
            config.limits, parts.store.budgets, now_us, random_bits_source(), os.environ
        )
        stack.push_async_callback(limiter.close)
        prices = price_of(parts.catalog)
        admissions = open_admissions(config.limits, scopes, limiter, prices, now_us)
        parts.client.limit_targets(admissions)
        ring = KeyRing(parts.store.keys, scopes.teams)
        await asyncio.to_thread(ring.refresh)
        ticker = Ticker(parts.store, config.arms, now_us, only_reads=True)
        notes = ScoreNotes(parts.store.write_scored)
        stack.push_async_callback(notes.close)
        answering = JobAnswering(
            Cascade(parts.client, noted_by(notes)),
            Routes(
                parts.client,
                open_router(config.routes, config.aliases),
                ticker.split_of,
            ),
            lambda key_id: ring.holder(key_id, now_us()),
            rules,
            admissions,
            guards=open_guards(config.guards, os.environ),
        )
        name = worker_name(parts.client.new_id())
        pace = pace_of(queue, concurrency)
        runner = JobRunner(parts.store.jobs, answering, rules, now_us, name, pace=pace)
        beside = [
            *(ticker.run(), limiter.run(), notes.run()),
            *(keep_fresh(ring), keep_short(parts.store.jobs, rules)),
        ]
        webhooks = open_webhooks(queue, parts.store.jobs)
        if webhooks is not None:
            beside.append(webhooks.run())
        tasks = [asyncio.create_task(one) for one in beside]
        working = asyncio.create_task(runner.run())
        ready(name)
        try:
            return await told
        finally:
            runner.stop()
            await working
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def worker_name(unique: str) -> str:
    """Who holds a lease, for people: host, process, and what no other process has."""
    return f"{socket.gethostname()}-{os.getpid()}-{unique[-6:]}"


async def keep_fresh(ring: KeyRing) -> None:
    """Keys revoked elsewhere are worth nothing here within a second."""
    while True:
        await asyncio.sleep(REFRESH_S)
        try:
            await asyncio.to_thread(ring.refresh)
        except StoreError as error:
            log.error("keys stay as they were: %s", error)


async def keep_short(jobs: JobStore, rules: JobRules) -> None:
    """Delete what ended long ago, once an hour."""
    while True:
        try:
            before_us = now_us() - round(rules.kept_s * SECOND_US)
            await asyncio.to_thread(jobs.prune, before_us)
        except StoreError as error:
            log.error("old jobs stay: %s", error)
        await asyncio.sleep(PRUNE_S)


def _tell(told: asyncio.Future[int], code: int) -> None:
    if not told.done():
        told.set_result(code)
