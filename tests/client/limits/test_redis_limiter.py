"""Replicas on one Redis: shared exactly, deaths, absences and losses of memory survived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.client.limits.redis_limiter import RedisAdmission, RedisLimiter
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.errors import InvalidInput
from pilothouse.core.limits import Account
from pilothouse.core.pico import PICO

from .make import (
    Clock,
    a_replica,
    a_scope,
    admitted,
    an_ask,
    refused,
    settle,
    settled,
    two_replicas,
)

SPENT = Account("key:k", "total")


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
