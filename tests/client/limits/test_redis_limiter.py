"""Replicas on one Redis: shared exactly, deaths, absences and losses of memory survived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pilothouse.client.limits.redis_limiter import RedisAdmission, RedisLimiter
from pilothouse.client.limits.redis_wire import RedisGone, connect
from pilothouse.core.errors import InvalidInput
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
)

SPENT = Account("key:k", "total")


@asynccontextmanager
async def two_replicas(
    url: str, prefix: str, clock: Clock, **options: Any
) -> AsyncGenerator[tuple[RedisLimiter, RedisLimiter]]:
    async with (
        a_replica(url, clock, prefix, "r1", **options) as one,
        a_replica(url, clock, prefix, "r2", **options) as two,
    ):
        await one.beat()  # sees the other
        yield one, two


def test_replicas_share_every_limit_exactly(redis_url: str, prefix: str) -> None:
    async def body() -> None:
        async with two_replicas(redis_url, prefix, Clock()) as both:
            scope = a_scope(
                usd="1", requests_per_minute=100, tokens_per_minute=100_000, concurrency=100
            )
            asks = [
                both[n % 2].admit_waiting(an_ask(scope, input=10, usd="0.01")) for n in range(300)
            ]
            got = await asyncio.gather(*asks)
            assert sum(isinstance(g, RedisAdmission) for g in got) == 100

    asyncio.run(body())


def test_the_same_attempt_is_a_duplicate_at_the_other_replica_too(
    redis_url: str, prefix: str
) -> None:
    async def body() -> None:
        async with two_replicas(redis_url, prefix, Clock()) as (one, two):
            await admitted(one, an_ask(a_scope(usd="1"), usd="0.4", id="same"))
            assert (
                await refused(two, an_ask(a_scope(usd="1"), usd="0.4", id="same"))
            ).by == "duplicate"

    asyncio.run(body())


def test_what_a_dead_replica_held_is_free_after_its_lease(redis_url: str, prefix: str) -> None:
    async def body() -> None:
        clock, scope = Clock(), a_scope(usd="1", concurrency=1)
        async with two_replicas(redis_url, prefix, clock) as (dead, living):
            await admitted(dead, an_ask(scope, usd="1"))
            for _ in range(3):
                clock.forward(3)
                await living.beat()
                assert (await refused(living, an_ask(scope, usd="1"))).by == "concurrency"
            clock.forward(1)
            await admitted(living, an_ask(scope, usd="1"))

    asyncio.run(body())


def test_a_replica_that_was_only_silent_charges_what_it_spent_and_frees_nothing_twice(
    redis_url: str, prefix: str
) -> None:
    async def body() -> None:
        clock, scope = Clock(), a_scope(usd="1", concurrency=1)
        async with two_replicas(redis_url, prefix, clock) as (silent, living):
            held = await admitted(silent, an_ask(scope, usd="1"))
            clock.forward(11)
            await living.beat()
            other = await admitted(living, an_ask(scope, usd="0.5"))
            settle(silent, held, usd="0.3")
            await settled(silent)
            assert (await refused(silent, an_ask(scope))).by == "concurrency"
            settle(living, other, usd="0.5")
            await settled(living)
            assert (await refused(silent, an_ask(scope, usd="0.3"))).remaining == PICO // 5
            await admitted(silent, an_ask(scope, usd="0.2"))

    asyncio.run(body())


def test_a_caller_that_leaves_during_the_round_trip_holds_nothing(
    redis_url: str, prefix: str
) -> None:
    async def body() -> None:
        async with a_replica(redis_url, Clock(), prefix) as limiter:
            scope = a_scope(usd="1", concurrency=1)
            limiter.release(await admitted(limiter, an_ask(scope)))
            waiting = asyncio.ensure_future(limiter.admit_waiting(an_ask(scope, usd="1")))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await settled(limiter)
            await settled(limiter)
            await admitted(limiter, an_ask(scope, usd="1"))

    asyncio.run(body())


class Flaky:
    """A client whose replies are lost on demand, after Redis has done what was asked."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.lose = 0
        self.round_trips = 0

    def pipeline(self, transaction: bool = True) -> Any:
        real = self._client.pipeline(transaction=transaction)
        execute = real.execute

        async def lossy(**options: Any) -> Any:
            replies = await execute(**options)
            self.round_trips += 1
            if self.lose:
                self.lose -= 1
                raise TimeoutError("the reply was lost")
            return replies

        real.execute = lossy
        return real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@asynccontextmanager
async def a_flaky_replica(
    url: str, prefix: str, clock: Clock
) -> AsyncGenerator[tuple[RedisLimiter, Flaky]]:
    flaky = Flaky(connect(url, timeout_s=5.0))
    limiter = RedisLimiter(
        flaky,
        None,
        clock.now_us,
        clock.now_ns,
        lambda: 7,
        replica="f",
        prefix=prefix,
        use_own_clock=True,
    )
    await limiter.beat()
    yield limiter, flaky
    await limiter.close()


def test_a_lost_reply_to_an_admission_takes_nothing_twice(redis_url: str, prefix: str) -> None:
    async def body() -> None:
        async with a_flaky_replica(redis_url, prefix, Clock()) as (limiter, flaky):
            scope = a_scope(usd="1", concurrency=2, requests_per_minute=2)
            limiter.release(await admitted(limiter, an_ask(scope)))
            await settled(limiter)
            flaky.lose = 1
            got = await admitted(limiter, an_ask(scope, usd="0.6"))
            assert isinstance(got, RedisAdmission)
            assert got.local is None
            settle(limiter, got, usd="0.6")
            await settled(limiter)
            no = await refused(limiter, an_ask(a_scope(usd="1"), usd="0.5"))
            assert no.remaining == PICO * 4 // 10

    asyncio.run(body())


def test_a_lost_reply_to_a_settlement_charges_once(redis_url: str, prefix: str) -> None:
    async def body() -> None:
        async with a_flaky_replica(redis_url, prefix, Clock()) as (limiter, flaky):
            scope = a_scope(usd="1")
            got = await admitted(limiter, an_ask(scope, usd="0.6"))
            flaky.lose = 1
            settle(limiter, got, usd="0.6")
            while not limiter.is_down:  # noqa: ASYNC110 - it is noticed in a task of its own
                await asyncio.sleep(0)
            await limiter.beat()
            await settled(limiter)
            assert (await refused(limiter, an_ask(scope, usd="0.5"))).remaining == PICO * 4 // 10

    asyncio.run(body())


def test_an_admission_is_one_round_trip_for_all_scopes_and_those_at_once_share_it(
    redis_url: str, prefix: str
) -> None:
    async def body() -> None:
        async with a_flaky_replica(redis_url, prefix, Clock()) as (limiter, flaky):
            scopes = [
                a_scope(n, usd="1", requests_per_minute=9, tokens_per_minute=99) for n in "abcd"
            ]
            await admitted(limiter, an_ask(*scopes, usd="0.001"))  # budgets open: one more
            before = flaky.round_trips
            await admitted(limiter, an_ask(*scopes, usd="0.001"))
            assert flaky.round_trips == before + 1
            many = [limiter.admit_waiting(an_ask(scopes[0], usd="0.001")) for _ in range(5)]
            await asyncio.gather(*many)
            assert flaky.round_trips == before + 2

    asyncio.run(body())


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


def test_a_url_that_is_none_is_refused_without_being_shown() -> None:
    pytest.importorskip("redis")
    with pytest.raises(InvalidInput, match="not a Redis URL") as caught:
        connect("hunter2:secret@somewhere", timeout_s=1)
    assert "hunter2" not in str(caught.value)


def test_shares_are_at_least_one() -> None:
    from pilothouse.client.limits.redis_plan import share_of

    scope = a_scope(usd="1", requests_per_minute=7, concurrency=2)
    shared = share_of(scope, 3)
    assert (shared.limits.requests_per_minute, shared.limits.concurrency) == (2, 1)
    assert shared.budgets[0].usd == Decimal(1)
    assert share_of(scope, 1) is scope
