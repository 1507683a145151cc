"""`pilothouse work` as a process of its own, and `pilothouse jobs` beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from make_jobs import SECOND, a_new
from queue_server import MODEL, QUESTIONS, until
from queue_tables import Tables, of_sqlite

from pilothouse.app.queue_config import OffPeakConfig, QueueConfig, queue_problems
from pilothouse.cli.main import cli
from pilothouse.core.job import Job
from pilothouse.core.job_store import NewJob
from pilothouse.core.keys import VirtualKey
from pilothouse.core.limits import Limits
from pilothouse.stores.sqlite import SqliteStore


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(
        f"""
providers:
  replay: {{kind: replay, recording: builtin:gsm8k}}
targets:
  small: {{provider: replay, model: {MODEL}}}
store: {{path: q.db}}
"""
    )
    return path


def _queued(number: int, question: str, **more: Any) -> NewJob:
    now = time.time_ns() // 1000
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": question}]})
    return a_new(
        number,
        body.encode(),
        **{
            "key_id": "",
            "created_us": now,
            "release_us": now,
            "deadline_us": now + 3600 * SECOND,
            **more,
        },
    )


@pytest.mark.slow
def test_a_worker_answers_what_is_queued_and_stops_when_told(config: Path) -> None:
    tables = of_sqlite(config.parent / "q.db")
    for number in range(5):
        tables.jobs.add(_queued(number, QUESTIONS[number]), 10)
    command = [sys.executable, "-m", "pilothouse", "work", str(config), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["worker"]
        until(lambda: all(tables.jobs.answer(f"job_{n:06d}") for n in range(5)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    answer = json.loads(tables.jobs.answer("job_000000") or b"")
    assert answer["object"] == "chat.completion"
    tables.close()


@contextmanager
def _worker(config: Path, **environ: str) -> Generator[None]:
    command = [sys.executable, "-m", "pilothouse", "work", str(config), "--json"]
    environ = {**os.environ, **environ}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["worker"]
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(20) == 0


@pytest.mark.slow
def test_a_keys_limits_hold_at_a_worker_too(config: Path) -> None:
    store = SqliteStore(config.parent / "q.db")
    limits = Limits(requests_per_day=1)
    key = VirtualKey(
        id="K1", name="ci", secret_hash="0" * 64, last4="abcd", created_us=1, limits=limits
    )
    store.keys.save_key(key)
    store.close()
    tables = of_sqlite(config.parent / "q.db")
    for number in range(2):
        tables.jobs.add(_queued(number, QUESTIONS[number], key_id="K1"), 10)
    with _worker(config):
        until(lambda: any(tables.jobs.answer(f"job_{n:06d}") for n in range(2)))
        until(lambda: any("1 request" in (_job(tables, n).error or "") for n in range(2)))
    states = sorted(_job(tables, n).state for n in range(2))
    assert states == ["done", "queued"], "it waits for the day to go by"
    tables.close()


def _job(tables: Tables, number: int) -> Job:
    found = tables.jobs.job(f"job_{number:06d}", None)
    assert found is not None
    return found


@pytest.mark.slow
def test_a_worker_tells_webhooks_inside_only_where_that_is_allowed(config: Path) -> None:
    told: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=receiver.serve_forever, daemon=True).start()
    allowed = f"http://127.0.0.1:{receiver.server_port}/"
    with config.open("a") as file:
        file.write("queue: {webhook_secret_env: HOOK, webhook_inside: [127.0.0.1/32]}\n")
    tables = of_sqlite(config.parent / "q.db")
    inside = allowed.replace("127.0.0.1", "127.0.0.2")
    for number, url in enumerate((inside, allowed)):
        tables.jobs.add(_queued(number, QUESTIONS[number], webhook=url), 10)
    with _worker(config, HOOK="a secret"):
        until(lambda: bool(told))
        until(lambda: _job(tables, 0).webhook_at_us is None and _job(tables, 0).state == "done")
    assert [one["job_id"] for one in told] == ["job_000001"]
    receiver.shutdown()
    receiver.server_close()
    tables.close()


def test_jobs_are_listed_shown_and_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    tables = of_sqlite(path)
    for number in (1, 2):
        tables.jobs.add(_queued(number, "x"), 10)
    tables.close()

    def run(*args: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["jobs", *args, "--store", str(path)], standalone_mode=False)
        assert done.exception is None
        return done.return_value, done.output

    code, text = run("list", "--json")
    rows = [json.loads(line) for line in text.splitlines()]
    assert (code, [row["id"] for row in rows]) == (0, ["job_000002", "job_000001"])
    assert "job_000002" in run("list")[1]
    assert json.loads(run("show", "job_000001", "--json")[1])["state"] == "queued"
    assert run("show", "job_000001", "--answer")[0] == 1
    assert run("cancel", "job_000001", "--json") == (0, '{\n  "job_000001": "cancelled"\n}\n')
    assert run("list", "--state", "cancelled", "--json")[1].count("\n") == 1
    assert "created" in run("show", "job_000001")[1]


def test_a_section_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    wrong = QueueConfig(
        lease="soon",
        off_peak=[OffPeakConfig(hours="25:00-1", factor=Decimal(1))],
        webhook_secret_env="NO_SUCH_VARIABLE",
    )
    assert [key for key, _ in queue_problems(wrong, {})] == [
        "queue.lease",
        "queue.off_peak[0]",
        "queue.webhook_secret_env",
    ]
    assert queue_problems(QueueConfig(), {}) == []
