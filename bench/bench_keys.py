"""What a request pays for its key, limits and budget: look-up, and admit + settle, for 10 to 100,000 keys.

Reference in the same run: one look-up in a dict of the same size. Counted in this process; nothing is
refused; the budget is drawn from SQLite as it is in the gateway. Leaves out: reading the body, estimating
its tokens, pricing; the periodic booking has a row of its own. With --redis URL also what an admission and its
settlement cost there: CPU of this process, and time until both have arrived, alone and 200 at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from pilothouse.cli.output import table
from pilothouse.client.keyring import Holder, KeyRing
from pilothouse.client.limits.local import LocalLimiter
from pilothouse.client.limits.port import Ask
from pilothouse.client.limits.purse import Purses
from pilothouse.client.limits.redis_limiter import RedisLimiter
from pilothouse.client.limits.redis_wire import connect
from pilothouse.core.keys import VirtualKey, new_secret, secret_hash
from pilothouse.core.limits import Budget, Limits, Refused, Scope, scope_of
from pilothouse.stores.sqlite import SqliteStore

LIMITS = Limits(
    requests_per_minute=10**9, tokens_per_minute=10**11, requests_per_day=10**10, concurrency=10**6
)
BUDGETS = (Budget(usd=Decimal(1_000_000), per="day"), Budget(usd=Decimal(5_000_000), per="month"))


def some_keys(count: int) -> tuple[list[VirtualKey], list[str]]:
    secrets = [new_secret(n.to_bytes(32)).reveal() for n in range(count)]
    keys = [
        VirtualKey(
            id=f"K{n:09d}",
            name=f"key {n}",
            secret_hash=secret_hash(secret),
            last4=secret[-4:],
            created_us=1,
            team=f"team-{n % 50}",
            limits=LIMITS,
            budgets=BUDGETS,
        )
        for n, secret in enumerate(secrets)
    ]
    return keys, secrets


class Given:
    """A `KeyStore` that only hands out what it was given: filling 100,000 rows is not what is measured."""

    def __init__(self, keys: list[VirtualKey]) -> None:
        self.all = keys

    def keys_changed(self, after: int) -> tuple[list[VirtualKey], int]:
        return self.all[after:], len(self.all)


def us_each(rounds: int, count: int, work: Callable[[int], object]) -> tuple[float, float, float]:
    """Median, least and most microseconds of CPU a piece over the rounds; the first round warms up."""
    found: list[float] = []
    for _ in range(rounds + 1):
        start_ns = time.thread_time_ns()
        for n in range(count):
            work(n)
        found.append((time.thread_time_ns() - start_ns) / count / 1000)
    return median(found[1:]), min(found[1:]), max(found[1:])


def now_us() -> int:
    return time.time_ns() // 1000


async def measured(keys: int, count: int, rounds: int, folder: Path) -> list[tuple[object, ...]]:
    store = SqliteStore(folder / f"{keys}.db")
    made, secrets = some_keys(keys)
    ring = KeyRing(
        Given(made),
        {f"team-{n}": scope_of("team", f"team-{n}", LIMITS, BUDGETS) for n in range(50)},
    )  # type: ignore[arg-type]
    ring.refresh()
    limiter = LocalLimiter(Purses(store.budgets, now_us, "bench"), now_us, time.monotonic_ns)
    # Requests come from at most 1,000 keys, spread over all of them: caches are as cold as that makes them.
    asked = [secrets[n * keys // min(keys, 1000)] for n in range(min(keys, 1000))]
    holders = [found for s in asked if isinstance(found := ring.find(s, now_us()), Holder)]
    route, target = scope_of("route", "fast", LIMITS), scope_of("target", "small", LIMITS)
    table_of = {s: n for n, s in enumerate(secrets)}
    at_us = now_us()

    def admit_settle(scopes_of: Callable[[Holder], tuple[Scope, ...]]) -> Callable[[int], None]:
        scopes = [scopes_of(holder) for holder in holders]

        def work(n: int) -> None:
            ask = Ask(scopes[n % len(scopes)], f"r{n}", 900, 1000, 2_000_000_000)
            got = limiter.admit(ask)
            if got is None or isinstance(got, Refused):
                raise SystemExit(f"not admitted at once: {got}")
            limiter.settle(got, input_tokens=880, output_tokens=300, pico_usd=900_000_000)

        return work

    cases: list[tuple[str, Callable[[int], object]]] = [
        ("reference: dict look-up", lambda n: table_of[asked[n % len(asked)]]),
        ("find a key by its secret", lambda n: ring.find(asked[n % len(asked)], at_us)),
        ("admit + settle: key", admit_settle(lambda h: h.scopes[:1])),
        (
            "admit + settle: key, team, route, target",
            admit_settle(lambda h: (*h.scopes, route, target)),
        ),
    ]
    for (
        holder
    ) in holders:  # budgets drawn beforehand: the first request of a key waits for the disk
        for _ in range(3):
            got = await limiter.admit_waiting(
                Ask((*holder.scopes, route, target), "warm", 1, 1, count * rounds * 10_000_000_000)
            )
            assert not isinstance(got, Refused), got
            limiter.release(got)
    rows = [(keys, name, *us_each(rounds, count, work)) for name, work in cases]
    start_ns = time.perf_counter_ns()
    await limiter.tend()
    booked_us = (time.perf_counter_ns() - start_ns) / 1000
    rows.append((keys, "one booking of all that, in all", booked_us, booked_us, booked_us))
    await limiter.close()
    store.close()
    return rows


async def measured_in_redis(url: str, rounds: int) -> list[tuple[object, ...]]:
    """CPU of this process a piece (settlement arrived too), and wall time until the admission is known."""
    client: Any = connect(url, timeout_s=10)
    prefix = f"{{pilothouse-bench-{time.time_ns()}}}:"
    limiter = RedisLimiter(
        client, None, now_us, time.monotonic_ns, time.time_ns, replica="bench", prefix=prefix
    )
    await limiter.beat()
    scopes = (
        scope_of("key", "k", LIMITS, BUDGETS),
        scope_of("team", "t", LIMITS, BUDGETS),
        scope_of("route", "fast", LIMITS),
        scope_of("target", "small", LIMITS),
    )
    waits_us: list[float] = []

    async def one(number: int) -> None:
        start_ns = time.perf_counter_ns()
        got = await limiter.admit_waiting(Ask(scopes, f"r{number}", 900, 1000, 2_000_000_000))
        waits_us.append((time.perf_counter_ns() - start_ns) / 1000)
        assert not isinstance(got, Refused), got
        limiter.settle(got, input_tokens=880, output_tokens=300, pico_usd=900_000_000)

    rows: list[tuple[object, ...]] = []
    for at_once in (1, 200):
        cpu_us: list[float] = []
        waits_us.clear()
        for turn in range(rounds + 1):
            start_ns = time.thread_time_ns()
            for batch in range(1000 // at_once):
                await asyncio.gather(
                    *(one(turn * 1000 + batch * at_once + n) for n in range(at_once))
                )
            cpu_us.append((time.thread_time_ns() - start_ns) / 1000 / 1000)
        for name, found in (
            ("CPU of admit + settle", cpu_us[1:]),
            ("time of an admission", waits_us[1000:]),
        ):
            row = (f"Redis, {at_once} at once: {name}", median(found), min(found), max(found))
            rows.append(("-", *row))
    await limiter.close()
    client = connect(url, timeout_s=10)
    names = [name async for name in client.scan_iter(match=prefix + "*", count=1000)]
    await client.delete(*names)
    await client.aclose()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    parser.add_argument("--redis", metavar="URL", help="measure a Redis too")
    given = parser.parse_args()
    sizes = (10, 10_000) if given.smoke else (10, 1_000, 100_000)
    count, rounds = (5_000, 3) if given.smoke else (50_000, 7)
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            r for keys in sizes for r in asyncio.run(measured(keys, count, rounds, Path(folder)))
        ]
    if given.redis:
        rows += asyncio.run(measured_in_redis(given.redis, rounds))
    shown = [(k, name, *(round(v, 2) for v in us)) for k, name, *us in rows]
    header = ("keys", "what", "median us", "least", "most")
    if given.json:
        print(json.dumps([dict(zip(header, row, strict=True)) for row in shown]))
        return
    print(table(header, shown))
    print(f"{count} pieces a round, {rounds} rounds")


if __name__ == "__main__":
    main()
