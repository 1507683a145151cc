"""llm-stats (JonathanChavezTamales/llm-leaderboard), a folder a model: facts, and scores that vendors report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.importers.reading import Json, as_list, as_object, read_json
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.errors import InvalidInput
from pilothouse.core.model import Source

_BENCHMARKS = frozenset(
    {"mmlu", "gpqa", "humaneval", "gsm8k", "math", "mmlu-pro", "mmmu", "ifeval", "mgsm", "drop"}
    | {"bfcl", "livecodebench", "swe-bench-verified", "hellaswag", "truthfulqa", "winogrande"}
    | {"arc-c", "big-bench-hard", "mbpp", "docvqa", "mathvista"}
)
_NAMES = {"arc-c": "arc-challenge", "big-bench-hard": "bbh"}


def read(
    path: Path,
    *,
    name: str = "llm-stats",
    version: str = "24a9ccf74023",
    observed_on: date = date(2025, 10, 16),
) -> Snapshot:
    """`path` is the folder of organisations. Raises `InvalidInput`."""
    if not path.is_dir():
        raise InvalidInput(f"{path}: a folder of organisations is wanted")
    skipped: list[Skipped] = []
    rows = [
        row
        for file in sorted(path.glob("*/models/*/model.json"))
        if (row := _row(file, name, skipped)) is not None
    ]
    source = Source(
        name=name,
        version=version,
        licence="CC BY 4.0",
        observed_on=observed_on,
        url=f"https://github.com/JonathanChavezTamales/llm-leaderboard/tree/{version}#{{key}}",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))


def _row(file: Path, source: str, skipped: list[Skipped]) -> Row | None:
    folder = file.parent
    model_id, vendor = folder.name, folder.parents[1].name
    try:
        value = as_object(read_json(file), str(file))
    except InvalidInput as error:
        skipped.append(Skipped(where=str(file), why=str(error)))
        return None
    entry = Entry(source, f"{vendor}/{model_id}", str(file), skipped)
    entry.say("vendor", vendor)
    for field, theirs in (
        ("name", "name"),
        ("licence", "license_id"),
        ("released_on", "release_date"),
        ("knowledge_until", "knowledge_cutoff"),
    ):
        entry.say(field, value.get(theirs) or None)
    size = entry.decimal("parameters_b", value.get("param_count") or None)
    if size is not None:
        entry.say("parameters_b", round(size / Decimal(10**9), 2))
    scores = folder / "benchmarks.json"
    for score in as_list(read_json(scores), str(scores)) if scores.exists() else []:
        _score(entry, as_object(score, str(scores)))
    return entry.row("", model_id)


def _score(entry: Entry, row: Mapping[str, Json]) -> None:
    benchmark = str(row.get("benchmark_id"))
    number = entry.decimal(benchmark, row.get("score"))
    if benchmark not in _BENCHMARKS or number is None:
        return
    if not 0 <= number <= 1:
        entry.skip(benchmark, f"a share of {number}")
        return
    entry.say(
        f"benchmark:{_NAMES.get(benchmark, benchmark)}",
        round(number, 4),
        protocol=row.get("analysis_method") or None,
        url=row.get("self_reported_source_link") or None,
        confidence="self-reported" if row.get("is_self_reported") else "copied",
    )
