"""What counting costs each request: one recorded call with and without metrics, and a page of them.

Reference in the same run: the recorder alone (a list's append), and one look-up in a dict. Leaves out the
scrape's way over HTTP.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median

from pilothouse.cli.output import table
from pilothouse.client.limits.port import Ask
from pilothouse.client.limits.shared import SharedLimiter
from pilothouse.client.metrics import MeteredRecorder, summed
from pilothouse.core.call import Call
from pilothouse.core.limits import Limits, Scope, scope_of
from pilothouse.server.admin.metrics_text import metrics_text


class Nothing:
    """A recorder that forgets."""

    def record(self, call: Call) -> None:
        pass


class Lets:
    """A limiter's `admit` that lets all through."""

    def admit(self, ask: Ask) -> None:
        return None


def some_calls(series: int) -> list[Call]:
    return [
        Call(
            id="x",
            request_id="x",
            at_us=1,
            source="serve",
            route=f"route-{n % series}",
            arm="main",
            target=f"target-{n % series}",
            provider="p",
            model="m",
            status="ok",
            latency_ms=float(n),
            ttft_ms=float(n) / 3,
            input_tokens=100,
            output_tokens=50,
            cost_usd=Decimal("0.000123"),
        )
        for n in range(1000)
    ]


def each_us(once: Callable[[], object], rounds: int, per_round: int) -> list[float]:
    found: list[float] = []
    once()
    for _ in range(rounds):
        started_ns = time.process_time_ns()
        once()
        found.append((time.process_time_ns() - started_ns) / 1e3 / per_round)
    return found


def recording(record: Callable[[Call], None], calls: list[Call]) -> Callable[[], None]:
    def once() -> None:
        for call in calls:
            record(call)

    return once


def sharing(admit: Callable[[Ask], object], scopes: tuple[Scope, ...]) -> Callable[[], None]:
    ask = Ask(scopes=scopes, hold_id="x")

    def once() -> None:
        for _ in range(1000):
            admit(ask)

    return once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a few seconds")
    given = parser.parse_args()
    rounds = 20 if given.smoke else 300
    one, many = some_calls(1), some_calls(1000)
    metered = MeteredRecorder(Nothing())
    known = {(c.source, c.route, c.target): c for c in many}
    scopes = tuple([scope_of("key", str(n), Limits(concurrency=100)) for n in range(3)])
    lets = Lets()
    shared = SharedLimiter(lets, 4)  # pyright: ignore[reportArgumentType]
    kinds: dict[str, tuple[Callable[[], object], int]] = {
        "a look-up in a dict": (
            recording(lambda c: known[(c.source, c.route, c.target)] and None, many),
            1000,
        ),
        "record, not counted": (recording(Nothing().record, one), 1000),
        "record, counted, 1 series": (recording(metered.record, one), 1000),
        "record, counted, 1,000 series": (recording(metered.record, many), 1000),
        "admit 3 scopes, one process": (sharing(lets.admit, scopes), 1000),
        "admit 3 scopes, a worker's shares": (sharing(shared.admit, scopes), 1000),
        "a page of 1,001 series": (
            lambda: metrics_text(summed(metered.series), [], {}, shed_rows=0, workers=1),
            1,
        ),
    }
    header = ("what", "median", "least", "most")
    rows: list[tuple[str, float, float, float]] = []
    for name, (once, per_round) in kinds.items():
        found = each_us(once, rounds if per_round > 1 else 5, per_round)
        rows.append(
            (f"{name}, us", round(median(found), 2), round(min(found), 2), round(max(found), 2))
        )
    if given.json:
        figures = [dict(zip(header, row, strict=True)) for row in rows]
        print(json.dumps({"rounds": rounds, "figures": figures}))
        return
    print(table(header, rows))


if __name__ == "__main__":
    main()
