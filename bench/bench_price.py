"""What pricing one text call takes, beside genai-prices in the same run, or a plain multiplication without it.

Reading the catalogue is left out; both sides have priced each model before the first measured call.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import median
from time import perf_counter

from pilothouse.catalog.bill import bill
from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import price_of
from pilothouse.catalog.quantities import quantities_of
from pilothouse.cli.output import table
from pilothouse.core.answer import Usage
from pilothouse.core.route import Target

MODELS = ("gpt-4o-mini", "claude-3-5-sonnet-20241022", "gemini-2.5-pro", "gpt-4o")
DAY = date(2026, 10, 20)
AT = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)


def contenders() -> tuple[dict[str, Callable[[], object]], str]:
    """Each prices one call of every model; and the name of the reference."""
    catalog = load_bundled()
    price, at_us = price_of(catalog), int(AT.timestamp()) * 1_000_000
    targets = [Target(name=m, provider="p", model=m) for m in MODELS]
    models = [catalog.find(m, DAY) for m in MODELS]
    usage, quantities = Usage(input_tokens=1000, output_tokens=500), quantities_of(1000, 500)
    found: dict[str, Callable[[], object]] = {
        "price_of, a call": lambda: [price(t, usage, at_us) for t in targets],
        "bill, a call with its lines": lambda: [bill(catalog, m, quantities, DAY) for m in models],
    }
    try:
        other = importlib.import_module("genai_prices")
    except ImportError:
        rate = Decimal("0.0000025")
        found["plain multiplication"] = lambda: [1000 * rate + 500 * rate for _ in MODELS]
        return found, "plain multiplication"
    theirs = other.Usage(input_tokens=1000, output_tokens=500)
    found["genai-prices"] = lambda: [
        other.calc_price(theirs, model_ref=m, genai_request_timestamp=AT) for m in MODELS
    ]
    return found, "genai-prices"


def one_us(work: Callable[[], object], times: int) -> float:
    started = perf_counter()
    for _ in range(times):
        work()
    return (perf_counter() - started) * 1e6 / times / len(MODELS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a second")
    given = parser.parse_args()
    rounds, times = (3, 20) if given.smoke else (15, 200)
    works, reference = contenders()
    took: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():  # in turn, so that a slow moment meets all of them
            us = one_us(work, times)
            if number:  # the first warms up
                took[name].append(us)
    base = median(took[reference])
    keys = ("what", "median_us", "least_us", "most_us", f"times {reference}")
    rows = [
        (name, *(round(x, 2) for x in (median(v), min(v), max(v))), round(median(v) / base, 3))
        for name, v in took.items()
    ]
    if given.json:
        figures = [dict(zip(keys, row, strict=True)) for row in rows]
        print(json.dumps({"rounds": rounds, "reference": reference, "figures": figures}))
        return
    print(table(keys, rows))


if __name__ == "__main__":
    main()
