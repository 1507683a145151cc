"""A queued request passes the guards that it would pass at the door."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from make_jobs import SECOND, a_new
from queue_server import QUESTIONS, Counting, answering, now_us
from queue_tables import of_sqlite

from pilothouse.client.guarding import GuardBook, Placed
from pilothouse.core.job_store import JobRequest
from pilothouse.guards.content import Content, ContentSettings
from pilothouse.stores.sqlite import SqliteStore


def test_a_queued_request_that_a_guard_stops_is_answered_with_400_and_asked_of_nobody(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "q.db")
    tables = of_sqlite(tmp_path / "q.db")
    recorder = Counting()
    word = QUESTIONS[0].split()[0]
    guard = Content(ContentSettings(deny=[word]))
    book = GuardBook([Placed(name="words", guard=guard, timeout_ms=5_000)])
    answer, _, _ = answering(recorder, guards=book)
    asked = {"model": "small", "messages": [{"role": "user", "content": QUESTIONS[0]}]}
    body = json.dumps(asked).encode()
    now = now_us()
    times = {"created_us": now, "release_us": now, "deadline_us": now + 3600 * SECOND}
    tables.jobs.add(a_new(1, body, key_id="", **times), 10)
    job = tables.jobs.job("job_000001", None)
    assert job is not None
    found = asyncio.run(answer(job, JobRequest(body=body, headers={})))
    assert getattr(found, "status", None) == 400
    assert b"guardrail_blocked" in getattr(found, "body", b"")
    assert recorder.calls == []
    store.close()
