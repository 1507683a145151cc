"""LMArena's arena-catalog: ratings on the Elo scale with 95 % intervals, by category.

Its repository names no licence, so it is read from your own copy and never shipped.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pilothouse.catalog.importers.reading import as_object, read_json
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Skipped, Snapshot
from pilothouse.core.model import Source

_Z = 1.959963984540054


def read(
    path: Path,
    *,
    name: str = "arena",
    version: str = "c9558b606472",
    observed_on: date = date(2025, 12, 17),
) -> Snapshot:
    """`leaderboard-text.json`. The error is a quarter of the interval's width at 95 %. Raises `InvalidInput`."""
    style = "style control" if "style" in path.name else "raw"
    skipped: list[Skipped] = []
    entries: dict[str, Entry] = {}
    for category, models in as_object(read_json(path), str(path)).items():
        for key, value in as_object(models, f"{path}: {category}").items():
            entry = entries.setdefault(key, Entry(name, key, f"{path}: {key}", skipped))
            told = as_object(value, f"{path}: {category}.{key}")
            found = [
                entry.decimal(k, told.get(k)) for k in ("rating", "rating_q025", "rating_q975")
            ]
            if found[0] is None:
                entry.skip(category, "no rating")
                continue
            low, high = found[1], found[2]
            error = None if low is None or high is None else float(high - low) / (2 * _Z)
            entry.say(
                f"benchmark:arena-elo-{category.replace('_', '-')}",
                round(found[0], 1),
                protocol=f"Arena text, {style}",
                error=error and round(error, 2),
                confidence="measured",
            )
    rows = [entry.row("", key) for key, entry in entries.items()]
    source = Source(
        name=name,
        version=version,
        licence="none stated",
        observed_on=observed_on,
        confidence="measured",
        url="https://github.com/lmarena/arena-catalog",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))
