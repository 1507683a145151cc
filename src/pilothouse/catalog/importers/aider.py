"""Aider's leaderboards: the share of programming tasks solved, from its repository's YAML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pilothouse.catalog.importers.reading import Json, objects, read_yaml
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source


def read(
    path: Path,
    *,
    name: str = "aider",
    version: str = "5dc9490bb35f",
    observed_on: date = date(2025, 10, 3),
) -> Snapshot:
    """`polyglot_leaderboard.yml` or `edit_leaderboard.yml`. Raises `InvalidInput`."""
    benchmark = "aider-polyglot" if "polyglot" in path.name else "aider-edit"
    skipped: list[Skipped] = []
    rows: dict[str, Row] = {}
    for where, run in objects(read_yaml(path), str(path), skipped, "model"):
        key = str(run["model"])
        entry = Entry(name, key, where, skipped)
        rate = entry.decimal("pass_rate_2", run.get("pass_rate_2", run.get("pass_rate_1")))
        cases = run.get("test_cases")
        if rate is None or not 0 <= rate <= 100 or not isinstance(cases, int) or cases < 1:
            entry.skip("pass_rate_2", "no share of a number of tasks")
            continue
        share = float(rate) / 100
        entry.say(
            f"benchmark:{benchmark}",
            round(share, 4),
            protocol=f"{benchmark}, {cases} tasks, {run.get('edit_format', 'any')} format, two tries",
            error=round(math.sqrt(share * (1 - share) / cases), 4) or None,
            confidence="measured",
        )
        rows[key] = entry.row("", _model(run, key))
    source = Source(
        name=name,
        version=version,
        licence="Apache-2.0",
        observed_on=observed_on,
        confidence="measured",
        url=f"https://github.com/Aider-AI/aider/blob/{version}/aider/website/_data/{path.name}",
    )
    return Snapshot(source=source, rows=in_order(list(rows.values())), skipped=tuple(skipped))


def _model(run: Mapping[str, Json], name: str) -> str:
    """What the run asked its API for: the name is for people (`Gemini 2.0 Pro exp-02-05`)."""
    command = run.get("command")
    words = command.split() if isinstance(command, str) else []
    if "--model" in words[:-1] and "--architect" not in words and "+" not in name:
        return words[words.index("--model") + 1].rpartition("/")[2]
    return name
