"""What keeping calls costs: record() on the caller's thread, rows a second written, time of `costs`.

Reference in the same run: a bare `executemany` of the same rows into the same schema, one transaction.
Leaves out: other processes on the same file, slow disks, rows with long error texts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median

from pilothouse.cli.output import table
from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.call import Call
from pilothouse.core.ports import CallFilter
from pilothouse.stores._rows import CALL_COLUMNS, row_from_call
from pilothouse.stores._schema import connect, upgrade
from pilothouse.stores.sqlite import SqliteStore
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


def recorded(path: Path, calls: list[Call]) -> tuple[float, float, float, float]:
    """Seconds in record(), seconds until all is written, seconds of `costs` by model and in all."""
    store = SqliteStore(path)
    recorder = BatchRecorder(store, most_queued=len(calls))

    def put() -> None:
        for call in calls:
            recorder.record(call)

    start_s = time.perf_counter()
    record_s = seconds(put)
    recorder.close()
    written_s = time.perf_counter() - start_s
    if recorder.shed:
        raise SystemExit(f"{recorder.shed} rows were shed: the figures would flatter")
    by_model_s = seconds(lambda: costs(store, ("model",), CallFilter()))
    total_s = seconds(lambda: costs(store, (), CallFilter()))
    store.close()
    return record_s, written_s, by_model_s, total_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    given = parser.parse_args()
    count, rounds = (5_000, 2) if given.smoke else (200_000, 3)
    calls = some_calls(count)
    runs: list[tuple[float, ...]] = []
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            run = (bare(Path(folder, "bare.db"), calls), *recorded(Path(folder, "ours.db"), calls))
        if number:  # the first warms up
            runs.append(run)
    names = (
        ("bare executemany, rows/s", lambda s: count / s),
        ("record() on the caller's thread, us/row", lambda s: s / count * 1e6),
        ("recorder until all is written, rows/s", lambda s: count / s),
        ("costs by model, s", lambda s: s),
        ("costs of everything, s", lambda s: s),
    )
    figures = [
        {"what": name, "median": round(median(found), 3), "least": round(min(found), 3),
         "most": round(max(found), 3)}
        for i, (name, scale) in enumerate(names)
        for found in [[scale(run[i]) for run in runs]]
    ]  # fmt: skip
    ratio = figures[2]["median"] / figures[0]["median"]
    if given.json:
        print(json.dumps({"rows": count, "rounds": rounds, "figures": figures, "of_bare": ratio}))
        return
    print(table(("what", "median", "least", "most"), [tuple(f.values()) for f in figures]))
    print(f"{count} rows, {rounds} rounds; the recorder writes at {ratio:.2f} of the bare rate")


if __name__ == "__main__":
    main()
