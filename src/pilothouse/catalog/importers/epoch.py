"""Epoch AI's own benchmark runs (`benchmarks_runs.csv`): one party, one protocol a task, standard errors."""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path

from pilothouse.catalog.importers.reading import read_csv
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source

_TASKS = {
    "GPQA diamond": "gpqa-diamond",
    "MATH level 5": "math-level-5",
    "OTIS Mock AIME 2024-2025": "mock-aime",
    "SWE-Bench Verified": "swe-bench-verified-epoch",
    "FrontierMath-2025-02-28-Private": "frontiermath",
    "Chess Puzzles": "chess-puzzles",
    "SimpleQA Verified": "simpleqa-verified",
}
_SCORE = "Best score (across scorers)"
_EFFORT = re.compile(r"_(none|minimal|low|medium|high|xhigh|max|unknown|\d+k?)$", re.IGNORECASE)
_ERROR = re.compile(r"±\s*(\d*\.?\d+)")


def read(
    path: Path,
    *,
    name: str = "epoch",
    version: str = "f87d3cc8e8a8",
    observed_on: date = date(2025, 12, 3),
) -> Snapshot:
    """The best finished run of each model and task; its effort is part of the note. Raises `InvalidInput`."""
    skipped: list[Skipped] = []
    best: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}
    for line, run in read_csv(path, ("task", "model", _SCORE, "Scores")):
        task = _TASKS.get(run["task"])
        if task is None or not run[_SCORE]:
            continue
        try:
            score = float(run[_SCORE])
        except ValueError:
            score = math.nan
        if not 0 <= score <= 1 or not run["model"]:
            skipped.append(
                Skipped(
                    where=f"{path}:{line}",
                    why=f'"{run[_SCORE]}" of "{run["model"]}" is not a score from 0 to 1',
                )
            )
            continue
        key = (_EFFORT.sub("", run["model"]), task)
        if key not in best or (score, run["model"]) > (best[key][0], best[key][1]["model"]):
            best[key] = (score, run)
    rows: list[Row] = []
    for (model, task), (score, run) in sorted(best.items()):
        entry = Entry(name, run["model"], f"{path}: {run['model']}", skipped)
        error = _ERROR.search(run["Scores"])
        effort = _EFFORT.search(run["model"])
        entry.say(
            f"benchmark:{task}",
            round(score, 4),
            protocol=f"Epoch AI, {run['task']}",
            error=float(error[1]) if error and float(error[1]) else None,
            note=f"best run, at {effort[1]} effort" if effort else None,
            confidence="measured",
        )
        claims = entry.row("", model).claims
        rows.append(Row(key=f"{run['model']}: {task}", host="", name=model, claims=claims))
    source = Source(
        name=name,
        version=version,
        licence="MIT",
        observed_on=observed_on,
        confidence="measured",
        url="https://epoch.ai/benchmarks",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))
