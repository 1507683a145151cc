"""What the gateway costs with everything on: CPU per request, throughput, added latency, first token, memory.

    python bench/gateway.py [--smoke] [--json]

To the same mock upstream, in the same run, each a process of its own, driven from another one: straight to
it, through a bare pass-through (our server and client, no routing, no JSON, no record), and through `pilothouse
serve` with everything on: a virtual key with limits and two budgets (held and settled), a fallback route,
target health, usage and price, a `Call` recorded in SQLite; with 10 keys, with `--keys` (100,000), and with two workers.
Shapes: whole; stream (50 chunks as one write); drip (50 chunks, a write each); cross (Anthropic's format in,
OpenAI's out), whole and streamed. The mock's and the load's own CPU is left out; TLS and the network are not in it.
With `--peers FOLDER` (`make bench-peers`) other gateways in the same run, which have no keys, budgets or records to keep.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from _gateway_world import PassThrough, load, serve, upstream
from _processes import Peer, Process, peers
from pilothouse.core.keys import VirtualKey, secret_hash
from pilothouse.core.limits import Budget, Limits
from pilothouse.stores.sqlite import SqliteStore

SECRET = "ph-" + "x" * 43
SHAPES = {"whole": 1, "stream": 4, "drip": 10, "cross": 2, "cross-stream": 8}
"""And by how much fewer requests than of the first are sent."""
GOALS_MS = {"whole": 0.10, "stream": 0.25, "cross": 0.20, "cross-stream": 0.60}
OURS = ("pilothouse", "more keys", "2 workers")
CONFIG = """\
providers:
  mock: {{kind: openai_compatible, base_url: "{url}", dialect: openai_chat}}
targets:
  first: {{provider: mock, model: gpt-4o-mini}}
  second: {{provider: mock, model: gpt-4o}}
routes:
  route: {{targets: [first, second]}}
store: {{path: bench.db}}
server: {{port: 0}}
"""


def drive(server: Process, connections: int, requests: int, shape: str) -> dict[str, Any]:
    """One round against one server, from a process of its own."""
    before_s = server.cpu_s()
    done = subprocess.run(
        [
            *(sys.executable, __file__, "--load", server.url, str(connections), str(requests)),
            *(shape, json.dumps({"authorization": f"Bearer {SECRET}", **server.headers})),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    time.sleep(0.4)  # the recorder's last batch is part of the bill
    result["cpu_ms"] = (server.cpu_s() - before_s) * 1e3 / requests
    result["rss_mb"] = server.rss_mb()
    return result


def measured(server: Process, requests: int, shape: str) -> dict[str, Any] | None:
    """With 16 callers side by side, and with one; None when another gateway cannot answer."""
    try:
        busy = drive(server, 16, max(requests, 50), shape)
        return {"busy": busy, "alone": drive(server, 1, max(requests // 4, 20), shape)}
    except subprocess.CalledProcessError:
        if isinstance(server, Peer):
            return None
        raise


def gateway(folder: Path, upstream_url: str, keys: int, *args: str) -> Process:
    """`pilothouse serve` over a database with so many virtual keys, one of them ours."""
    folder.mkdir()
    (folder / "pilothouse.yaml").write_text(CONFIG.format(url=upstream_url))
    store = SqliteStore(folder / "bench.db")
    # A hundred thousand keys, each safe on the disk before the next, would take longer than the bench.
    store._durable.execute("PRAGMA synchronous = OFF")  # pyright: ignore[reportPrivateUsage]
    limits = Limits(requests_per_minute=10**9, tokens_per_minute=10**12, concurrency=10**6)
    budgets = tuple(Budget(usd=10**6, per=per) for per in ("day", "month"))  # pyright: ignore[reportArgumentType]
    for i in range(keys):
        key = VirtualKey(
            id=f"key{i}",
            name=f"key {i}",
            secret_hash=secret_hash(SECRET if i == 0 else f"other {i}"),
            last4="xxxx",
            created_us=i,
            limits=limits,
            budgets=budgets,
        )
        store.keys.save_key(key)
    store.close()
    return Process("-m", "pilothouse", "serve", "pilothouse.yaml", *args, cwd=folder)


def measure(
    rounds: int, requests: int, keys: int, streams: int, installed: Path | None
) -> dict[str, Any]:
    """Medians over interleaved rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers: dict[str, Process] = {}
        try:
            servers["direct"] = Process(__file__, "--serve", "upstream")
            url = servers["direct"].url
            servers["pass-through"] = Process(__file__, "--serve", url)
            servers["pilothouse"] = gateway(folder / "few", url, 10)
            servers["more keys"] = gateway(folder / "many", url, keys)
            servers["2 workers"] = gateway(folder / "two", url, 10, "--workers", "2")
            if installed is not None:
                servers |= peers(installed, folder, url)
            runs: dict[str, list[dict[str, Any]]] = {}
            for number in range(rounds + 1):
                for server_name, server in servers.items():
                    for shape, fewer in SHAPES.items():
                        if "cross" in shape and server_name not in OURS:
                            continue
                        both = measured(server, requests // fewer // server.fewer, shape)
                        if both is None:
                            print(f"*** {server_name} does not do {shape} ***", file=sys.stderr)
                        elif number:  # the first round warms up
                            runs.setdefault(f"{server_name} {shape}", []).append(both)
            found = {key: summary(several) for key, several in runs.items()}
            found["held"] = {
                name: drive(servers[name], streams, 2 * streams, "held")
                for name in ("direct", "pilothouse")
            } | {"streams": streams}
            found["cold_start_s"] = {n: round(s.cold_start_s, 3) for n, s in servers.items()}
            return found
        finally:
            for server in reversed(servers.values()):
                server.stop()


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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few seconds, for CI")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peers", type=Path, help="a folder where other gateways are installed")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        handler = upstream if given.serve == "upstream" else PassThrough(given.serve).handle
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(handler))
        return 0
    if given.load:
        url, connections, requests, shape, headers = given.load
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(
                load(url, int(connections), int(requests), shape, json.loads(headers))
            )
        print(json.dumps(result))
        return 0
    size = (1, 400, 200, 50) if given.smoke else (3, 8000, given.keys, 500)
    result = measure(*size, given.peers)
    print(json.dumps(result, indent=2) if given.json else text(result))
    return 0


def text(result: dict[str, Any]) -> str:
    """A table, and the ratios that matter."""
    lines = [
        f"{'':28}{'CPU ms/req':>12}{'min-max':>18}{'rps (16)':>10}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'TTFT p50':>10}{'RSS MB':>8}"
    ]
    rows = {key: row for key, row in result.items() if key not in ("cold_start_s", "held")}
    for key, row in rows.items():
        ttft = f"{row['ttft_p50_ms_alone']:.3f}" if row["ttft_p50_ms_alone"] else "-"
        low, high = row["cpu_ms_min_max"]
        lines.append(
            f"{key:28}{row['cpu_ms_per_request']:12.4f}{f'{low:.3f}-{high:.3f}':>18}"
            f"{row['rps_16_connections']:10.0f}{row['p50_ms_alone']:9.3f}{row['p99_ms_alone']:9.3f}"
            f"{ttft:>10}{row['rss_mb']:8.1f}"
        )
    for shape in SHAPES:
        ours = rows[f"pilothouse {shape}"]
        said = [f"{shape}: {ours['cpu_ms_per_request']:.3f} CPU-ms"]
        if shape in GOALS_MS:
            said.append(f"goal {GOALS_MS[shape]:.2f}")
        bare, direct = rows.get(f"pass-through {shape}"), rows.get(f"direct {shape}")
        if bare and direct:
            ratio = ours["cpu_ms_per_request"] / max(bare["cpu_ms_per_request"], 0.001)
            p50 = ours["p50_ms_alone"] - direct["p50_ms_alone"]
            p99 = ours["p99_ms_alone"] - direct["p99_ms_alone"]
            said.append(
                f"{ratio:.2f} x the bare pass-through; adds p50 {p50:.3f} ms, p99 {p99:.3f} ms"
            )
        lines.append(", ".join(said))
    held = result["held"]
    added_ms = held["pilothouse"]["ttft_p99_ms"] - held["direct"]["ttft_p99_ms"]
    lines.append(
        f"slow streams side by side: {held['streams']}; adds {added_ms:.2f} ms to the p99 TTFT"
    )
    for name in [key.removesuffix(" whole") for key in rows if key.endswith(" whole")]:
        if name in OURS or name in ("direct", "pass-through"):
            continue
        for shape in ("whole", "stream"):
            if row := rows.get(f"{name} {shape}"):
                times = (
                    row["cpu_ms_per_request"] / rows[f"pilothouse {shape}"]["cpu_ms_per_request"]
                )
                lines.append(f"{name}, {shape}: {times:.1f} x our CPU")
    lines.append(f"cold start, s: {result['cold_start_s']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
