"""Real processes on one file and on one Redis: never overspent together, and what a SIGKILL forgets."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pilothouse.core.limits import Account, Granted
from pilothouse.core.pico import PICO
from pilothouse.stores.sqlite import SqliteStore

from .make import START_US, Clock, a_replica, a_scope, admitted, an_ask, refused

ACCOUNT = Account("key:k", "total")

WORKER = textwrap.dedent(
    """
    import asyncio, random, sys, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[4])
    from limits.make import a_scope, an_ask, asked
    from pilothouse.client.limits.local import LocalLimiter
    from pilothouse.client.limits.purse import Purses
    from pilothouse.client.limits.redis_limiter import RedisLimiter
    from pilothouse.client.limits.redis_wire import connect
    from pilothouse.core.limits import Refused
    from pilothouse.core.pico import PICO
    from pilothouse.stores.sqlite import SqliteStore

    def now_us():
        return time.time_ns() // 1000

    async def main(where, name, prefix):
        if where.startswith("redis") or where.startswith("unix"):
            limiter = RedisLimiter(connect(where, timeout_s=10), None, now_us, time.monotonic_ns,
                                   lambda: random.getrandbits(60), replica=name, prefix=prefix)
            await limiter.beat()
        else:
            store = SqliteStore(Path(where))
            limiter = LocalLimiter(Purses(store.budgets, now_us, name), now_us, time.monotonic_ns)
        scope, chance, spent = a_scope(usd="1"), random.Random(name), 0
        refusals = 0
        async def one():
            nonlocal spent, refusals
            got = await asked(limiter, an_ask(scope, usd="0.004", id=f"{name}-{chance.getrandbits(60)}"))
            if isinstance(got, Refused):
                assert got.by == "budget", got.message
                refusals += 1
                return
            await asyncio.sleep(0)
            pico = chance.randrange(4 * PICO // 1000 + 1)
            limiter.settle(got, input_tokens=0, output_tokens=0, pico_usd=pico)
            spent += pico
        print("ready", flush=True)
        sys.stdin.readline()
        while not refusals:
            await asyncio.gather(*(one() for _ in range(50)))
        await limiter.close()
        print(spent, flush=True)

    asyncio.run(main(*sys.argv[1:4]))
    """
)


def spent_by_two_processes(where: str, prefix: str = "-") -> int:
    tests = str(Path(__file__).parents[1])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, where, name, prefix, tests],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return sum(int(worker.communicate(timeout=60)[0]) for worker in workers)


@pytest.mark.slow
def test_two_processes_on_one_file_never_overspend_and_leave_no_money_lying(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    SqliteStore(path).close()
    spent = spent_by_two_processes(str(path))
    store = SqliteStore(path)
    assert store.budgets.spent(ACCOUNT) == spent
    assert spent <= PICO
    assert store.query("SELECT * FROM budget_allotments") == []
    store.close()


@pytest.mark.slow
def test_two_processes_on_one_redis_never_overspend_and_what_is_left_is_exact(
    redis_url: str, prefix: str
) -> None:
    spent = spent_by_two_processes(redis_url, prefix)
    assert PICO // 2 < spent <= PICO

    async def body() -> None:
        clock = Clock()
        clock.us = time.time_ns() // 1000
        async with a_replica(redis_url, clock, prefix, "last") as limiter:
            scope, ask = a_scope(usd="1"), an_ask(a_scope(usd="1"))
            ask.pico_usd = PICO - spent + 1
            assert (await refused(limiter, ask)).remaining == PICO - spent
            ask = an_ask(scope)
            ask.pico_usd = PICO - spent
            await admitted(limiter, ask)

    asyncio.run(body())


KILLED = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from limits.make import Clock, a_local, a_scope, admitted, an_ask, settle
    from pilothouse.stores.sqlite import SqliteStore

    async def main():
        limiter = a_local(Clock(), SqliteStore(Path(sys.argv[1])).budgets, "killed")
        scope = a_scope(usd="1")
        settle(limiter, await admitted(limiter, an_ask(scope, usd="0.3")), usd="0.25")
        await limiter.tend()
        settle(limiter, await admitted(limiter, an_ask(scope, usd="0.3")), usd="0.05")
        await admitted(limiter, an_ask(scope, usd="0.2"))
        print("spent", flush=True)
        sys.stdin.readline()

    asyncio.run(main())
    """
)


@pytest.mark.slow
def test_a_sigkill_forgets_only_what_was_settled_since_the_last_booking(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(Path(__file__).parents[1])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "spent\n"
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    store = SqliteStore(path)
    assert store.budgets.spent(ACCOUNT) == PICO // 4
    at = {"limit": PICO, "until_us": 2**62}
    drawn = store.budgets.draw("new", ACCOUNT, least=PICO * 3 // 4, now_us=START_US, **at)
    assert drawn.pico_usd == 0, "what the dead process had drawn is kept until its lease ends"
    drawn = store.budgets.draw(
        "new", ACCOUNT, least=PICO * 3 // 4, now_us=START_US + 31_000_000, **at
    )
    assert drawn == Granted(PICO * 3 // 4, 0)
    store.close()
