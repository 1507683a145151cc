"""A gateway as processes, for tests that talk to it from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pilothouse import recordings

QUESTIONS = [q.prompt for q in recordings.questions("builtin:gsm8k")[:40]]
ADMIN_KEY = "an-admin-key-for-tests"
CONFIG = """\
providers:
  recorded: {kind: replay, recording: "builtin:gsm8k"}
targets:
  small: {provider: recorded, model: mistralai/Mixtral-8x7B-Instruct-v0.1, catalog_model: mixtral-8x7b}
routes:
  support: {targets: [small]}
server: {port: 0}
admin: {port: 0, key_env: TEST_ADMIN_KEY}
"""


class Gateway:
    """One that runs; `log` is what it has said on standard error so far."""

    def __init__(self, process: subprocess.Popen[str], told: Mapping[str, str], log: Path) -> None:
        self.process = process
        self.url = told["url"]
        self.admin_url = told.get("admin_url", "")
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def workers(self) -> list[int]:
        """Their process ids."""
        pid = self.process.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in listed.split()]

    def models(self) -> set[str]:
        return {row["id"] for row in fetch(f"{self.url}/v1/models")[1]["data"]}

    def admin(self, path: str, body: Any = None, *, method: str | None = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {ADMIN_KEY}"}
        return fetch(self.admin_url + path, body, method=method, headers=headers)


@contextmanager
def served(config: Path, *args: str) -> Iterator[Gateway]:
    log = config.parent / "stderr.txt"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "pilothouse", "serve", str(config), "--json", *args],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "TEST_ADMIN_KEY": ADMIN_KEY},
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        yield Gateway(process, json.loads(line), log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


def fetch(
    url: str,
    body: Any = None,
    *,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    """Status and JSON (or text)."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers or {}), method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, _read(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, _read(error.read())


def ask(url: str, question: str = QUESTIONS[0], **headers: str) -> int:
    body = {"model": "support", "messages": [{"role": "user", "content": question}]}
    return fetch(f"{url}/v1/chat/completions", body, headers=headers)[0]


def within_10_s(is_so: Callable[[], bool], what: str) -> None:
    """Ask again and again; processes take their time."""
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s, what


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()
