"""Secrets planted in every place there is for one, and then looked for everywhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

SECRETS = {
    "the vendor's key": "sk-planted-vendor-0123456789",
    "the vendor's second key": "sk-planted-second-0123456789",
    "the gateway's key": "planted-gateway-key-0123456789",
    "the admin key": "planted-admin-key-0123456789",
    "the webhooks' secret": "planted-hook-secret-0123456789",
    "a database's password": "planted-password-0123456789",
    "a caller's wrong key": "planted-wrong-key-0123456789",
}
MODELS = ["good", "echo", "headers", "broken", "in-band", "late", "encoded", "kind", "coding"]
CONFIG = """\
providers:
  vendor: {{kind: openai_compatible, base_url: "{url}/v1", dialect: openai_chat, key_env: [VENDOR_KEY], key_file: [second.key]}}
targets:
  good: {{provider: vendor, model: good}}
  echo: {{provider: vendor, model: echo}}
  headers: {{provider: vendor, model: headers}}
  broken: {{provider: vendor, model: broken}}
  in-band: {{provider: vendor, model: in-band}}
  late: {{provider: vendor, model: late}}
  encoded: {{provider: vendor, model: encoded}}
  kind: {{provider: vendor, model: kind}}
  coding: {{provider: vendor, model: coding}}
routes:
  both: {{targets: [echo, good], retries: {{attempts_per_target: 1}}}}
limits: {{unpriced: allow}}
queue: {{webhook_secret_env: HOOK_SECRET}}
server: {{port: 0, key_env: GATEWAY_KEY}}
admin: {{port: 0, key_env: ADMIN_KEY}}
"""


class Vendor(BaseHTTPRequestHandler):
    """Says back what it was told in confidence."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = self.headers.get("authorization", "")
        match body["model"]:
            case "echo":
                self._say(500, {"error": {"message": f"who is {key}?"}})
            case "headers":
                answer = {
                    "choices": [{"index": 0, "message": {"content": "4"}, "finish_reason": "stop"}]
                }
                self._say(200, answer, {"x-debug": key, "set-cookie": key})
            case "late":  # where the message is cut, and where an earlier cut would have been
                said = ("x" * 485 + key).ljust(495 + len(key), "x") + key
                self._say(500, {"error": {"message": said}})
            case "encoded":
                self._say(500, {"error": {"message": b64encode(key.encode()).decode()}})
            case "kind":
                self._say(200, {}, {"content-type": "x" * 40 + key})
            case "coding":
                self._say(200, {}, {"content-encoding": key.removeprefix("Bearer ")})
            case "broken":
                self._say(200, f"<html>{key}</html>")
            case "in-band":
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                first = {"choices": [{"index": 0, "delta": {"content": "4"}}]}
                error = {"error": {"message": f"who is {key}?", "type": "server_error"}}
                for one in (first, error):
                    self.wfile.write(b"data: %b\n\n" % json.dumps(one).encode())
                self.close_connection = True
            case _:
                answer = {
                    "choices": [{"index": 0, "message": {"content": "4"}, "finish_reason": "stop"}]
                }
                self._say(200, answer)

    def _say(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None: ...


class Told:
    """Everything that anybody could read."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}

    def add(self, where: str, what: bytes | str) -> None:
        data = what.encode() if isinstance(what, str) else what
        self.parts[where] = self.parts.get(where, b"") + data

    def ask(
        self, where: str, url: str, body: Any = None, *, key: str, method: str | None = None
    ) -> int:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"authorization": f"Bearer {key}"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                self.add(where, str(answer.headers))
                try:
                    self.add(where, answer.read())
                except IncompleteRead as cut:  # a stream that failed is broken off, not ended
                    self.add(where, cut.partial)
                return answer.status
        except urllib.error.HTTPError as error:
            self.add(where, str(error.headers).encode() + error.read())
            return error.code

    def run(self, *args: str, environ: dict[str, str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pilothouse", *args],
            capture_output=True,
            text=True,
            env=environ,
            check=False,
        )
        self.add(f"pilothouse {args[0]}", done.stdout + done.stderr)
        return done.stdout


@contextmanager
def vendor() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def gateway(config: Path, environ: dict[str, str], told: Told) -> Generator[tuple[str, str, int]]:
    log = config.parent / "stderr.txt"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "pilothouse", "serve", str(config), "--json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environ,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        where = json.loads(line)
        told.add("standard output", line)
        yield where["url"], where["admin_url"], process.pid
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=30)
        told.add("standard output", rest)
        told.add("the log", log.read_text())


def test_no_secret_is_told_anywhere(tmp_path: Path) -> None:
    told, secrets = Told(), dict(SECRETS)
    environ = {
        **os.environ,
        "VENDOR_KEY": SECRETS["the vendor's key"],
        "GATEWAY_KEY": SECRETS["the gateway's key"],
        "ADMIN_KEY": SECRETS["the admin key"],
        "HOOK_SECRET": SECRETS["the webhooks' secret"],
    }
    (tmp_path / "second.key").write_text(SECRETS["the vendor's second key"])
    config, database = tmp_path / "pilothouse.yaml", str(tmp_path / "pilothouse.db")
    with vendor() as url:
        config.write_text(CONFIG.format(url=url))
        made = subprocess.run(
            [sys.executable, "-m", "pilothouse", "keys", "create", "ci", "--store", database],
            capture_output=True,
            text=True,
            env=environ,
            check=True,
        )
        secrets["a virtual key"] = made.stdout.split()[0]
        told.add("pilothouse keys create", made.stderr)
        with gateway(config, environ, told) as (at, admin, pid):
            for key in (secrets["the gateway's key"], secrets["a virtual key"]):
                for model in (*MODELS, "both", "nobody"):
                    for stream in (False, True):
                        body = {
                            "model": model,
                            "stream": stream,
                            "messages": [{"role": "user", "content": "2 + 2?"}],
                        }
                        told.ask("an answer", f"{at}/v1/chat/completions", body, key=key)
            wrong = secrets["a caller's wrong key"]
            assert told.ask("a refusal", f"{at}/v1/models", key=wrong) == 401
            assert told.ask("a refusal", f"{at}/v1/models?key={wrong}", key="") == 401
            for path in ("keys", "routes", "targets", "calls", "config"):
                status = told.ask(
                    "the admin API", f"{admin}/admin/{path}", key=secrets["the admin key"]
                )
                assert status == 200
            told.ask("the admin API", f"{admin}/admin/keys", key=wrong)
            told.ask("/metrics", f"{admin}/metrics", key=secrets["the admin key"])
            # A usual mistake: the key itself where the name of its variable belongs.
            pasted = CONFIG.format(url=url).replace("VENDOR_KEY", secrets["the vendor's key"])
            config.write_text(pasted.replace("GATEWAY_KEY", secrets["the gateway's key"]))
            os.kill(pid, signal.SIGHUP)
            told.ask(
                "a reload", f"{admin}/admin/reload", {}, key=secrets["the admin key"], method="POST"
            )
            config.write_text(CONFIG.format(url=url))
            told.ask(
                "a reload", f"{admin}/admin/reload", {}, key=secrets["the admin key"], method="POST"
            )
    password = secrets["a database's password"]
    for args in (
        ("calls", "--json", "--store", database),
        ("keys", "list", "--json", "--store", database),
        ("providers", "list", "--json"),
        ("routes", "list", str(config), "--json"),
        ("check", str(config)),
        ("calls", "--store", f"postgresql://u:{password}@127.0.0.1:1/db"),
    ):
        told.run(*args, environ=environ)
    for file in tmp_path.iterdir():
        if file.name.startswith("pilothouse.db"):
            told.add(file.name, file.read_bytes())
    assert len(told.parts["pilothouse calls"].splitlines()) > 10, "there were calls to look into"
    assert b"who is" in told.parts["an answer"], "the vendor's words do come through"
    found = [
        f"{name} in {where}"
        for name, secret in secrets.items()
        for where, data in told.parts.items()
        for form in (
            secret.encode(),
            b64encode(secret.encode()),
            b64encode(f"Bearer {secret}".encode()),
            *([secret[:14].encode()] if "vendor" in name else []),  # a part is a leak, too
        )
        if form in data
    ]
    assert not found


@pytest.mark.parametrize("name", ["VENDOR_KEY", "GATEWAY_KEY"])
def test_a_missing_secret_is_named_by_its_variable(tmp_path: Path, name: str) -> None:
    environ = {
        **os.environ,
        "VENDOR_KEY": "a",
        "GATEWAY_KEY": "b",
        "ADMIN_KEY": "c",
        "HOOK_SECRET": "d",
    }
    del environ[name]
    (tmp_path / "second.key").write_text("e")
    (tmp_path / "pilothouse.yaml").write_text(CONFIG.format(url="http://127.0.0.1:9"))
    told = Told()
    told.run("serve", str(tmp_path / "pilothouse.yaml"), environ=environ)
    assert name.encode() in told.parts["pilothouse serve"]
    assert b"Traceback" not in told.parts["pilothouse serve"]
