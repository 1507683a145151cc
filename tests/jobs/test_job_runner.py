"""The worker: room, leases, cancelling, deadlines, a database that is away, a worker that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from make_jobs import NOW, RULES, SECOND, a_new
from queue_server import until
from queue_tables import Tables, of_sqlite

from pilothouse.client.job_runner import Again, JobRunner, Pace
from pilothouse.core.errors import StoreError
from pilothouse.core.job import Job, JobAnswer
from pilothouse.core.job_store import JobRequest

ANSWER = JobAnswer(status=200, body=b"{}")


class World:
    """A store, a clock that stands still, and an answerer that waits to be told what to say."""

    def __init__(self, tables: Tables, **options: Any) -> None:
        self.tables = tables
        self.now_us = NOW
        self.asked: list[str] = []
        self.said: dict[str, asyncio.Future[JobAnswer | Again]] = {}
        self.has_asked = asyncio.Event()
        pace = Pace(concurrency=2, poll_s=0.01, grace_s=0.01)
        store: Any = options.pop("store", tables.jobs)
        self.runner = JobRunner(
            store, self.answer, RULES, lambda: self.now_us, "w1", pace=pace, **options
        )

    async def answer(self, job: Job, request: JobRequest) -> JobAnswer | Again:
        self.asked.append(job.attempt_id)
        future = asyncio.get_running_loop().create_future()
        self.said[job.id] = future
        self.has_asked.set()
        return await future

    async def asked_for(self, count: int) -> None:
        while len(self.asked) < count:
            self.has_asked.clear()
            await self.has_asked.wait()

    def job(self, number: int) -> Job:
        found = self.tables.jobs.job(f"job_{number:06d}", None)
        assert found is not None
        return found


def _run(tables: Tables, body: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        world = World(tables, **options)
        work = asyncio.create_task(world.runner.run())
        try:
            async with asyncio.timeout(20):
                await body(world)
        finally:
            world.runner.stop()
            await work

    asyncio.run(main())


async def _idle(world: World) -> None:
    """Until nothing is under way."""
    for _ in range(20_000):
        if not world.runner.running:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("a job is still under way")


def test_a_job_is_asked_and_its_answer_kept(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)

    async def body(world: World) -> None:
        await world.asked_for(1)
        world.said["job_000001"].set_result(ANSWER)
        await _idle(world)
        assert world.job(1).state == "done"

    _run(tables, body)


def test_no_more_are_taken_than_there_is_room(tables: Tables) -> None:
    for number in range(5):
        tables.jobs.add(a_new(number), 10)
    room = [1]
    worlds: list[World] = []

    async def body(world: World) -> None:
        worlds.append(world)
        world.runner.wake()
        await world.asked_for(1)
        room[0] = 0
        world.said["job_000000"].set_result(ANSWER)
        await _idle(world)
        assert len(world.asked) == 1
        room[0] = 9
        world.runner.wake()
        await world.asked_for(3)
        assert world.runner.running == 2

    def spare() -> int:
        return room[0] - worlds[0].runner.running if worlds else 0

    _run(tables, body, spare=spare)


def test_a_failure_waits_and_is_tried_again(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)

    async def body(world: World) -> None:
        await world.asked_for(1)
        world.said["job_000001"].set_result(Again("503", after_s=7))
        await _idle(world)
        job = world.job(1)
        assert (job.state, job.failures, job.release_us) == ("queued", 1, NOW + 7 * SECOND)
        world.now_us = NOW + 7 * SECOND
        await world.asked_for(2)
        assert world.asked == ["job_000001-1", "job_000001-2"]

    _run(tables, body)


def test_a_cancelled_job_stops_its_attempt(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)

    async def body(world: World) -> None:
        await world.asked_for(1)
        tables.jobs.cancel("job_000001", "K1", NOW)
        await world.runner.beat()
        await _idle(world)
        assert world.said["job_000001"].cancelled()
        assert world.job(1).state == "cancelled"

    _run(tables, body)


def test_a_worker_that_stops_gives_its_jobs_back_and_nobody_failed(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)

    async def body(world: World) -> None:
        await world.asked_for(1)

    _run(tables, body)
    job = tables.jobs.job("job_000001", None)
    assert job is not None
    assert (job.state, job.failures, job.release_us) == ("queued", 0, NOW)


def test_an_attempt_ends_with_the_jobs_deadline(tables: Tables) -> None:
    tables.jobs.add(a_new(1, deadline_us=NOW + 1), 10)

    async def body(world: World) -> None:
        await world.asked_for(1)
        world.now_us = NOW + 1
        await _idle(world)
        assert world.job(1).state == "expired"

    _run(tables, body)


class _Away:
    """A store whose database is away for the first keepings of an answer."""

    def __init__(self, tables: Tables, times: int) -> None:
        self._jobs = tables.jobs
        self._left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    def keep_answer(self, *args: Any) -> bool:
        if self._left:
            self._left -= 1
            raise StoreError("the database is away")
        return self._jobs.keep_answer(*args)


def test_a_paid_answer_is_kept_when_the_database_is_back(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)

    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0 if seconds < 5 else 3600)

    async def body(world: World) -> None:
        await world.asked_for(1)
        world.said["job_000001"].set_result(ANSWER)
        await _idle(world)
        assert world.job(1).state == "done"
        assert len(world.asked) == 1

    _run(tables, body, store=_Away(tables, 2), sleep=at_once)


_WORKER = """
import asyncio, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from queue_tables import of_sqlite, of_postgres
from pilothouse.client.job_runner import JobRunner, Pace
from pilothouse.core.job import JobAnswer, JobRules
tables = of_sqlite(Path(sys.argv[3])) if sys.argv[2] == "sqlite" else of_postgres(*sys.argv[3].split("|"))
worker, pays = sys.argv[4], Path(sys.argv[5])

async def answer(job, request):
    with pays.open("a") as log:
        log.write(f"{worker} {job.attempt_id}\\n")
    if worker == "first" and job.id.endswith("3"):
        await asyncio.sleep(3600)
    return JobAnswer(status=200, body=worker.encode())

rules = JobRules(lease_s=1.0, attempts=3, backoff_s=0.01)
runner = JobRunner(tables.jobs, answer, rules, lambda: time.time_ns() // 1000, worker,
                   pace=Pace(concurrency=2, poll_s=0.02))
asyncio.run(runner.run())
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_after_sigkill_another_worker_takes_over_and_nothing_is_paid_twice_that_was_kept(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    import time
    import uuid

    from queue_tables import drop_schema, made_schema, of_postgres

    if kind == "sqlite":
        where = str(tmp_path / "q.db")
        tables = of_sqlite(Path(where))
    else:
        url, schema = request.getfixturevalue("postgres"), f"q_{uuid.uuid4().hex}"
        made_schema(url, schema)
        request.addfinalizer(lambda: drop_schema(url, schema))
        where = f"{url}|{schema}"
        tables = of_postgres(url, schema)
    now = time.time_ns() // 1000
    for number in range(12):
        times = {"created_us": now, "release_us": now, "deadline_us": now + 3600 * SECOND}
        tables.jobs.add(a_new(number, **times), 100)
    pays = tmp_path / "pays.log"
    pays.touch()

    def worker(name: str) -> subprocess.Popen[bytes]:
        folder = str(Path(__file__).parent)
        return subprocess.Popen(
            [sys.executable, "-c", _WORKER, folder, kind, where, name, str(pays)],
            env=dict(os.environ),
        )

    def paid() -> list[str]:
        return pays.read_text().split("\n")[:-1]

    def states() -> list[str]:
        return [tables.jobs.job(f"job_{n:06d}", None).state for n in range(12)]  # type: ignore[union-attr]

    first = worker("first")
    second: subprocess.Popen[bytes] | None = None
    try:
        # It hangs over number 3 while it goes on with the others.
        until(lambda: "first job_000003-1" in paid() and states().count("done") >= 4)
        first.send_signal(signal.SIGKILL)
        first.wait()
        kept = {n for n, state in enumerate(states()) if state == "done"}
        second = worker("second")
        until(lambda: states() == ["done"] * 12)
    finally:
        for process in (first, second):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait()
    lines = [line.split() for line in paid()]
    again = [attempt for name, attempt in lines if name == "second"]
    assert "job_000003-2" in again
    for number in kept:
        assert not any(attempt.startswith(f"job_{number:06d}-") for attempt in again)
    for number in range(12):
        stored = tables.jobs.answer(f"job_{number:06d}")
        assert stored == (b"first" if number in kept else b"second")
    tables.close()
