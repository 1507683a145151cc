"""A server with the queue's doors and its worker over the replay provider: a stand-in for the gateway's own wiring.

Keys are bearer tokens named after their holder, so that two callers can be told apart.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from queue_tables import Tables

from pilothouse import recordings, registry
from pilothouse.app.compose import random_bits_source
from pilothouse.client.caller import Client
from pilothouse.client.cascade import Cascade
from pilothouse.client.guarding import GuardBook
from pilothouse.client.job_runner import JobRunner, Pace
from pilothouse.client.keyring import Holder
from pilothouse.client.routing import Router
from pilothouse.core.call import Call
from pilothouse.core.job import JobRules
from pilothouse.core.keys import VirtualKey
from pilothouse.core.ports import Priced
from pilothouse.core.route import RouteSpec, Target
from pilothouse.providers.replay import Replay
from pilothouse.server.batches_api import BatchesApi
from pilothouse.server.doors import dialect
from pilothouse.server.files_api import FilesApi
from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits
from pilothouse.server.job_answering import JobAnswering
from pilothouse.server.job_intake import Intake, wants_queue
from pilothouse.server.jobs_api import JobsApi
from pilothouse.server.queue_doors import QueueDoors
from pilothouse.server.routes import Routes

DIALECTS = {
    "/v1/chat/completions": "openai_chat",
    "/v1/responses": "openai_responses",
    "/v1/messages": "anthropic_messages",
}
_RECORDED = recordings.answers("builtin:gsm8k")
MODEL = _RECORDED[0].model
QUESTIONS = [r.prompt for r in _RECORDED if r.model == MODEL]
RULES = JobRules(attempts=2, backoff_s=0.01, queued_per_key=50, lines_per_key=200)


def now_us() -> int:
    return time.time_ns() // 1000


class Counting:
    """Calls as they were recorded."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def record(self, call: Call) -> None:
        self.calls.append(call)


def holder_named(name: str) -> Holder | None:
    if not name:
        return None
    key = VirtualKey(id=name, name=name, secret_hash="0" * 64, last4="abcd", created_us=1)
    return Holder(key, ())


def answering(
    recorder: Any, rules: JobRules = RULES, guards: GuardBook | None = None
) -> tuple[JobAnswering, Router, Client]:
    target = Target(name="small", provider="replay", model=MODEL)
    client = Client(
        {"replay": Replay("builtin:gsm8k")},
        lambda target, usage, at_us: Priced(Decimal("0.001")),
        recorder,
        now_us,
        random_bits_source(),
    )
    spec = RouteSpec(name="small", policy="fallback", targets=(target,))
    router = Router({"small": spec}, lambda name: registry.plugin("policies", name))
    answer = JobAnswering(
        Cascade(client),
        Routes(client, router, lambda route: None),
        holder_named,
        rules,
        guards=guards,
    )
    return answer, router, client


class QueueServer:
    """All the doors of the queue."""

    def __init__(self, tables: Tables, *, works: bool = True, rules: JobRules = RULES) -> None:
        self.recorder = Counting()
        self.tables = tables
        answer, router, client = answering(self.recorder, rules)
        worker = f"test-{os.getpid()}"
        pace = Pace(concurrency=4, poll_s=0.05, grace_s=1)
        self.runner = JobRunner(tables.jobs, answer, rules, now_us, worker, pace=pace)
        self._works = works

        def model_problem(model: str, holder: Holder | None) -> str | None:
            return None if router.spec(model) else f'no route or target is called "{model}"'

        def check_url(url: str) -> str | None:
            return "it leads inside" if "127.0.0.1" in url else None

        intake = Intake(rules, now_us, client.new_id, model_problem, check_url)
        self.jobs = JobsApi(tables.jobs, intake, self.runner.wake)
        files = FilesApi(tables.batches, intake)
        batches = BatchesApi(tables.batches, intake, self.runner.wake)
        self.doors = QueueDoors(self.jobs, files, batches)

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        token = http.headers.get("authorization") or http.headers.get("x-api-key") or ""
        holder = holder_named(token.removeprefix("Bearer ").strip())
        if http.path in DIALECTS and wants_queue(http.headers):
            await self.jobs.enqueue(dialect(DIALECTS[http.path]), http, out, holder)
        elif http.path.startswith("/v1beta/models/") and wants_queue(http.headers):
            model = http.path.removeprefix("/v1beta/models/").partition(":")[0]
            await self.jobs.enqueue(dialect("gemini"), http, out, holder, model=model)
        elif (handle := self.doors.at(http.path)) is not None:
            await handle(http, out, holder)
        else:
            out.send(404, b"{}")

    async def run(self, ready: Callable[[int], None], stop: asyncio.Event) -> None:
        server = HttpServer(self.handle, lambda status, message, http: b"{}", Limits())
        port = await server.start("127.0.0.1", 0)
        work = asyncio.create_task(self.runner.run()) if self._works else None
        ready(port)
        await stop.wait()
        await server.stop(0.5)
        if work is not None:
            self.runner.stop()
            await work


@contextmanager
def served(tables: Tables, **options: Any) -> Iterator[tuple[str, QueueServer]]:
    """The server in a thread of its own; its URL, and its parts."""
    found: dict[str, Any] = {}
    is_up = threading.Event()

    def run() -> None:
        async def main() -> None:
            found["loop"], found["stop"] = asyncio.get_running_loop(), asyncio.Event()
            found["server"] = QueueServer(tables, **options)

            def ready(port: int) -> None:
                found["port"] = port
                is_up.set()

            await found["server"].run(ready, found["stop"])

        asyncio.run(main())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert is_up.wait(20)
    try:
        yield f"http://127.0.0.1:{found['port']}", found["server"]
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join(20)


def until(check: Callable[[], Any], tries: int = 2000) -> Any:
    """What `check` gives once it is true; asked again until then."""
    pause = threading.Event()
    for _ in range(tries):
        if found := check():
            return found
        pause.wait(0.01)
    raise AssertionError("it did not come to pass")


def database(tmp_path: Path) -> Path:
    return tmp_path / "q.db"
