"""A gateway under load and faults for minutes, and then its books: nothing lost, nothing twice, every cent in place.

    make soak [MINUTES=10]          .venv/bin/python tools/soak.py --minutes 1 --json

A vendor that fails in eleven ways, `pilothouse serve` with everything on (20 virtual keys with limits and budgets, a
fallback route, retries, health, a recorded call for every attempt, metrics), and callers of two formats, whole and
streamed, of whom some leave early. The load is 80 % of what this machine carried when it was flooded at the start.
Exit code 1 when something does not add up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from _soak_load import Load
from _soak_vendor import serve

from pilothouse.core.keys import VirtualKey, secret_hash
from pilothouse.core.limits import Budget, Limits
from pilothouse.core.pico import pico_usd
from pilothouse.core.ports import CallFilter
from pilothouse.stores.sqlite import SqliteStore

KEYS = 20
SHARE = 0.8
MOST_DRIFT = 0.05
ADMIN_KEY = "the admin key of the soak"
CONFIG = """\
providers:
  one: {{kind: openai_compatible, base_url: "{url}/one/v1", dialect: openai_chat}}
  two: {{kind: openai_compatible, base_url: "{url}/two/v1", dialect: openai_chat}}
targets:
  first: {{provider: one, model: gpt-4o-mini}}
  second: {{provider: two, model: gpt-4o-mini}}
routes:
  route:
    targets: [first, second]
    timeouts: {{first_token_s: 5, between_tokens_s: 1, total_s: 20}}
limits: {{routes: {{route: {{limits: {{concurrency: 5000}}}}}}}}
store: {{path: soak.db}}
server: {{port: 0}}
admin: {{port: 0, key_env: SOAK_ADMIN}}
"""


class Served:
    """A process that says where it listens."""

    def __init__(self, *args: str, cwd: Path | None = None) -> None:
        environ = {**os.environ, "SOAK_ADMIN": ADMIN_KEY}
        self.process = subprocess.Popen(
            [sys.executable, *args], stdout=subprocess.PIPE, text=True, cwd=cwd, env=environ
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    def rss_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> int:
        """Its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def make_keys(path: Path) -> list[str]:
    """Virtual keys in a new database."""
    store = SqliteStore(path)
    limits = Limits(requests_per_minute=10**9, tokens_per_minute=10**12, concurrency=10**6)
    secrets = [f"ph-{i:043d}" for i in range(KEYS)]
    for i, secret in enumerate(secrets):
        key = VirtualKey(
            id=f"K{i}",
            name=f"key {i}",
            secret_hash=secret_hash(secret),
            last4=secret[-4:],
            created_us=i + 1,
            limits=limits,
            budgets=(Budget(usd=10**6, per="day"),),  # pyright: ignore[reportArgumentType]
        )
        store.keys.save_key(key)
    store.close()
    return secrets


async def drive(load: Load, gateway: Served, minutes: float, say: Any) -> dict[str, Any]:
    """Flood, then arrive; memory all the while."""
    most = await load.flood(min(5.0, minutes * 15), 32)
    rate = SHARE * most
    say(f"carries {most:.0f} requests a second; {rate:.0f} a second for {minutes:g} min")
    memory: list[float] = []

    async def watch() -> None:
        while True:
            memory.append(gateway.rss_mb())
            await asyncio.sleep(1.0)
            if len(memory) % 60 == 0:
                say(f"{len(memory) // 60} min: {load.sent} sent, {memory[-1]:.1f} MB")

    watching = asyncio.create_task(watch())
    await load.arrive(minutes * 60, rate)
    watching.cancel()
    await asyncio.sleep(2.0)
    return {"carries_per_s": round(most), "per_s": round(rate), "memory_mb": memory}


def admin(gateway: Served, path: str) -> Any:
    """An answer of the admin API."""
    url = json.loads(gateway.line)["admin_url"] + path
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {ADMIN_KEY}"})
    with urllib.request.urlopen(request) as answer:
        data = answer.read()
    return data.decode() if path == "/metrics" else json.loads(data)


class Audit:
    """What must add up, and whether it does."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def check(self, what: str, holds: bool, figures: str) -> None:
        """One line of the report."""
        self.lines.append({"what": what, "holds": holds, "figures": figures})

    @property
    def holds(self) -> bool:
        """All of it."""
        return all(line["holds"] for line in self.lines)


def audit_answers(audit: Audit, load: Load, metrics: str, in_flight: int) -> None:
    """What callers saw."""
    ended = sum(load.outcomes.values())
    lost = sum(n for name, n in load.outcomes.items() if name.startswith("LOST"))
    audit.check("every request ended", ended == load.sent, f"{load.sent} sent, {ended} ended")
    audit.check("no answer was lost or cut politely", lost == 0, f"{lost} lost")
    twice = [n for n in load.ids.values() if n > 1]
    audit.check("no answer came twice", not twice and "" not in load.ids, f"{len(load.ids)} ids")
    counted = sum(
        int(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        if line.startswith("pilothouse_answers_total{")
    )
    # Whoever left before a byte of his request was read was never there.
    left = load.outcomes["left early"]
    audit.check(
        "/metrics counts every answer",
        load.sent - left <= counted <= load.sent,
        f"{counted} counted",
    )
    audit.check("nothing is under way at the end", in_flight == 0, f"{in_flight} in flight")


def audit_books(audit: Audit, store: SqliteStore, stats: dict[str, Any]) -> None:
    """Attempts and money."""
    calls = store.calls(CallFilter(source="serve"))
    cancelled = sum(call.error_class == "cancelled" for call in calls)
    received = stats["received"]
    # A kept connection that closes before a byte is taken for one that was idle too long: asked again, unrecorded.
    resets = stats["faults"].get("reset", 0)
    audit.check(
        "every attempt is recorded once",
        received - resets <= len(calls) <= received + cancelled
        and len({c.id for c in calls}) == len(calls),
        f"{received} at the vendor, {len(calls)} calls ({cancelled} of callers who left, {resets} resets)",
    )
    told = [c.input_tokens for c in calls if c.status == "ok" and not c.is_usage_estimated]
    answers = {int(number) for number in stats["answers"]}
    audit.check(
        "every answer that was sent whole is in the books once, with its own tokens",
        len(told) == len(set(told))
        and set(told) <= answers
        and len(answers) - len(told) <= cancelled,
        f"{len(answers)} sent whole, {len(told)} recorded",
    )
    recorded = sum(pico_usd(c.cost_usd) for c in calls if c.cost_usd is not None)
    by_day = [row for row in store.budgets.spending() if len(row[0].period) == len("2026-01-31")]
    settled = sum(pico for _, pico in by_day)  # every key's month is booked beside
    audit.check(
        "settled = recorded, to the pico-dollar",
        settled == recorded,
        f"{settled} and {recorded} pico-USD",
    )
    ((reserved,),) = store.query("SELECT COUNT(*) FROM budget_allotments")
    audit.check("nothing is reserved any more", reserved == 0, f"{reserved} allotments")


def audit_memory(audit: Audit, memory: list[float]) -> None:
    """After a first third to warm up, the middle against the end."""
    third = max(1, len(memory) // 3)
    middle, end = memory[third : 2 * third] or memory, memory[-third:]
    before, after = sum(middle) / len(middle), sum(end) / len(end)
    audit.check(
        "memory does not drift",
        after <= before * (1 + MOST_DRIFT),
        f"{before:.1f} to {after:.1f} MB",
    )


def soak(minutes: float, say: Any) -> dict[str, Any]:
    """The whole of it."""
    audit = Audit()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vendor = Served(__file__, "--vendor")
        vendor_url = "http://" + vendor.line.split("http://", 1)[1].strip()
        (folder / "pilothouse.yaml").write_text(CONFIG.format(url=vendor_url))
        secrets = make_keys(folder / "soak.db")
        gateway = Served("-m", "pilothouse", "serve", "pilothouse.yaml", "--json", cwd=folder)
        started_s = time.monotonic()
        try:
            url = json.loads(gateway.line)["url"]
            load = Load(url, secrets)
            found = asyncio.run(drive(load, gateway, minutes, say))
            targets = admin(gateway, "/admin/targets")["targets"]
            metrics = admin(gateway, "/metrics")
            with urllib.request.urlopen(f"{vendor_url}/stats") as answer:
                stats = json.loads(answer.read())
        finally:
            code = gateway.stop()
            vendor.stop()
        audit_answers(audit, load, metrics, sum(row["in_flight"] for row in targets))
        audit.check("the gateway stopped cleanly", code == 0, f"exit code {code}")
        store = SqliteStore(folder / "soak.db")
        audit_books(audit, store, stats)
        store.close()
        audit_memory(audit, found["memory_mb"])
    return {
        **found,
        "seconds": round(time.monotonic() - started_s),
        "outcomes": dict(load.outcomes.most_common()),
        "faults": stats["faults"],
        "audit": audit.lines,
        "holds": audit.holds,
    }


def main() -> int:
    """0 when all adds up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--vendor", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.vendor:
        asyncio.run(serve())
        return 0

    def say(text: str) -> None:
        if not given.json:
            print(text, flush=True)

    found = soak(given.minutes, say)
    if given.json:
        print(json.dumps(found))
        return 0 if found["holds"] else 1
    print(
        "how requests ended: " + ", ".join(f"{n} {what}" for what, n in found["outcomes"].items())
    )
    print(
        "the vendor's doings: "
        + ", ".join(f"{n} {f or 'good'}" for f, n in found["faults"].items())
    )
    for line in found["audit"]:
        print(f"{'ok  ' if line['holds'] else 'NOT '} {line['what']}: {line['figures']}")
    return 0 if found["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
