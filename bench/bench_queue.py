"""Jobs a second, added and run to their stored answers, beside bare commits of the same database in the same run.

    python bench/bench_queue.py [--jobs 2000] [--postgres postgresql://postgres@127.0.0.1:5432/postgres]

Leaves out what an answer costs: the answerer says the same bytes at once. One worker process, 8 jobs at once.
Every job is three durable transactions (added, claimed with others, answered).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pilothouse.client.job_runner import JobRunner, Pace
from pilothouse.core.job import Job, JobAnswer, JobRules
from pilothouse.core.job_store import JobFilter, JobRequest, NewJob
from pilothouse.stores.sqlite import SqliteStore

RULES = JobRules()
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 400}]}).encode()
ANSWER = JobAnswer(status=200, body=BODY)


def now_us() -> int:
    return time.time_ns() // 1000


def new_job(number: int) -> NewJob:
    now = now_us()
    job = Job(
        id=f"job_{number:08d}",
        key_id="K",
        dialect="openai_chat",
        path="/v1/chat/completions",
        model="m",
        created_us=now,
        deadline_us=now + 3_600_000_000,
        release_us=now,
    )
    return NewJob(job, JobRequest(BODY))


async def answer(job: Job, request: JobRequest) -> JobAnswer:
    return ANSWER


async def drained(jobs: Any, count: int) -> None:
    runner = JobRunner(jobs, answer, RULES, now_us, "bench", pace=Pace(concurrency=8, poll_s=0.05))
    work = asyncio.create_task(runner.run())
    for _ in range(100_000):
        if len(jobs.jobs(JobFilter(state="done"), count)) >= count:
            break
        await asyncio.sleep(0.05)
    runner.stop()
    await work


def figures(jobs: Any, commit: Callable[[int], None], count: int) -> dict[str, float]:
    """Per second."""
    for number in range(20):  # warm
        jobs.add(new_job(90_000_000 + number), 10**6)
        jobs.cancel(f"job_{90_000_000 + number:08d}", None, now_us())
    started = time.perf_counter()
    for number in range(count):
        commit(number)
    bare = count / (time.perf_counter() - started)
    started = time.perf_counter()
    for number in range(count):
        jobs.add(new_job(number), 10**6)
    added = count / (time.perf_counter() - started)
    started = time.perf_counter()
    asyncio.run(drained(jobs, count))
    ran = count / (time.perf_counter() - started)
    started = time.perf_counter()
    for _ in range(200):
        jobs.claim("idle", now_us(), RULES, 8)
    return {"bare": bare, "added": added, "ran": ran, "idle": 200 / (time.perf_counter() - started)}


def sqlite(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder, "q.db"))
        store.jobs._write(lambda db: db.execute("CREATE TABLE bare (id INTEGER, body BLOB)"))  # pyright: ignore[reportPrivateUsage]

        def commit(number: int) -> None:
            row = (number, BODY)
            store.jobs._write(lambda db: db.execute("INSERT INTO bare VALUES (?, ?)", row))  # pyright: ignore[reportPrivateUsage]

        try:
            return figures(store.jobs, commit, count)
        finally:
            store.close()


def postgres(url: str, count: int) -> dict[str, float]:
    import psycopg

    from pilothouse.stores._pg_jobs import PgJobs

    schema = f"bench_{uuid.uuid4().hex}"

    def connected() -> Any:
        connection = psycopg.connect(url, autocommit=True)
        connection.execute(f'SET search_path = "{schema}"'.encode())
        return connection

    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE SCHEMA "{schema}"'.encode())
        store, bare = PgJobs(connected), connected()
        store.create_tables()
        bare.execute(b"CREATE TABLE bare (id BIGINT, body BYTEA)")
        try:
            return figures(
                store.jobs,
                lambda n: bare.execute(b"INSERT INTO bare VALUES (%s, %s)", (n, BODY)) and None,
                count,
            )
        finally:
            store.close()
            bare.close()
            admin.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--smoke", action="store_true", help="a second, for CI")
    given = parser.parse_args()
    if given.smoke:
        given.jobs, given.rounds = 100, 1
    kinds: dict[str, Callable[[], dict[str, float]]] = {"sqlite": lambda: sqlite(given.jobs)}
    if given.postgres:
        kinds["postgres"] = lambda: postgres(given.postgres, given.jobs)
    found: dict[str, dict[str, float]] = {}
    print(f"{'a second, median':<12}{'bare commit':>14}{'added':>10}{'run':>10}{'idle claim':>12}")
    for kind, run in kinds.items():
        rounds = [run() for _ in range(given.rounds)]
        found[kind] = {k: statistics.median(r[k] for r in rounds) for k in rounds[0]}
        one = found[kind]
        spread = max(r["ran"] for r in rounds) - min(r["ran"] for r in rounds)
        print(
            f"{kind:<16}{one['bare']:>14,.0f}{one['added']:>10,.0f}{one['ran']:>10,.0f}"
            f"{one['idle']:>12,.0f}   (run: spread {spread:,.0f})"
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
