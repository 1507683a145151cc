"""HELM's model metadata: who made a model, how large it is, and whether its weights are open."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.importers.reading import as_object, items, objects, read_yaml
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source

_KINDS = {
    "TEXT_TO_IMAGE_MODEL_TAG": "image",
    "EMBEDDING_MODEL_TAG": "embedding",
    "CLIP_MODEL_TAG": "embedding",
    "TEXT_SIMILARITY_MODEL_TAG": "embedding",
    "BASIC_FUNCTIONALITY_AUDIO_MODEL_TAG": "speech",
}
_NOT_MODELS = ("simple", "neurips", "unknown")


def read(
    path: Path,
    *,
    name: str = "helm",
    version: str = "63754d05db6f",
    observed_on: date = date(2026, 5, 27),
) -> Snapshot:
    """`model_metadata.yaml`. Raises `InvalidInput`."""
    whole = as_object(read_yaml(path), str(path))
    skipped: list[Skipped] = []
    rows: list[Row] = []
    models = objects(whole.get("models"), f"{path}: models", skipped, "name")
    for where, row in models:
        vendor, _, model_id = str(row["name"]).rpartition("/")
        if vendor in _NOT_MODELS or not vendor:
            continue
        entry = Entry(name, str(row["name"]), where, skipped)
        entry.say("vendor", vendor)
        entry.say("name", row.get("display_name"))
        entry.say("released_on", row.get("release_date"))
        if isinstance(row.get("access"), str) and row["access"] in ("open", "limited", "closed"):
            entry.say("is_open_weights", row["access"] == "open")
        size = entry.decimal("parameters_b", row.get("num_parameters") or None)
        if size is not None:
            entry.say("parameters_b", round(size / Decimal(10**9), 2))
        tags = [t for t in items(row, "tags") if isinstance(t, str)]
        kind = next((k for tag, k in _KINDS.items() if tag in tags), "chat")
        rows.append(entry.row("", model_id, kind))
    source = Source(
        name=name,
        version=version,
        licence="Apache-2.0",
        observed_on=observed_on,
        url=f"https://github.com/stanford-crfm/helm/blob/{version}"
        "/src/helm/config/model_metadata.yaml#{key}",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))
