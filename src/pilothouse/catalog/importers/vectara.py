"""Vectara's hallucination leaderboard: the table in its README."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from pilothouse.catalog.importers.reading import read_text
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.errors import InvalidInput
from pilothouse.core.model import Source

_ROW = re.compile(r"^\|(?P<model>[^|]+)\|\s*(?P<rate>[\d.]+)\s*%\s*\|", re.MULTILINE)


def read(
    path: Path,
    *,
    name: str = "vectara",
    version: str = "2e0985929add",
    observed_on: date = date(2026, 3, 10),
) -> Snapshot:
    """`benchmark:hallucination-free`: 1 less the rate, so more is better. Raises `InvalidInput`."""
    skipped: list[Skipped] = []
    rows: list[Row] = []
    for match in _ROW.finditer(read_text(path)):
        key = match["model"].strip().strip("*")
        entry = Entry(name, key, f"{path}: {key}", skipped)
        rate = entry.decimal("hallucination rate", match["rate"])
        if rate is None or not 0 <= rate <= 100:
            entry.skip("hallucination rate", f"{match['rate']} % is not a share")
            continue
        entry.say(
            "benchmark:hallucination-free",
            round(1 - rate / 100, 4),
            protocol="Vectara HHEM summaries",
            confidence="measured",
        )
        rows.append(entry.row("", key))
    if not rows:
        raise InvalidInput(f"{path}: no table of hallucination rates in it")
    source = Source(
        name=name,
        version=version,
        licence="Apache-2.0",
        observed_on=observed_on,
        confidence="measured",
        url="https://github.com/vectara/hallucination-leaderboard",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))
