"""`pilothouse serve --workers`: they share a port, are started again, and stop together."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from running import ADMIN_KEY, CONFIG, QUESTIONS, ask, served, within_10_s
from slow_upstream import slow_upstream

from pilothouse.core.ports import CallFilter
from pilothouse.stores.sqlite import SqliteStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "sigtimedwait"), reason="workers need Linux"),
]


SLOW = """\
providers:
  slow: {{kind: openai_compatible, base_url: "{url}"}}
targets:
  slow: {{provider: slow, model: m}}
server: {{port: 0}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(CONFIG)
    return path


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_workers_share_the_port_and_the_books_and_stop_together(
    config: Path, number: signal.Signals, code: int
) -> None:
    with served(config, "--workers", "3") as gateway:
        workers = gateway.workers()
        assert len(workers) == 3
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda q: ask(gateway.url, q), QUESTIONS)) == {200}
        rows = gateway.admin("/admin/targets")[1]["targets"]
        assert sum(row["successes"] for row in rows) == len(QUESTIONS)
        assert len([row for row in rows if row["successes"]]) > 1, "one worker took everything"
        text = gateway.admin("/metrics")[1]
        assert "pilothouse_workers 3\n" in text
        assert (
            'pilothouse_requests_total{source="serve",route="support",target="small"} 40\n' in text
        )
        assert 'pilothouse_answers_total{status="200",code=""} 40\n' in text
        gateway.process.send_signal(number)
        assert gateway.process.wait(30) == code
        assert not [pid for pid in workers if _is_alive(pid)]
    store = SqliteStore(config.parent / "pilothouse.db")
    assert len(store.calls(CallFilter(status="ok"))) == len(QUESTIONS)
    store.close()


def test_a_worker_that_dies_is_started_again_and_why_it_died_is_said(config: Path) -> None:
    with served(config, "--workers", "2") as gateway:
        before = gateway.workers()
        os.kill(before[1], signal.SIGKILL)
        within_10_s(lambda: len(set(gateway.workers()) - set(before)) == 1, "it stayed dead")
        assert f"worker 1 (process {before[1]}) ended by SIGKILL" in gateway.log
        within_10_s(lambda: _workers_that_tell(gateway.admin("/metrics")[1]) == 2, "it is silent")
        assert ask(gateway.url) == 200


def test_the_admin_port_stays_the_same_when_its_worker_is_started_again(config: Path) -> None:
    with served(config, "--workers", "2") as gateway:
        os.kill(gateway.workers()[0], signal.SIGKILL)

        def is_back() -> bool:
            try:
                return gateway.admin("/admin/config")[0] == 200
            except OSError:
                return False

        within_10_s(is_back, "the admin API stayed away")


def test_workers_do_not_outlive_their_supervisor(config: Path) -> None:
    with served(config, "--workers", "2") as gateway:
        workers = gateway.workers()
        gateway.process.kill()
        within_10_s(lambda: not any(_is_alive(pid) for pid in workers), "orphans go on")


def test_a_reload_reaches_all_workers_and_those_started_later(config: Path) -> None:
    with served(config, "--workers", "2") as gateway:
        config.write_text(CONFIG.replace("support:", "helpdesk:"))
        gateway.process.send_signal(signal.SIGHUP)
        within_10_s(
            lambda: all(gateway.models() == {"small", "helpdesk"} for _ in range(12)),
            "some worker kept the old routes",
        )
        before = gateway.workers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        def is_new() -> bool:
            try:
                return not set(before) & set(gateway.workers()) and all(
                    gateway.models() == {"small", "helpdesk"} for _ in range(6)
                )
            except OSError:
                return False

        within_10_s(is_new, "a new worker has the old routes")


def test_a_bad_file_is_refused_once_and_no_worker_hears_of_it(config: Path) -> None:
    with served(config, "--workers", "2") as gateway:
        config.write_text(CONFIG.replace("[small]", "[smal]"))
        gateway.process.send_signal(signal.SIGHUP)
        within_10_s(lambda: "the configuration stays as it was" in gateway.log, "nothing was said")
        assert gateway.log.count('unknown target "smal"') == 1
        assert ask(gateway.url) == 200


def test_a_second_gateway_on_the_same_port_is_refused_although_workers_share_it(
    config: Path,
) -> None:
    with served(config, "--workers", "2") as gateway:
        port = gateway.url.rpartition(":")[2]
        done = _start(config, "--workers", "2", "--port", port)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_workers_that_cannot_start_end_the_whole_with_their_code(config: Path) -> None:
    config.write_text(CONFIG + "store: {path: nowhere/pilothouse.db}\n")
    done = _start(config, "--workers", "2")
    assert done.returncode == 2
    assert "does not exist; make it first" in done.stderr
    assert "Traceback" not in done.stderr


def test_limits_that_cannot_be_divided_are_said_at_the_start(config: Path) -> None:
    config.write_text(
        CONFIG + "limits: {teams: {search: {limits: {concurrency: 1, requests_per_minute: 10}}}}\n"
    )
    with served(config, "--workers", "2") as gateway:
        assert "limits.teams.search.concurrency: 1 cannot be divided by 2 workers" in gateway.log
        assert "requests_per_minute" not in gateway.log


def test_all_workers_together_let_no_more_through_than_the_limit(config: Path) -> None:
    config.write_text(CONFIG + "limits: {routes: {support: {limits: {requests_per_minute: 10}}}}\n")
    with served(config, "--workers", "2") as gateway:
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda q: ask(gateway.url, q), QUESTIONS))
        assert 5 <= statuses.count(200) <= 10
        assert statuses.count(200) + statuses.count(429) == len(QUESTIONS)


def test_a_stream_under_way_ends_whole_after_sigterm(config: Path) -> None:
    with slow_upstream() as upstream:
        config.write_text(SLOW.format(url=upstream.base_url))
        with served(config, "--workers", "2") as gateway:
            port = int(gateway.url.rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "?"}]}
            connection.request("POST", "/v1/chat/completions", json.dumps(body))
            answer = connection.getresponse()
            assert b"Fo" in answer.readline()
            gateway.process.terminate()
            within_10_s(lambda: _is_closed(port), "the port stays open")
            upstream.go_on.set()
            assert answer.read().rstrip().endswith(b"[DONE]")
            connection.close()
            assert gateway.process.wait(20) == 0


@pytest.mark.parametrize("workers", ["0", "257", "x"])
def test_a_number_of_workers_that_cannot_be_meant_is_refused(config: Path, workers: str) -> None:
    assert _start(config, "--workers", workers).returncode == 2


def _start(config: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pilothouse", "serve", str(config), *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, "TEST_ADMIN_KEY": ADMIN_KEY},
    )


def _is_closed(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def _workers_that_tell(text: str) -> int:
    return int(text.rpartition("pilothouse_workers ")[2])


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
