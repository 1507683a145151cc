"""Every importer by name: what it reads, under which licence, and whether the bundled catalogue has it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.errors import InvalidInput, did_you_mean


class Importer(Struct, frozen=True, kw_only=True):
    """How to read one public list."""

    module: str
    reads: str
    licence: str
    is_shipped: bool


def _of(module: str, reads: str, licence: str, is_shipped: bool = True) -> Importer:
    return Importer(module=module, reads=reads, licence=licence, is_shipped=is_shipped)


IMPORTERS: dict[str, Importer] = {
    "models.dev": _of("models_dev", "catalog.json", "MIT"),
    "litellm": _of("litellm", "model_prices_and_context_window.json", "MIT"),
    "genai-prices": _of("genai_prices", "prices/new_data/v2/data.json", "MIT"),
    "portkey": _of("portkey", "the folder pricing/", "MIT"),
    "llm-stats": _of("llm_stats", "the folder data/organizations/", "CC BY 4.0"),
    "helm": _of("helm", "model_metadata.yaml", "Apache-2.0"),
    "aider": _of("aider", "polyglot_leaderboard.yml or edit_leaderboard.yml", "Apache-2.0"),
    "arena": _of("arena", "leaderboard-text.json", "none stated", is_shipped=False),
    "livebench": _of("livebench", "table_<date>.csv", "none stated", is_shipped=False),
    "vectara": _of("vectara", "README.md", "Apache-2.0"),
    "epoch": _of("epoch", "benchmarks_runs.csv", "MIT"),
    "deprecations": _of("deprecations", "data.json", "MIT"),
}


def read_snapshot(kind: str, path: Path, **source: Any) -> Snapshot:
    """Read `path` with the importer `kind`; `source` may give name, version and observed_on.

    Raises `InvalidInput` for an unknown kind or a file that cannot be read.
    """
    known = IMPORTERS.get(kind)
    if known is None:
        hint = did_you_mean(kind, IMPORTERS) or f" Known: {', '.join(IMPORTERS)}."
        raise InvalidInput(f'no importer "{kind}".{hint}')
    module = import_module(f"pilothouse.catalog.importers.{known.module}")
    return _distinct(module.read(path, **source), path)


def _distinct(snapshot: Snapshot, path: Path) -> Snapshot:
    """With one row a host and key: of two that differ nobody can say which is meant, so both go."""
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in snapshot.rows:
        rows.setdefault((row.host, row.key), []).append(row)
    twice = [key for key, found in rows.items() if any(r != found[0] for r in found)]
    if not twice and len(rows) == len(snapshot.rows):
        return snapshot
    skipped = [
        Skipped(where=f"{path}: {key}", why="there twice, with different facts: both left out")
        for _, key in sorted(twice)
    ]
    kept = [found[0] for key, found in rows.items() if key not in twice]
    return msgspec.structs.replace(
        snapshot, rows=tuple(kept), skipped=(*snapshot.skipped, *skipped)
    )
