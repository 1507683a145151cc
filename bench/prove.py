"""`pilothouse prove` as a whole command, beside a bare loop of requests in the same run.

    python bench/prove.py [--smoke] [--json] [--peers FOLDER]

2,000 cases, 100 at a time, a vendor that takes 50 ms: 1.0 s cannot be beaten. Measured from start to exit, with
scoring, records and report; the run itself is first question to last answer as the vendor sees them. The loop asks
with our own client and keeps nothing. Then 100,000 cases for memory. `--peers`: Inspect AI, lm-evaluation-harness and
promptfoo beside it, those that FOLDER has (`make bench-prove-peers` installs them), each once to warm up and then twice;
one that asks fewer questions than there are cases has not run. CPU is of a command with all children that it waited for.
Left out: what models cost and how long they take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from _prove_peers import Peer, peers
from pilothouse.cli.output import table
from pilothouse.server.http import Exchange, HttpRequest, HttpServer, Limits
from pilothouse.wire.deadlines import Timeouts
from pilothouse.wire.pool import Pool

GOALS = {"wall s": 2.0, "CPU s": 1.0, "run s": 1.4}
MEMORY_GOAL_MB = 150
PATIENCE_S = 300.0
OURS = "pilothouse prove"
ANSWER = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The answer is 4"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45},
    }
).encode()
POC = """\
name: speed
cases: cases.jsonl
providers: {{mock: {{kind: openai_compatible, base_url: "{url}/v1"}}}}
candidates: [{{name: one, provider: mock, model: gpt-4o-mini, catalog_model: gpt-4o-mini}}]
scorer: {{number: {{}}}}
criteria: {{accuracy: ">= 0.8"}}
concurrency: 100
"""
PILOTHOUSE = (sys.executable, "-c", "from pilothouse.cli.main import main; main()")


class Used(NamedTuple):
    wall_s: float
    cpu_s: float
    peak_mb: float
    run_s: float
    asked: int


class CouldNotRun(Exception):
    """A command that ended in another way than it should; says the last line of its output."""


class Vendor:
    """Answers after a while; `/stats` says how many, and how long from the first question to the last answer."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._first_s: float | None = None
        self._last_s = 0.0
        self._asked = 0

    async def handle(self, http: HttpRequest, out: Exchange) -> None:
        if http.path.endswith("/stats"):
            span = self._last_s - (self._first_s or self._last_s)
            out.send(200, json.dumps({"run_s": span, "asked": self._asked}).encode())
            self._first_s, self._asked = None, 0
            return
        self._asked += 1
        if self._first_s is None:
            self._first_s = time.perf_counter()
        await asyncio.sleep(self._delay_s)
        out.send(200, ANSWER)
        self._last_s = time.perf_counter()


async def serve(delay_s: float) -> None:
    server = HttpServer(Vendor(delay_s).handle, lambda status, message, http: b"", Limits())
    print(f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}", flush=True)
    await asyncio.Event().wait()


async def bare(url: str, count: int) -> None:
    """The floor: the same requests, nothing read, nothing kept."""
    pool = Pool(url, Timeouts())
    head = pool.head("POST", "/v1/chat/completions", {"content-type": "application/json"})
    left = iter(range(count))

    async def ask() -> None:
        for number in left:
            body = {
                "model": "m",
                "messages": [{"role": "user", "content": f"{number} + {number}?"}],
            }
            await pool.send(head, json.dumps(body).encode())

    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(ask())
    pool.close()


def vendor(delay_s: float) -> tuple[subprocess.Popen[str], str]:
    running = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(delay_s)], stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    return running, running.stdout.readline().strip()


def measured(command: list[str], folder: Path, url: str, environ: dict[str, str]) -> Used:
    """One command from start to exit, as an installed program runs: its files compiled. Raises `CouldNotRun`."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, env=inherited | environ
        )
        watchdog = threading.Timer(PATIENCE_S, process.kill)
        watchdog.start()
        _, status, used = os.wait4(process.pid, 0)
        watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - started
    with urllib.request.urlopen(f"{url}/stats") as told:
        stats = json.load(told)
    if process.returncode != 0:
        lines = (folder / "said.txt").read_text().split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        raise CouldNotRun(f"{last[-200:]} (exit {process.returncode})")
    return Used(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, **stats)


def cases(folder: Path, count: int) -> None:
    with (folder / "cases.jsonl").open("w") as file:
        for n in range(count):
            prompt = f"What is {n} + {n}? " * 4
            file.write(json.dumps({"id": str(n), "prompt": prompt, "expected": "4"}) + "\n")


def prove(folder: Path, number: int) -> list[str]:
    return [*PILOTHOUSE, "prove", "poc.yaml", "--store", f"{number}.db", "--out", f"out{number}"]


def speed(count: int, runs: int) -> dict[str, list[Used]]:
    """Alternating."""
    server, url = vendor(0.05)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pyc = {"PYTHONPYCACHEPREFIX": str(folder / "pyc")}
        cases(folder, count)
        (folder / "poc.yaml").write_text(POC.format(url=url))
        loop = [sys.executable, __file__, "--bare", url, str(count)]
        measured(prove(folder, -1), folder, url, pyc)  # compiles what is imported
        measured(loop, folder, url, pyc)
        found: dict[str, list[Used]] = {}
        for number in range(runs):
            found.setdefault("bare loop", []).append(measured(loop, folder, url, pyc))
            ours = measured(prove(folder, number), folder, url, pyc)
            found.setdefault(OURS, []).append(ours)
        again = [measured(prove(folder, 0), folder, url, pyc) for _ in range(runs)]
        found["the same again (nothing asked)"] = again
    server.kill()
    server.wait()
    return found


def beside(count: int, installed: Path) -> tuple[dict[str, list[Used]], dict[str, str]]:
    """The peers' runs; and of those that could not, why."""
    server, url = vendor(0.05)
    found: dict[str, list[Used]] = {}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases(folder, count)
        for peer in peers(folder, installed, url):
            try:
                found[peer.name] = [whole(peer, folder, url, count) for _ in range(3)][1:]
            except CouldNotRun as error:
                failed[peer.name] = str(error)
    server.kill()
    server.wait()
    return found, failed


def whole(peer: Peer, folder: Path, url: str, count: int) -> Used:
    """A run that asked every case. Raises `CouldNotRun`."""
    used = measured(peer.command, folder, url, peer.environ)
    if used.asked < count:
        raise CouldNotRun(f"asked {used.asked} of {count} questions")
    return used


def figures(found: dict[str, list[Used]]) -> list[dict[str, Any]]:
    """Medians of each, and ratios of the medians."""

    def middle(who: str, what: str) -> float:
        return statistics.median(getattr(used, what) for used in found[who])

    return [
        {
            "what": who,
            "wall s": round(middle(who, "wall_s"), 2),
            "spread s": round(max(u.wall_s for u in used) - min(u.wall_s for u in used), 2),
            "CPU s": round(middle(who, "cpu_s"), 2),
            "run s": round(middle(who, "run_s"), 2),
            "peak MB": round(max(u.peak_mb for u in used)),
            "x bare": round(middle(who, "wall_s") / middle("bare loop", "wall_s"), 2),
            "x ours (wall)": round(middle(who, "wall_s") / middle(OURS, "wall_s"), 2),
            "x ours (CPU)": round(middle(who, "cpu_s") / middle(OURS, "cpu_s"), 2),
        }
        for who, used in found.items()
    ]


def memory(count: int) -> dict[str, Any]:
    """Many cases against a vendor that answers at once."""
    server, url = vendor(0.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases(folder, count)
        (folder / "poc.yaml").write_text(POC.format(url=url))
        pyc = {"PYTHONPYCACHEPREFIX": str(folder / "pyc")}
        used = measured(prove(folder, 0), folder, url, pyc)
    server.kill()
    server.wait()
    return {
        "cases": count,
        "peak MB": round(used.peak_mb),
        "cases/s": round(count / used.wall_s),
        "CPU s": round(used.cpu_s, 1),
    }


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peers", type=Path, help="a folder where other harnesses are installed")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        import uvloop

        uvloop.run(serve(given.serve))
    if given.bare:
        asyncio.run(bare(given.bare[0], int(given.bare[1])))
        return
    count, runs, many = (100, 1, 1_000) if given.smoke else (2_000, 5, 100_000)
    found, failed = speed(count, runs), dict[str, str]()
    if given.peers and not given.smoke:
        others, failed = beside(count, given.peers.absolute())
        found |= others
    rows = figures(found)
    held = memory(many)
    ours = next(row for row in rows if row["what"] == OURS)
    goals = {name: (ours[name], most, ours[name] <= most) for name, most in GOALS.items()}
    goals["peak MB of many"] = (held["peak MB"], MEMORY_GOAL_MB, held["peak MB"] <= MEMORY_GOAL_MB)
    if given.json:
        said = {"speed": rows, "could not run": failed, "memory": held, "goals": goals}
        print(json.dumps(said, indent=2))
        return
    print(table(list(rows[0]), [list(row.values()) for row in rows]))
    for who, why in failed.items():
        print(f"{who} could not run: {why}")
    print()
    print(table(list(held), [list(held.values())]))
    print()
    for name, (value, most, is_met) in goals.items():
        print(f"goal {name} <= {most}: {value} ({'met' if is_met else 'NOT met'})")


if __name__ == "__main__":
    main()
