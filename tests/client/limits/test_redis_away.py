"""Redis stopped, restarted, emptied: what each replica does meanwhile, and that the books are equal after."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pilothouse.client.limits.redis_wire import RedisGone, connect
from pilothouse.core.limits import Account, Refused
from pilothouse.core.pico import PICO
from pilothouse.stores.sqlite import SqliteStore

from .conftest import Server
from .make import (
    Away,
    Clock,
    a_prefix,
    a_replica,
    a_scope,
    admitted,
    an_ask,
    asked,
    refused,
    settle,
    settled,
    two_replicas,
)

SPENT = Account("key:k", "total")


def test_while_redis_is_away_each_replica_has_its_share_and_the_books_are_equal_after(
    redis_server: Server, tmp_path: Path
) -> None:
    async def body() -> None:
        clock, prefix, store = Clock(), a_prefix(), SqliteStore(tmp_path / "t.db")
        async with two_replicas(redis_server.url, prefix, clock, store=store.budgets) as (one, two):
            scope = a_scope(usd="1", requests_per_minute=20)
            settle(one, await admitted(one, an_ask(scope, usd="0.2")), usd="0.2")
            await settled(one)
            redis_server.stop()
            got = await admitted(one, an_ask(scope, usd="0.4"))
            assert one.is_down
            assert (await refused(one, an_ask(scope, usd="0.1"))).by == "budget"
            for _ in range(9):
                await admitted(one, an_ask(scope))
            no = await refused(one, an_ask(scope))
            assert (no.by, no.limit) == ("requests_per_minute", 10)
            settle(one, got, usd="0.3")
            redis_server.start()  # with nothing in its memory
            await one._copy.flush()  # pyright: ignore[reportPrivateUsage]
            await one.beat()
            await two.beat()
            assert not one.is_down
            await settled(one)
            no = await refused(two, an_ask(scope, usd="0.9"))
            # 0.2 + 0.3 are booked. The last 0.3 may be told twice to a Redis that lost its memory: too much
            # is counted then, never too little.
            assert no.remaining in (PICO // 2, PICO // 5)
            await one._copy.flush()  # pyright: ignore[reportPrivateUsage]
            assert store.budgets.spent(SPENT) == PICO // 2
        store.close()

    asyncio.run(body())


def test_a_redis_that_lost_its_memory_is_told_what_was_spent(
    redis_server: Server, tmp_path: Path
) -> None:
    async def body() -> None:
        clock, prefix, store = Clock(), a_prefix(), SqliteStore(tmp_path / "t.db")
        async with a_replica(redis_server.url, clock, prefix, store=store.budgets) as limiter:
            scope = a_scope(usd="1")
            settle(limiter, await admitted(limiter, an_ask(scope, usd="0.7")), usd="0.7")
            await settled(limiter)
            await limiter._copy.flush()  # pyright: ignore[reportPrivateUsage]
            redis_server.stop()
            redis_server.start()
            while limiter.is_down or not isinstance(
                got := await asked(limiter, an_ask(scope, usd="0.5")), Refused
            ):
                await limiter.beat()
            assert got.by == "budget"
            await limiter.beat()
            assert (await refused(limiter, an_ask(scope, usd="0.5"))).remaining == PICO * 3 // 10
        store.close()

    asyncio.run(body())


def test_scripts_that_redis_forgot_are_loaded_again_without_anybody_noticing(
    redis_server: Server,
) -> None:
    async def body() -> None:
        async with a_replica(redis_server.url, Clock(), a_prefix()) as limiter:
            scope = a_scope(requests_per_minute=2)
            await admitted(limiter, an_ask(scope))
            client: Any = connect(redis_server.url, timeout_s=5)
            await client.script_flush()
            await client.aclose()
            await admitted(limiter, an_ask(scope))
            await refused(limiter, an_ask(scope))
            assert not limiter.is_down

    asyncio.run(body())


def test_where_it_is_configured_nothing_with_limits_passes_without_redis(
    redis_server: Server,
) -> None:
    async def body() -> None:
        async with a_replica(
            redis_server.url, Clock(), a_prefix(), on_redis_down="refuse"
        ) as limiter:
            await admitted(limiter, an_ask(a_scope(requests_per_minute=5)))
            redis_server.stop()
            no = await refused(limiter, an_ask(a_scope(requests_per_minute=5)))
            assert (no.by, no.retry_after_s) == ("limiter", 1.0)
            assert "Redis does not answer" in no.message

    asyncio.run(body())


def test_settlements_made_while_redis_is_away_arrive_when_it_is_back(redis_server: Server) -> None:
    async def body() -> None:
        clock, prefix = Clock(), a_prefix()
        async with two_replicas(redis_server.url, prefix, clock) as (one, two):
            scope = a_scope(usd="1", concurrency=1)
            got = await admitted(one, an_ask(scope, usd="0.5"))
            one._went_away(RedisGone("as if"))  # pyright: ignore[reportPrivateUsage]
            settle(one, got, usd="0.5")
            assert (await refused(two, an_ask(scope))).by == "concurrency"
            await one.beat()
            await settled(one)
            assert (await refused(two, an_ask(scope, usd="0.6"))).remaining == PICO // 2

    asyncio.run(body())


def test_without_redis_and_without_the_database_budgets_are_closed_and_bookings_wait(
    redis_server: Server, tmp_path: Path
) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        away = Away(store.budgets)
        async with a_replica(redis_server.url, Clock(), a_prefix(), store=away) as limiter:
            known, unknown = a_scope("k", usd="1"), a_scope("u", usd="1")
            settle(limiter, await admitted(limiter, an_ask(known, usd="0.4")), usd="0.4")
            await settled(limiter)
            away.is_away = True
            no = await refused(limiter, an_ask(unknown, usd="0.1"))
            assert (no.by, "the database does not answer" in no.message) == ("limiter", True)
            redis_server.stop()
            settle(limiter, await admitted(limiter, an_ask(known, usd="0.6")), usd="0.1")
            assert (await refused(limiter, an_ask(unknown, usd="0.1"))).by == "budget"
            await limiter._copy.flush()  # pyright: ignore[reportPrivateUsage]
            away.is_away = False
            await limiter._copy.flush()  # pyright: ignore[reportPrivateUsage]
            assert store.budgets.spent(SPENT) == PICO // 2
        store.close()

    asyncio.run(body())


def test_the_same_attempt_is_a_duplicate_here_without_asking_redis(
    redis_url: str, prefix: str
) -> None:
    async def body() -> None:
        async with a_replica(redis_url, Clock(), prefix) as limiter:
            await admitted(limiter, an_ask(a_scope(), id="same"))
            verdict = limiter.admit(an_ask(a_scope(), id="same"))
            assert isinstance(verdict, Refused)
            assert verdict.by == "duplicate"

    asyncio.run(body())


def test_run_keeps_a_replica_alive_and_brings_redis_back(redis_server: Server) -> None:
    async def body() -> None:
        async with a_replica(redis_server.url, Clock(), a_prefix()) as limiter:
            limiter._went_away(RedisGone("as if"))  # pyright: ignore[reportPrivateUsage]
            running = asyncio.create_task(limiter.run())
            async with asyncio.timeout(30):
                await limiter._is_there.wait()  # pyright: ignore[reportPrivateUsage]
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(body())
