"""What the gateway costs: CPU per request, throughput, added latency, time to first token, memory.

    python bench/gateway.py [--smoke] [--json]

Three ways to the same mock upstream, in the same run, each a process of its own, driven from another one:
straight to it, through a bare pass-through (our server and client, no routing, no JSON, no record), and through
`pilothouse serve` (routing, fallback route, usage and price, a `Call` recorded in SQLite). The mock's and the
load generator's own CPU is left out. Reference figures of others are in docs/decisions/0002.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool

TICKS_S = os.sysconf("SC_CLK_TCK")
QUESTION = {"model": "route", "messages": [{"role": "user", "content": "What is 2 + 2? " * 8}]}
USAGE = {"prompt_tokens": 40, "completion_tokens": 50, "total_tokens": 90}
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "It is four. " * 16},
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
    }
).encode()
HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
CHUNKS = 50
SSE = b"content-type: text/event-stream\r\n"


def event(delta: dict[str, str], finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({**HEAD, "choices": choices, **more}).encode() + b"\n\n"


EVENTS = [
    event({"role": "assistant", "content": ""}),
    *[event({"content": "four "}) for _ in range(CHUNKS)],
    event({}, "stop"),
    b"data: " + json.dumps({**HEAD, "choices": [], "usage": USAGE}).encode() + b"\n\n",
    b"data: [DONE]\n\n",
]


async def upstream(http: HttpRequest, out: Exchange) -> None:
    """Answers at once; streams one event a write."""
    if b'"stream":true' not in http.body and b'"stream": true' not in http.body:
        out.send(200, ANSWER)
        return
    out.start_stream(SSE)
    for data in EVENTS:
        out.write(data)
        await asyncio.sleep(0)
    out.end_stream()


class PassThrough:
    """The least a proxy on our own server and client can do."""

    def __init__(self, base_url: str) -> None:
        self.pool = Pool(base_url, Timeouts())
        self.head = self.pool.head(
            "POST", "/chat/completions", {"content-type": "application/json"}
        )

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        if b'"stream": true' not in http.body:
            response = await self.pool.send(self.head, http.body)
            out.send(response.status, response.body)
            return
        out.start_stream(SSE)
        incoming = await self.pool.open(self.head, http.body)
        while data := await incoming.read():
            out.write(data)
        out.end_stream()


async def serve(handler: Any) -> None:
    """Listen on a free port, say which, run until SIGTERM."""
    server = HttpServer(handler, lambda status, message, http: b"", Limits())
    print(f"listening on http://127.0.0.1:{await server.start('127.0.0.1', 0)}", flush=True)
    told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set_result, None)
    await told
    await server.stop(1)


async def load(url: str, connections: int, requests: int, is_stream: bool) -> dict[str, Any]:
    """A closed loop: `connections` clients share `requests`."""
    pool = Pool(url, Timeouts())
    head = pool.head("POST", "/chat/completions", {"content-type": "application/json"})
    body = json.dumps({**QUESTION, "stream": True} if is_stream else QUESTION).encode()
    taken_ms: list[float] = []
    first_ms: list[float] = []
    left = requests

    async def client() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            started = time.perf_counter()
            if is_stream:
                await one_stream(pool, head, body, started, first_ms)
            else:
                response = await pool.send(head, body)
                assert response.status == 200, response.body
            taken_ms.append((time.perf_counter() - started) * 1e3)

    started = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(connections)])
    elapsed_s = time.perf_counter() - started
    pool.close()
    return {
        "rps": requests / elapsed_s,
        "p50_ms": quantile(taken_ms, 0.5),
        "p99_ms": quantile(taken_ms, 0.99),
        "ttft_p50_ms": quantile(first_ms, 0.5) if first_ms else None,
        "ttft_p99_ms": quantile(first_ms, 0.99) if first_ms else None,
    }


async def one_stream(
    pool: Pool, head: bytes, body: bytes, started: float, first_ms: list[float]
) -> None:
    seen = b""
    incoming = await pool.open(head, body)
    assert incoming.status == 200
    while data := await incoming.read():
        if b"four" not in seen[:2000] and b"four" in data:
            first_ms.append((time.perf_counter() - started) * 1e3)
        seen += data
    assert seen.endswith(b"data: [DONE]\n\n"), seen[-200:]


def quantile(values: list[float], p: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(p * len(ordered)))]


class Process:
    """A server under test, and what it has used."""

    def __init__(self, *args: str, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *args], stdout=subprocess.PIPE, text=True, cwd=cwd
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = "http://" + line.split("http://", 1)[1].split()[0] + "/v1"

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_S

    def rss_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def drive(server: Process, connections: int, requests: int, is_stream: bool) -> dict[str, Any]:
    """One round against one server, from a process of its own."""
    before_s = server.cpu_s()
    args = [str(connections), str(requests), "stream" if is_stream else "whole"]
    done = subprocess.run(
        [sys.executable, __file__, "--load", server.url, *args],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    time.sleep(0.4)  # the recorder's last batch is part of the bill
    result["cpu_ms"] = (server.cpu_s() - before_s) * 1e3 / requests
    result["rss_mb"] = server.rss_mb()
    return result


CONFIG = """\
providers:
  mock: {{kind: openai_compatible, base_url: "{url}"}}
targets:
  first: {{provider: mock, model: gpt-4o-mini}}
  second: {{provider: mock, model: gpt-4o}}
routes:
  route: {{targets: [first, second]}}
store: {{path: bench.db}}
server: {{port: 0}}
"""


def measure(rounds: int, requests: int) -> dict[str, Any]:
    """Medians over interleaved rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers: dict[str, Process] = {}
        try:
            servers["direct"] = Process(__file__, "--serve", "upstream")
            servers["pass-through"] = Process(__file__, "--serve", servers["direct"].url)
            (folder / "pilothouse.yaml").write_text(CONFIG.format(url=servers["direct"].url))
            servers["pilothouse"] = Process(
                "-m", "pilothouse", "serve", "pilothouse.yaml", cwd=folder
            )
            shapes = {"whole": (16, requests, False), "stream": (16, requests // 8, True)}
            single = {"whole": (1, requests // 4, False), "stream": (1, requests // 20, True)}
            runs: dict[str, list[dict[str, Any]]] = {}
            for number in range(rounds + 1):
                for server_name, server in servers.items():
                    for shape in shapes:
                        busy = drive(server, *shapes[shape])
                        alone = drive(server, *single[shape])
                        if number:  # the first round warms up
                            runs.setdefault(f"{server_name} {shape}", []).append(
                                {"busy": busy, "alone": alone}
                            )
        finally:
            for server in reversed(servers.values()):
                server.stop()
    return {key: summary(found) for key, found in runs.items()}


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    def median(part: str, field: str) -> float | None:
        values = [run[part][field] for run in found if run[part][field] is not None]
        return round(statistics.median(values), 4) if values else None

    spread = [run["busy"]["cpu_ms"] for run in found]
    return {
        "cpu_ms_per_request": median("busy", "cpu_ms"),
        "cpu_ms_min_max": [round(min(spread), 4), round(max(spread), 4)],
        "rps_16_connections": median("busy", "rps"),
        "p50_ms_alone": median("alone", "p50_ms"),
        "p99_ms_alone": median("alone", "p99_ms"),
        "ttft_p50_ms_alone": median("alone", "ttft_p50_ms"),
        "ttft_p99_ms_alone": median("alone", "ttft_p99_ms"),
        "rss_mb": median("busy", "rss_mb"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, for CI")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        handler = upstream if given.serve == "upstream" else None
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_named(given.serve, handler))
        return 0
    if given.load:
        url, connections, requests, shape = given.load
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(load(url, int(connections), int(requests), shape == "stream"))
        print(json.dumps(result))
        return 0
    result = measure(1, 800) if given.smoke else measure(3, 8000)
    print(json.dumps(result, indent=2) if given.json else text(result))
    return 0


async def serve_named(name: str, handler: Any) -> None:
    await serve(handler or PassThrough(name).handle)


def text(result: dict[str, Any]) -> str:
    """A table, and the ratios that matter."""
    lines = [
        f"{'':22}{'CPU ms/req':>12}{'rps (16)':>10}{'p50 ms':>9}{'p99 ms':>9}{'TTFT p50':>10}{'RSS MB':>8}"
    ]
    for key, row in result.items():
        ttft = f"{row['ttft_p50_ms_alone']:.3f}" if row["ttft_p50_ms_alone"] else "-"
        lines.append(
            f"{key:22}{row['cpu_ms_per_request']:12.4f}{row['rps_16_connections']:10.0f}"
            f"{row['p50_ms_alone']:9.3f}{row['p99_ms_alone']:9.3f}{ttft:>10}{row['rss_mb']:8.1f}"
        )
    for shape in ("whole", "stream"):
        ours, bare = result[f"pilothouse {shape}"], result[f"pass-through {shape}"]
        direct = result[f"direct {shape}"]
        lines.append(
            f"{shape}: {ours['cpu_ms_per_request'] / bare['cpu_ms_per_request']:.2f} x the bare "
            f"pass-through's CPU; adds p50 {ours['p50_ms_alone'] - direct['p50_ms_alone']:.3f} ms, "
            f"p99 {ours['p99_ms_alone'] - direct['p99_ms_alone']:.3f} ms to going straight"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
