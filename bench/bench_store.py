"""What keeping calls costs on SQLite and on PostgreSQL: rows a second, our CPU a row, time of `costs`.

References in the same run: for both, a bare `executemany` into SQLite's schema in one transaction; for
PostgreSQL, SQLite. PostgreSQL is the one at PILOTHOUSE_TEST_POSTGRES or on this machine's usual port; without
one its lines are left out, and that is said. CPU is this process's alone: the event loop shares it with the
writer; what the server of PostgreSQL uses is left out, as are a network between the two, other processes on
the same database, slow disks, and rows with long error texts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from pilothouse.app.stores import Store, open_store
from pilothouse.cli.output import table
from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.call import Call
from pilothouse.core.ports import CallFilter
from pilothouse.stores._pg_address import address_from_url
from pilothouse.stores._rows import CALL_COLUMNS, row_from_call
from pilothouse.stores._schema import connect, upgrade
from pilothouse.watch.costs import costs


def some_calls(count: int) -> list[Call]:
    return [
        Call(
            id=f"call-{n:012d}",
            request_id=f"request-{n:012d}",
            at_us=1_790_000_000_000_000 + n * 1_000_000,
            source="serve",
            route=f"route-{n % 3}",
            arm="old" if n % 4 else "new",
            target="large",
            provider="vendor",
            model=f"model-{n % 5}",
            status="error" if n % 50 == 0 else "ok",
            latency_ms=float(n * 7919 % 4000),
            ttft_ms=float(n * 104_729 % 900),
            input_tokens=100 + n % 900,
            output_tokens=n % 500,
            cost_usd=Decimal(n % 1000).scaleb(-6),
        )
        for n in range(count)
    ]


def seconds(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def bare(path: Path, calls: list[Call]) -> float:
    rows = [row_from_call(call) for call in calls]
    db = connect(path, durable=False)
    upgrade(db, path)
    sql = f"INSERT INTO calls ({', '.join(CALL_COLUMNS)}) VALUES ({', '.join('?' * len(CALL_COLUMNS))})"

    def write() -> None:
        db.execute("BEGIN")
        db.executemany(sql, rows)
        db.execute("COMMIT")

    took_s = seconds(write)
    db.close()
    return took_s


def recorded(store: Store, calls: list[Call]) -> tuple[float, ...]:
    """Seconds in record(), until all is written, of our CPU meanwhile, and of `costs` by model and in all."""
    recorder = BatchRecorder(store, most_queued=len(calls))

    def put() -> None:
        for call in calls:
            recorder.record(call)

    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    record_s = seconds(put)
    recorder.close()
    written_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    if recorder.shed or store.query("SELECT COUNT(*) FROM calls") != [(len(calls),)]:
        raise SystemExit("rows were shed: the figures would flatter")
    by_model_s = seconds(lambda: costs(store, ("model",), CallFilter()))
    total_s = seconds(lambda: costs(store, (), CallFilter()))
    store.close()
    return record_s, written_s, cpu_s, by_model_s, total_s


def on_postgres(url: str, folder: Path, calls: list[Call]) -> tuple[float, ...]:
    """As `recorded`, in a schema that is dropped after."""
    import psycopg

    address = address_from_url(url, schema=f"bench_{uuid.uuid4().hex}", spill_folder=folder)
    try:
        return recorded(open_store(address), calls)
    finally:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(f'DROP SCHEMA IF EXISTS "{address.schema}" CASCADE'.encode())


def postgres_url() -> str | None:
    """A server that answers, or None."""
    try:
        import psycopg
    except ImportError:
        return None
    url = os.environ.get("PILOTHOUSE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1/postgres")
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return None
    return url


def figures(runs: dict[str, list[tuple[float, ...]]], count: int) -> list[dict[str, Any]]:
    """One line a measure and store: median, least and most, and the median against SQLite's."""
    names = (
        ("record() on the caller's thread, us/row", lambda s: s / count * 1e6),
        ("recorder until all is written, rows/s", lambda s: count / s),
        ("CPU of this process until then, us/row", lambda s: s / count * 1e6),
        ("costs by model, s", lambda s: s),
        ("costs of everything, s", lambda s: s),
    )
    lines: list[dict[str, Any]] = []
    bare_rates = [count / run[0] for run in runs["bare"]]
    lines.append(_line("bare executemany, rows/s", "SQLite", bare_rates, None))
    for i, (name, scale) in enumerate(names):
        reference = median(scale(run[i]) for run in runs["SQLite"])
        for store in ("SQLite", "PostgreSQL"):
            if found := [scale(run[i]) for run in runs[store]]:
                lines.append(_line(name, store, found, reference))
    return lines


def _line(what: str, store: str, found: list[float], reference: float | None) -> dict[str, Any]:
    middle = median(found)
    return {
        "what": what,
        "store": store,
        "median": round(middle, 3),
        "least": round(min(found), 3),
        "most": round(max(found), 3),
        "of SQLite": round(middle / reference, 2) if reference else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    given = parser.parse_args()
    count, rounds = (5_000, 2) if given.smoke else (200_000, 3)
    calls = some_calls(count)
    url = postgres_url()
    if url is None:
        print("*** PostgreSQL is not measured: no psycopg, or no server ***", file=sys.stderr)
    runs: dict[str, list[tuple[float, ...]]] = {"bare": [], "SQLite": [], "PostgreSQL": []}
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            found = {
                "bare": (bare(folder / "bare.db", calls),),
                "SQLite": recorded(open_store(folder / "ours.db"), calls),
            }
            if url is not None:
                found["PostgreSQL"] = on_postgres(url, folder, calls)
        if number:  # the first warms up
            for store, run in found.items():
                runs[store].append(run)
    lines = figures(runs, count)
    if given.json:
        print(json.dumps({"rows": count, "rounds": rounds, "figures": lines}))
        return
    print(table(tuple(lines[0]), [tuple(line.values()) for line in lines]))
    print(f"{count} rows, {rounds} rounds")


if __name__ == "__main__":
    main()
