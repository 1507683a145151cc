"""Clocks that tests move, asks, and limiters of both kinds behind the one port."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from pilothouse.client.limits.local import LocalLimiter
from pilothouse.client.limits.port import Admission, Ask, Limiter
from pilothouse.client.limits.purse import Purses
from pilothouse.client.limits.redis_limiter import RedisLimiter
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.errors import StoreError
from pilothouse.core.limits import (
    Account,
    Budget,
    BudgetStore,
    Granted,
    Limits,
    Refused,
    Scope,
    Spent,
    scope_of,
)
from pilothouse.core.pico import PICO

START_US = 1_790_000_010_000_000  # 2026-09-21, 14:13:30 UTC
_numbers = itertools.count(1)


class Away:
    """A store that fails until told otherwise."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.is_away = False

    def draw(self, *args: Any, **options: Any) -> Granted:
        self._check()
        return self.store.draw(*args, **options)

    def report(self, holder: str, spent: Sequence[Spent], *, until_us: int) -> None:
        self._check()
        self.store.report(holder, spent, until_us=until_us)

    def leave(self, holder: str) -> None:
        self._check()
        self.store.leave(holder)

    def spent(self, account: Account) -> int:
        self._check()
        return self.store.spent(account)

    def _check(self) -> None:
        if self.is_away:
            raise StoreError("t.db: another process holds it: try again, or stop that process")


class Clock:
    """Both clocks of a limiter, moved by hand."""

    def __init__(self) -> None:
        self.us = START_US

    def now_us(self) -> int:
        return self.us

    def now_ns(self) -> int:
        return self.us * 1000

    def forward(self, seconds: float) -> None:
        self.us += round(seconds * 1_000_000)


def a_scope(name: str = "k", *, usd: str | None = None, per: str = "total", **limits: int) -> Scope:
    budgets = () if usd is None else (Budget(usd=Decimal(usd), per=per),)  # type: ignore[arg-type]
    return scope_of("key", name, Limits(**limits), budgets)


def an_ask(
    *scopes: Scope, usd: str = "0", input: int = 0, output: int = 0, id: str | None = None
) -> Ask:
    pico = int(Decimal(usd) * PICO)
    return Ask(scopes, id or f"request-{next(_numbers)}.1", input, output, pico)


async def asked(limiter: Limiter, ask: Ask) -> Admission | Refused:
    verdict = limiter.admit(ask)
    return await limiter.admit_waiting(ask) if verdict is None else verdict


async def admitted(limiter: Limiter, ask: Ask) -> Admission:
    verdict = await asked(limiter, ask)
    assert not isinstance(verdict, Refused), verdict.message
    return verdict


async def refused(limiter: Limiter, ask: Ask) -> Refused:
    verdict = await asked(limiter, ask)
    assert isinstance(verdict, Refused)
    return verdict


def settle(
    limiter: Limiter, admission: Admission, usd: str = "0", input: int = 0, output: int = 0
) -> None:
    pico = int(Decimal(usd) * PICO)
    limiter.settle(admission, input_tokens=input, output_tokens=output, pico_usd=pico)


async def settled(limiter: Limiter) -> None:
    """Wait until Redis has been told everything (in this process nothing is on its way)."""
    if isinstance(limiter, RedisLimiter):
        while limiter._tasks:  # pyright: ignore[reportPrivateUsage]
            await asyncio.wait(set(limiter._tasks))  # pyright: ignore[reportPrivateUsage]


def a_local(clock: Clock, store: BudgetStore | None = None, holder: str = "p1") -> LocalLimiter:
    return LocalLimiter(Purses(store, clock.now_us, holder), clock.now_us, clock.now_ns)


def a_prefix() -> str:
    return f"{{pilothouse-test-{uuid.uuid4().hex}}}:"


@asynccontextmanager
async def a_replica(
    url: str,
    clock: Clock,
    prefix: str,
    name: str = "r1",
    store: BudgetStore | None = None,
    **options: Any,
) -> AsyncGenerator[RedisLimiter]:
    limiter = RedisLimiter(
        connect(url, timeout_s=5.0),
        store,
        clock.now_us,
        clock.now_ns,
        lambda: next(_numbers),
        replica=name,
        prefix=prefix,
        use_own_clock=True,
        **options,
    )
    try:
        await limiter.beat()
        yield limiter
    finally:
        await limiter.close()


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


async def swept(url: str, prefix: str) -> None:
    """Take everything under a prefix out of Redis."""
    client: Any = connect(url, timeout_s=5.0)
    names = [name async for name in client.scan_iter(match=prefix + "*", count=1000)]
    if names:
        await client.delete(*names)
    await client.aclose()


Body = Callable[[Limiter, Clock], Awaitable[None]]
"""A test of the port."""
