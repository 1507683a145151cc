"""The catalogue's size and speed, each beside a reference of the same run.

Leaves out: a cold disk. Run: python bench/bench_catalog.py [--smoke] [--json]
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from importlib import resources
from typing import Any

import msgspec

from pilothouse.catalog.bill import bill
from pilothouse.catalog.catalog import CatalogFile, load_bundled
from pilothouse.catalog.conflicts import conflicts
from pilothouse.catalog.quantities import quantities_of
from pilothouse.choose.facts import offers

TODAY = date(2026, 11, 24)
NAMES = (
    "gpt-4o-mini",
    "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "mistral/Mistral-Large-Latest",
)


def median_us(work: Callable[[], Any], times: int) -> float:
    """Of `times` runs after one to warm up."""
    work()
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken)


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    few, many = (3, 200) if options.smoke else (15, 5000)
    folder = resources.files("pilothouse.data").joinpath("catalog")
    packed = {n: folder.joinpath(n).read_bytes() for n in ("catalog.json.gz", "hosted.json.gz")}
    plain = gzip.decompress(packed["catalog.json.gz"])
    catalog = load_bundled()
    hosted = catalog.hosted()
    known = {m.id: m for m in catalog.models}
    model = catalog.find("gpt-4o-mini")
    quantities = quantities_of(1000, 200)
    load_us = median_us(
        lambda: msgspec.json.decode(gzip.decompress(packed["catalog.json.gz"]), type=CatalogFile),
        few,
    )
    figures = {
        "bytes on disk": sum(len(b) for b in packed.values()),
        "models": len(catalog.models),
        "offers of other hosts": len(hosted),
        "claims": sum(len(m.claims) for m in (*catalog.models, *hosted)),
        "load, ms": load_us / 1000,
        "load, x json.loads of the same bytes": load_us / median_us(lambda: json.loads(plain), few),
        "lookup by any spelling, us": median_us(lambda: [catalog.find(n) for n in NAMES], many) / 3,
        "lookup of a dict, us": median_us(lambda: [known["gpt-4o-mini"]] * 3, many) / 3,
        "resolve all models, ms": median_us(lambda: offers(catalog, TODAY), few) / 1000,
        "resolve all offers of all hosts, ms": median_us(lambda: offers(catalog, TODAY, hosts=["*"]), few) / 1000,
        "a bill with its lines, us": median_us(lambda: bill(catalog, model, quantities, TODAY), many),
        "all conflicts, ms": median_us(lambda: conflicts(catalog, catalog.models, TODAY), min(few, 5)) / 1000,
        "import pilothouse, ms": import_ms("import pilothouse", few),
        "import json, ms": import_ms("import json", few),
    }  # fmt: skip
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:42} {value:>14,.0f}" if value >= 1000 else f"{name:42} {value:>14,.3g}")


def import_ms(statement: str, times: int) -> float:
    """Of a fresh interpreter, less the interpreter itself."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - start) * 1000

    bare = statistics.median(run("pass") for _ in range(times))
    return max(0.0, statistics.median(run(statement) for _ in range(times)) - bare)


if __name__ == "__main__":
    main()
