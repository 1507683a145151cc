"""`pilothouse serve` as a process: it starts, refuses, drains and follows a rollout."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pilothouse import recordings
from pilothouse.cli.main import cli
from pilothouse.core.ports import CallFilter
from pilothouse.stores.sqlite import SqliteStore

pytestmark = pytest.mark.slow
QUESTIONS = [q.prompt for q in recordings.questions("builtin:gsm8k")[:40]]
CONFIG = """\
providers:
  recorded: {kind: replay, recording: "builtin:gsm8k"}
targets:
  big: {provider: recorded, model: gpt-4-1106-preview}
  small: {provider: recorded, model: mistralai/Mixtral-8x7B-Instruct-v0.1, catalog_model: mixtral-8x7b}
routes:
  support: {targets: [small]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pilothouse.yaml"
    path.write_text(CONFIG)
    return path


@contextmanager
def served(config: Path, *args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "pilothouse", "serve", str(config), "--port", "0", "--json", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ask(url: str, question: str, user: str | None = None) -> dict[str, Any]:
    body = {"model": "support", "messages": [{"role": "user", "content": question}], "user": user}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions", json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stop_signal_loses_no_acknowledged_call(
    config: Path, number: signal.Signals, code: int
) -> None:
    with served(config) as (process, url):
        for question in QUESTIONS[:20]:
            ask(url, question)
        process.send_signal(number)
        assert process.wait(30) == code
    store = SqliteStore(config.parent / "pilothouse.db")
    assert len(store.calls(CallFilter(source="serve", status="ok"))) == 20
    store.close()


def test_shadow_copies_are_ended_and_kept_at_a_stop_and_known_after_a_restart(config: Path) -> None:
    routes = "  support: {targets: [small]}"
    shadow = (
        "  support: {targets: [small], shadow: {targets: big, share: 1, budget_usd_per_day: 100}}"
    )
    config.write_text(CONFIG.replace(routes, shadow))
    for starts in (1, 2):
        with served(config) as (process, url):
            for question in QUESTIONS[:10]:
                ask(url, question)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        store = SqliteStore(config.parent / "pilothouse.db")
        copies = store.calls(CallFilter(source="shadow", target="big", status="ok"))
        live = store.calls(CallFilter(source="serve"))
        store.close()
        assert len(copies) == len(live) == 10 * starts
        assert {c.request_id for c in copies} == {c.request_id for c in live}


def test_a_port_in_use_is_named_with_what_to_do(config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "pilothouse", "serve", str(config), "--port", port],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_key_variable_is_named_before_anything_starts(config: Path) -> None:
    config.write_text(
        CONFIG.replace(
            "targets:\n",
            '  live: {kind: openai_compatible, base_url: "http://x/v1", key_env: NO_KEY}\ntargets:\n',
            1,
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "pilothouse", "serve", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert ":3: providers.live.key_env: the environment variable NO_KEY is not set" in done.stderr


def test_a_running_gateway_follows_a_rollout_that_is_started_and_aborted(config: Path) -> None:
    store = str(config.parent / "pilothouse.db")
    plan = config.parent / "rollout.yaml"
    plan.write_text(
        "name: r\nconfig: pilothouse.yaml\nroute: support\nfrom: small\nto: big\n"
        "stages: [{share: 0.5, at_least: 1d}]\nguards: [{metric: error, ceiling: 0.01}]\n"
    )

    def migrate(*args: str) -> None:
        result = CliRunner().invoke(
            cli, ["migrate", *args, "--store", store], standalone_mode=False
        )
        assert result.return_value == 0, result.exception

    def models(url: str) -> set[str]:
        return {ask(url, q, f"user-{i}")["model"] for i, q in enumerate(QUESTIONS)}

    with served(config) as (_, url):
        assert len(models(url)) == 1
        migrate("start", str(plan))
        within_10_s(lambda: len(models(url)) == 2)
        assert ask(url, QUESTIONS[0], "ada")["model"] == ask(url, QUESTIONS[0], "ada")["model"]
        migrate("abort", "r", "--why", "a test")
        within_10_s(lambda: models(url) == {"mistralai/Mixtral-8x7B-Instruct-v0.1"})


def within_10_s(is_so: Callable[[], bool]) -> None:
    """Ask again and again; the ticker looks once a second."""
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s, "the gateway did not follow"


def test_the_process_may_hold_as_many_connections_as_the_system_lets_it(config: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        with served(config) as (process, _):
            soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert soft == min(hard, 65_536)
