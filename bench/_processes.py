"""Processes under test, and what they have used; other gateways among them, where they are installed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

TICKS_S = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PEER_STARTS_WITHIN_S = 90


class Process:
    """A server that says where it listens. `headers` are what its callers must send besides."""

    headers: dict[str, str]
    fewer = 1
    """By how much fewer requests it is sent: slow ones would take all day."""

    def __init__(self, *args: str, cwd: Path | None = None) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *args], stdout=subprocess.PIPE, text=True, cwd=cwd
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.cold_start_s = time.perf_counter() - started
        self.url = "http://" + line.split("http://", 1)[1].split()[0] + "/v1"
        self.headers = {}

    def cpu_s(self) -> float:
        """Of it and all that it has started."""
        used = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
        return used / TICKS_S

    def rss_mb(self) -> float:
        """Resident memory of it and all that it has started."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self._pids()]
        return sum(pages) * PAGE / 1e6

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _pids(self) -> list[int]:
        found, waiting = [self.process.pid], [self.process.pid]
        while waiting:
            for task in Path(f"/proc/{waiting.pop()}/task").iterdir():
                children = [int(pid) for pid in (task / "children").read_text().split()]
                found += children
                waiting += children
        return found


class Peer(Process):
    """Another gateway: a command that listens on a port that we choose."""

    def __init__(
        self,
        command: list[str],
        port: int,
        *,
        headers: dict[str, str],
        fewer: int,
        cwd: Path,
        environ: dict[str, str] | None = None,
    ) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=cwd,
            env={**os.environ, **(environ or {})},
        )
        while not _listens(port):
            if (
                self.process.poll() is not None
                or time.perf_counter() - started > PEER_STARTS_WITHIN_S
            ):
                self.process.kill()
                raise OSError(f"{command[0]} does not listen")
            time.sleep(0.1)
        self.cold_start_s = time.perf_counter() - started
        self.url = f"http://127.0.0.1:{port}/v1"
        self.headers = headers
        self.fewer = fewer


def peers(installed: Path, folder: Path, upstream_url: str) -> dict[str, Process]:
    """Those that are in `installed` (`make bench-peers` puts them there) or on the PATH; the others are named."""
    installed = installed.resolve()  # each starts in a folder of its own
    found: dict[str, Process] = {}
    for name, start in (("LiteLLM", _litellm), ("Portkey", _portkey), ("TensorZero", _tensorzero)):
        try:
            place = folder / name
            place.mkdir()
            found[name] = start(installed, place, upstream_url)
        except OSError as error:
            print(f"*** {name} IS NOT MEASURED: {error} ***", file=sys.stderr)
    return found


def _litellm(installed: Path, folder: Path, upstream_url: str) -> Process:
    """One worker, no database: so without keys, budgets or records."""
    command = installed / "litellm" / "bin" / "litellm"
    if not command.exists():
        raise OSError(f"it is not in {installed}")
    port = _free_port()
    model = {"model": "openai/gpt-4o-mini", "api_base": upstream_url, "api_key": "x"}
    config = {"model_list": [{"model_name": "route", "litellm_params": model}]}
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    args = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    environ = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }
    return Peer([str(command), *args], port, headers={}, fewer=40, cwd=folder, environ=environ)


def _portkey(installed: Path, folder: Path, upstream_url: str) -> Process:
    """It takes its configuration from each request's headers, and records nothing."""
    script = installed / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not script.exists():
        raise OSError(f"it is not in {installed}")
    port = _free_port()
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": upstream_url}
    command = ["node", str(script), "--headless", f"--port={port}"]
    environ = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    return Peer(command, port, headers=headers, fewer=4, cwd=folder, environ=environ)


def _tensorzero(installed: Path, folder: Path, upstream_url: str) -> Process:
    """Observability off. Its gateway is a binary that no package registry has."""
    command = shutil.which("tensorzero-gateway")
    if command is None:
        raise OSError("there is no tensorzero-gateway on the PATH")
    port = _free_port()
    (folder / "tensorzero.toml").write_text(
        f'[gateway]\nbind_address = "127.0.0.1:{port}"\nobservability.enabled = false\n'
        '[models.route]\nrouting = ["mock"]\n'
        f'[models.route.providers.mock]\ntype = "openai"\nmodel_name = "gpt-4o-mini"\n'
        f'api_base = "{upstream_url}"\napi_key_location = "none"\n'
    )
    args = ["--config-file", "tensorzero.toml"]
    found = Peer([command, *args], port, headers={}, fewer=1, cwd=folder)
    found.url = f"http://127.0.0.1:{port}/openai/v1"
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
