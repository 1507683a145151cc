"""The queue as `open_queue` composes it from its section."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from make_jobs import SECOND, a_new
from queue_server import QUESTIONS, Counting, answering, holder_named, now_us
from queue_tables import of_sqlite

from pilothouse.app.queue_config import QueueConfig
from pilothouse.app.queueing import NO_WEBHOOKS, model_problem, open_queue
from pilothouse.client.keyring import KeyRing
from pilothouse.server.routes import Routes
from pilothouse.stores.sqlite import SqliteStore


def test_a_gateway_has_a_worker_of_its_own_unless_told_otherwise(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "q.db")
    _, router, client = answering(Counting())
    ring = KeyRing(store.keys)

    def opened(config: QueueConfig):  # type: ignore[no-untyped-def]
        return open_queue(config, store, client, router, lambda r: None, ring, lambda: 0)

    assert opened(QueueConfig()).runner is not None
    alone = opened(QueueConfig(works=False))
    assert alone.runner is None and alone.webhooks is None
    assert alone.doors.at("/v1/jobs") and alone.doors.at("/v1/batches/x/cancel")
    assert alone.doors.at("/v1/jobsx") is None and alone.doors.at("/v2/jobs") is None
    store.close()


@pytest.mark.slow
def test_a_busy_gateway_takes_no_job(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "q.db")
    tables = of_sqlite(tmp_path / "q.db")
    _, router, client = answering(Counting())
    ring, live = KeyRing(store.keys), [64]
    asked = {"model": "small", "messages": [{"role": "user", "content": QUESTIONS[0]}]}
    body = json.dumps(asked).encode()
    now = now_us()
    times = {"created_us": now, "release_us": now, "deadline_us": now + 3600 * SECOND}
    tables.jobs.add(a_new(1, body, key_id="", **times), 10)

    async def main() -> None:
        queue = open_queue(
            QueueConfig(), store, client, router, lambda r: None, ring, lambda: live[0]
        )
        assert queue.runner is not None
        work = asyncio.create_task(queue.runner.run())
        for _ in range(50):
            queue.runner.wake()
            await asyncio.sleep(0)
        job = tables.jobs.job("job_000001", None)
        assert job is not None and job.state == "queued"
        live[0] = 0
        queue.runner.wake()
        for _ in range(2000):
            if tables.jobs.answer("job_000001"):
                break
            await asyncio.sleep(0.005)
        queue.runner.stop()
        await work

    asyncio.run(main())
    assert tables.jobs.answer("job_000001")
    tables.close()
    store.close()


def test_a_model_that_a_key_may_not_use_is_refused_like_one_that_is_not_there() -> None:
    _, router, client = answering(Counting())
    problem = model_problem(Routes(client, router, lambda route: None))
    assert problem("small", holder_named("ann")) is None
    assert 'Did you mean "small"?' in (problem("smal", None) or "")
    assert "webhook_secret_env" in NO_WEBHOOKS
