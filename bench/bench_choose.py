"""How long a decision takes, over the bundled catalogue and over 5,000 made-up models.

    python bench/bench_choose.py [--smoke] [--json]

The reference in the same run is what a spreadsheet would do with the same cards: filter by the same limits,
sort by one weighted sum, no margins, no frontier, no sensitivity, no record. Reading the catalogue from disk
and writing the record are timed on their own. Left out: Python's own start and the command line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from pilothouse.catalog.catalog import load_bundled
from pilothouse.catalog.prices import Rates, Tier
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer, offers
from pilothouse.choose.guide.matrix import star_vectors
from pilothouse.choose.ranking import shares
from pilothouse.choose.read import Known, load_need
from pilothouse.choose.record import record_json, record_markdown
from pilothouse.choose.ties import Z95, adjacent_ties
from pilothouse.core.model import Measured
from pilothouse.core.need import Need

NEED = Path(__file__).parents[1] / "examples/needs/modern-support.yaml"
KNOWN = Path(__file__).parents[1] / "tests/known_answers"
DAY = date(2026, 11, 24)
MTOK = Decimal(1_000_000)


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rounds = 3 if given.smoke else 30
    catalog = load_bundled()
    vendors = {str(catalog.value(m, "vendor")) for m in catalog.models}
    need = load_need(NEED, Known(vendors=vendors, benchmarks={"gpqa-diamond"}))
    bundled = offers(catalog, DAY)
    made_up = synthetic(5000)
    decision = decide(need, bundled, as_of=DAY, catalogue="bench")
    what: list[tuple[str, int, Callable[[], object]]] = [
        ("read the bundled catalogue", len(bundled), load_bundled.__wrapped__),
        ("resolve claims to facts", len(bundled), lambda: offers(catalog, DAY)),
        *_pair("bundled", need, bundled),
        *_pair("made up", need, made_up),
        (
            "write the record (JSON and Markdown)",
            len(bundled),
            lambda: (
                record_json(decision, catalog.sources),
                record_markdown(decision, catalog.sources),
            ),
        ),
    ]
    rows = [{"what": name, "models": n, **timed(run, rounds)} for name, n, run in what]
    by_name = {str(row["what"]): row for row in rows}
    for kind in ("bundled", "made up"):
        whole, plain = by_name[f"decide, {kind}"], by_name[f"reference: filter and sort, {kind}"]
        whole["times_reference"] = round(whole["median_ms"] / plain["median_ms"], 1)
    figures = known_figures()
    if given.json:
        print(json.dumps({"rounds": rounds, "rows": rows, "figures": figures}, indent=2))
        return
    print(f"{'':44}{'models':>8}{'median ms':>11}{'p95 ms':>9}{'x reference':>13}")
    for row in rows:
        times = row.get("times_reference", "")
        print(
            f"{row['what']:44}{row['models']:>8}{row['median_ms']:>11.2f}{row['p95_ms']:>9.2f}{times:>13}"
        )

    for name, (has, reference) in figures.items():
        print(f"{name:60}{has:>20}   reference {reference}")


def known_figures() -> dict[str, tuple[str, str]]:
    """What must come out on the guide's star table and on two arena leaderboards, beside what is asked."""
    guide = yaml.safe_load((KNOWN / "guide_spec.yaml").read_text(encoding="utf-8"))
    rows = [r for r in guide["feature_matrix"]["rows"] if r["cost"] != "Free*"]
    won = sorted((s for s in shares(star_vectors(rows), 5).values() if s), reverse=True)
    found = {
        "weightings won on the guide's star table, %": (
            " / ".join(f"{100 * s:.1f}" for s in won),
            "49 / 28 / 23, each within 1",
        )
    }
    arena = json.loads((KNOWN / "arena_intervals.json").read_text(encoding="utf-8"))
    for kind in ("raw", "style_control"):
        scores = [(r, (high - low) / (2 * Z95)) for r, low, high in arena[kind]]
        name = f"arena neighbours not separable, {kind}, {len(scores) - 1} pairs"
        found[name] = (f"{adjacent_ties(scores):.1%}", ">= 98 %")
    return found


def _pair(kind: str, need: Need, pool: list[Offer]) -> list[tuple[str, int, Callable[[], object]]]:
    return [
        (f"reference: filter and sort, {kind}", len(pool), lambda: filter_and_sort(need, pool)),
        (
            f"decide, {kind}",
            len(pool),
            lambda: decide(need, pool, as_of=DAY, catalogue="bench"),
        ),
    ]


def filter_and_sort(need: Need, pool: list[Offer]) -> list[str]:
    """The reference: the same limits as one condition, and one key."""
    most = float(need.must.budget.per_month_usd or 0) / need.requests_per_month
    size, until = need.must.context_tokens or 0, need.must.lives_until or date.max
    found: list[tuple[float, str]] = []
    for offer in pool:
        measured = offer.benchmarks.get("gpqa-diamond")
        quality = 0.0 if measured is None else measured.value
        cost = None if offer.rates is None else offer.rates.cost(6000, 500)
        if (
            cost is not None
            and cost <= most
            and (offer.context_tokens or 0) >= size
            and all(offer.abilities.get(a) for a in need.must.requires)
            and offer.inputs is not None
            and offer.inputs.issuperset(need.must.inputs)
            and quality >= 0.6
            and (offer.retired_on is None or offer.retired_on >= until)
            and not offer.is_preview
            and offer.purpose is None
        ):
            found.append((3 * quality - 2 * float(cost), offer.id))
    return [name for _, name in sorted(found, reverse=True)]


def synthetic(count: int) -> list[Offer]:
    """Models with facts spread by a fixed sequence; about a tenth of each kind of fact is missing."""
    found: list[Offer] = []
    for i in range(count):
        at = [(0.5 + (i + 1) * step) % 1 for step in (0.754878, 0.569840, 0.438579, 0.331)]
        rate = Decimal(round(20 ** (2 * at[0] - 1), 3)) / MTOK
        found.append(
            Offer(
                id=f"model-{i:05}",
                name=f"Model {i}",
                api_id=f"model-{i:05}",
                vendor=f"vendor-{i % 40}",
                first_seen_on=DAY,
                released_on=date(2026, 1, 1),
                retired_on=date(2027, 1, 1) if i % 7 == 0 else None,
                context_tokens=None if i % 11 == 0 else int(8000 * 2 ** (8 * at[1])),
                inputs=frozenset({"text", "image"}),
                abilities={"tools": i % 13 != 0, "structured_output": i % 5 != 0},
                rates=None if i % 10 == 3 else Rates((Tier(0, rate, 4 * rate, None),)),
                benchmarks={}
                if i % 9 == 0
                else {"gpqa-diamond": Measured(value=round(at[2], 3), error=0.03)},
            )
        )
    return found


def timed(run: Callable[[], object], rounds: int) -> dict[str, Any]:
    """Median and 95th percentile of `rounds` runs, after one to warm up."""
    run()
    took: list[float] = []
    for _ in range(rounds):
        started_s = time.perf_counter()
        run()
        took.append((time.perf_counter() - started_s) * 1000)
    took.sort()
    return {
        "median_ms": round(statistics.median(took), 3),
        "p95_ms": round(took[min(len(took) - 1, int(0.95 * len(took)))], 3),
    }


if __name__ == "__main__":
    main()
