"""What can go wrong around a gateway, met by a real one: its process, its database, its Redis, its disk.

Each fault is a function that gives the outcome in the words that are stated for it. `make faults` prints them
after the vendor's.
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import psycopg
from running import CONFIG, QUESTIONS, ask, served, within_10_s
from slow_upstream import slow_upstream

from pilothouse.core.ports import CallFilter
from pilothouse.stores.postgres import PostgresStore
from pilothouse.stores.sqlite import SqliteStore
from stores.postgres_server import Wire, a_schema, dropped

RECORDED = CONFIG.partition("admin:")[0]
SLOW = """\
providers:
  slow: {{kind: openai_compatible, base_url: "{url}", dialect: openai_chat}}
targets:
  slow: {{provider: slow, model: m}}
server: {{port: 0}}
"""


class NotHere(Exception):
    """This machine lacks what the fault needs."""


@dataclass(frozen=True)
class HouseFault:
    """What goes wrong, what is promised of it, and how to see it."""

    name: str
    stated: str
    seen: Callable[[Path], str]


def terminated_mid_stream(folder: Path) -> str:
    """SIGTERM while an answer streams."""
    return _ended_mid_stream(folder, is_killed=False)


def killed_mid_stream(folder: Path) -> str:
    """SIGKILL while an answer streams; then started again."""
    return _ended_mid_stream(folder, is_killed=True)


def _ended_mid_stream(folder: Path, *, is_killed: bool) -> str:
    config = folder / "pilothouse.yaml"
    with slow_upstream() as upstream:
        config.write_text(SLOW.format(url=upstream.base_url))
        with served(config) as gateway:
            port = int(gateway.url.rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "?"}]}
            connection.request("POST", "/v1/chat/completions", json.dumps(body))
            answer = connection.getresponse()
            answer.readline()
            if is_killed:
                gateway.process.kill()
            else:
                gateway.process.terminate()
            upstream.go_on.set()
            try:
                rest = answer.read()
                ended = "whole" if rest.rstrip().endswith(b"[DONE]") else "politely cut"
            except (http.client.IncompleteRead, ConnectionError):
                ended = "broken"
            connection.close()
            code = gateway.process.wait(30)
    if not is_killed:
        return f"stream {ended}, exit code {code}, {_rows(folder)} call kept"
    config.write_text(RECORDED)
    with served(config) as again:
        return f"stream {ended}, starts again: {ask(again.url)}"


def database_gone(folder: Path) -> str:
    """PostgreSQL behind a wire that is cut for a while."""
    url = os.environ.get(
        "PILOTHOUSE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres"
    )
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        raise NotHere(f"no PostgreSQL on its usual port ({error})") from None
    wire, address = Wire(url), a_schema(url, folder)
    config = folder / "pilothouse.yaml"
    where = f'url: "{wire.url}", schema: {address.schema}, spill_folder: "{folder}"'
    config.write_text(RECORDED + f"store: {{{where}}}\n")
    try:
        with served(config) as gateway:
            before = ask(gateway.url)
            wire.cut()
            during = {ask(gateway.url, question) for question in QUESTIONS[1:20]}
            within_10_s(lambda: "calls are kept and tried again" in gateway.log, "nobody noticed")
            wire.mend()
            within_10_s(lambda: "calls are written again" in gateway.log, "it stays away")
            gateway.process.terminate()
            gateway.process.wait(30)
        store = PostgresStore(address)
        kept = len(store.calls(CallFilter(status="ok")))
        store.close()
        return f"answers before {before}, during {_set(during)}; {kept} of 20 calls kept"
    finally:
        wire.close()
        dropped(address)


def redis_gone(folder: Path, way: str) -> str:
    """A Redis that counts limits is stopped."""
    from redis_of_our_own import RedisServer

    if shutil.which("redis-server") is None:
        raise NotHere("there is no redis-server")
    redis = RedisServer()
    redis.start()
    os.environ["HOUSE_REDIS"] = redis.url
    config = folder / "pilothouse.yaml"
    limits = "routes: {support: {limits: {requests_per_minute: 1000}}}"
    config.write_text(
        RECORDED + f"limits: {{{limits}, redis: {{url_env: HOUSE_REDIS, on_redis_down: {way}}}}}\n"
    )
    try:
        with served(config) as gateway:
            before = ask(gateway.url)
            redis.stop()
            during = {ask(gateway.url, question) for question in QUESTIONS[1:6]}
            redis.start()
            deadline_s = time.monotonic() + 10
            while (after := ask(gateway.url)) != 200 and time.monotonic() < deadline_s:
                time.sleep(0.1)
            return f"answers before {before}, during {_set(during)}, after {after}"
    finally:
        redis.close()
        del os.environ["HOUSE_REDIS"]


def redis_gone_local(folder: Path) -> str:
    """`on_redis_down: local`."""
    return redis_gone(folder, "local")


def redis_gone_refuse(folder: Path) -> str:
    """`on_redis_down: refuse`."""
    return redis_gone(folder, "refuse")


def disk_full(folder: Path) -> str:
    """No file may grow for a while, as on a full disk; then there is room again."""
    config = folder / "pilothouse.yaml"
    config.write_text(RECORDED)
    SqliteStore(folder / "pilothouse.db").close()
    with served(config) as gateway:
        pid = gateway.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        got = {ask(gateway.url, question) for question in QUESTIONS}
        within_10_s(lambda: "calls are kept and tried again" in gateway.log, "nobody noticed")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        within_10_s(lambda: "calls are written again" in gateway.log, "it stays full")
        gateway.process.terminate()
        code = gateway.process.wait(30)
    return f"answers {_set(got)}, exit code {code}; {_rows(folder)} of 40 calls kept"


FAULTS = (
    HouseFault(
        "gateway stopped (SIGTERM) mid-stream",
        "stream whole, exit code 0, 1 call kept",
        terminated_mid_stream,
    ),
    HouseFault(
        "gateway killed (SIGKILL) mid-stream",
        "stream broken, starts again: 200",
        killed_mid_stream,
    ),
    HouseFault(
        "database gone for a while (PostgreSQL)",
        "answers before 200, during 200; 20 of 20 calls kept",
        database_gone,
    ),
    HouseFault(
        "Redis gone, on_redis_down: local",
        "answers before 200, during 200, after 200",
        redis_gone_local,
    ),
    HouseFault(
        "Redis gone, on_redis_down: refuse",
        "answers before 200, during 429, after 200",
        redis_gone_refuse,
    ),
    HouseFault(
        "disk full (SQLite)",
        "answers 200, exit code 0; 40 of 40 calls kept",
        disk_full,
    ),
)


def outcome(fault: HouseFault) -> str:
    """What is seen of it. Raises `NotHere`."""
    with tempfile.TemporaryDirectory() as folder:
        return fault.seen(Path(folder))


def _rows(folder: Path) -> int:
    store = SqliteStore(folder / "pilothouse.db")
    try:
        return len(store.calls(CallFilter()))
    finally:
        store.close()


def _set(statuses: set[int]) -> str:
    return ", ".join(str(status) for status in sorted(statuses))
