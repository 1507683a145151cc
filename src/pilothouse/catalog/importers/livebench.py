"""LiveBench's dated tables: a model a line, a task a column, scores from 0 to 100.

Its repository names no licence for the tables, so they are read from your own copy and never shipped.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from pilothouse.catalog.importers.reading import read_csv
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.errors import InvalidInput
from pilothouse.core.model import Source

_DATE = re.compile(r"(\d{4})_(\d{2})_(\d{2})")


def read(
    path: Path,
    *,
    name: str = "livebench",
    version: str | None = None,
    observed_on: date | None = None,
) -> Snapshot:
    """`benchmark:livebench`: the mean over the tasks of one release, which is its protocol.

    The release is in the file's name (`table_2026_01_08.csv`). Raises `InvalidInput`.
    """
    match = _DATE.search(path.name)
    try:
        release = date(*(int(g) for g in match.groups())) if match else observed_on
    except ValueError:
        release = None
    if release is None:
        raise InvalidInput(f"{path}: no date in its name, as in table_2026_01_08.csv")
    skipped: list[Skipped] = []
    rows: list[Row] = []
    for line, value in read_csv(path, ["model"]):
        key = value.pop("model")
        entry = Entry(name, key, f"{path}:{line}", skipped)
        scores = [entry.decimal(task, text or None) for task, text in value.items()]
        known = [s for s in scores if s is not None]
        if len(known) < len(scores) or not known or not all(0 <= s <= 100 for s in known):
            entry.skip("scores", "not a score from 0 to 100 for every task")
            continue
        entry.say(
            "benchmark:livebench",
            round(sum(known) / len(known) / 100, 4),
            protocol=f"LiveBench {release}, {len(known)} tasks",
            confidence="measured",
        )
        rows.append(entry.row("", key))
    source = Source(
        name=name,
        version=version or release.isoformat(),
        licence="none stated",
        observed_on=observed_on or release,
        confidence="measured",
        url="https://livebench.ai",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))
