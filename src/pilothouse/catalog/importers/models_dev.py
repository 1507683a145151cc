"""models.dev's `catalog.json`: models with weights and scores, and what each provider serves and asks for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pilothouse.catalog.fields import price_field
from pilothouse.catalog.importers.hosts import host
from pilothouse.catalog.importers.reading import (
    Json,
    as_object,
    is_object,
    items,
    objects,
    part,
    read_json,
)
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source

_PRICES = {
    "input": "input",
    "output": "output",
    "cache_read": "cached_input",
    "cache_write": "cache_write",
    "reasoning": "reasoning",
    "input_audio": "audio_input",
    "output_audio": "audio_output",
}
_KINDS = {"embed": "embedding", "rerank": "rerank", "tts": "speech", "whisper": "transcription"}
_SCORES = {
    "MMLU": "mmlu",
    "GPQA": "gpqa",
    "GPQA Diamond": "gpqa",
    "HumanEval": "humaneval",
    "MMLU-Pro": "mmlu-pro",
    "SWE-Bench Verified": "swe-bench-verified",
    "SWE-Bench Pro": "swe-bench-pro",
    "Terminal-Bench": "terminal-bench",
    "AIME 2025": "aime-2025",
}


def read(
    path: Path,
    *,
    name: str = "models.dev",
    version: str = "f3fc69229967",
    observed_on: date = date(2026, 7, 2),
) -> Snapshot:
    """Prices are USD per million tokens there too. Raises `InvalidInput`."""
    whole = as_object(read_json(path), str(path))
    skipped: list[Skipped] = []
    rows: list[Row] = []
    listed = whole.get("provider_models")
    for where, value in objects(listed, f"{path}: provider_models", skipped, "id"):
        if row := _served(value, name, observed_on, where, skipped):
            rows.append(row)
    described = as_object(whole.get("models", {}), f"{path}: models")
    for key, value in described.items():
        if row := _described(key, value, name, f"{path}: models.{key}", skipped):
            rows.append(row)
    source = Source(
        name=name,
        version=version,
        licence="MIT",
        observed_on=observed_on,
        url=f"https://github.com/anomalyco/models.dev/tree/{version}#{{key}}",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))


def _served(
    value: dict[str, Json], source: str, seen: date, where: str, skipped: list[Skipped]
) -> Row | None:
    if not isinstance(value.get("provider"), str):
        skipped.append(Skipped(where=where, why="no provider"))
        return None
    provider, model_id = str(value["provider"]), str(value["id"])
    entry = Entry(source, f"{provider}/{model_id}", where, skipped)
    _describe(entry, value)
    if value.get("status") == "deprecated":
        note = "seen as deprecated; ended by then"
        entry.say("retired_on", seen.isoformat(), note=note, confidence="derived")
    elif value.get("status") in ("alpha", "beta"):
        entry.say("is_preview", True)
    cost = part(value, "cost")
    for theirs, what in _PRICES.items():
        entry.price(price_field(what), cost.get(theirs))
    for tier in items(cost, "tiers"):
        rule = part(tier, "tier")
        if rule.get("type", "context") != "context" or not isinstance(rule.get("size"), int):
            entry.skip("price tiers", f"a tier by {rule.get('type')!r}")
            continue
        for theirs, what in _PRICES.items():
            field = price_field(what, above_tokens=int(rule["size"]))
            entry.price(field, tier.get(theirs))
    _scores(entry, value)
    return entry.row(host(provider), model_id, _kind(value))


def _described(
    key: str, value: Json, source: str, where: str, skipped: list[Skipped]
) -> Row | None:
    vendor, slash, name = key.partition("/")
    if not slash or not is_object(value):
        skipped.append(Skipped(where=where, why="its key is not vendor/model"))
        return None
    entry = Entry(source, key, where, skipped)
    entry.say("vendor", vendor)
    _describe(entry, value)
    _scores(entry, value)
    return entry.row("", name, _kind(value))


def _describe(entry: Entry, value: dict[str, Json]) -> None:
    limit, modalities = part(value, "limit"), part(value, "modalities")
    for field, found in (
        ("name", value.get("name")),
        ("family", value.get("family")),
        ("released_on", value.get("release_date")),
        ("knowledge_until", value.get("knowledge")),
        ("context_tokens", limit.get("context") or None),
        ("max_input_tokens", limit.get("input") or None),
        ("max_output_tokens", limit.get("output") or None),
        ("has_tools", value.get("tool_call")),
        ("has_structured_output", value.get("structured_output")),
        ("has_reasoning", value.get("reasoning")),
        ("is_open_weights", value.get("open_weights")),
        ("input_kinds", modalities.get("input")),
        ("output_kinds", modalities.get("output")),
        ("licence", value.get("license")),
    ):
        entry.say(field, found)


def _scores(entry: Entry, value: dict[str, Json]) -> None:
    for score in items(value, "benchmarks"):
        ours = _SCORES.get(str(score.get("name")))
        number = entry.decimal("benchmarks", score.get("score"))
        if ours is None or number is None:
            continue
        told = [str(score[k]) for k in ("metric", "variant", "dataset") if score.get(k)]
        link = str(score.get("source") or "")
        entry.say(
            f"benchmark:{ours}",
            round(number / 100, 4),
            protocol="; ".join(told) or None,
            url=link or None,
        )


def _kind(value: dict[str, Json]) -> str:
    name = str(value.get("id") or value.get("name") or "").lower()
    for word, kind in _KINDS.items():
        if word in name:
            return kind
    makes = items(part(value, "modalities"), "output") or ["text"]
    if "text" in makes:
        return "chat"
    return {"image": "image", "video": "video", "audio": "speech"}.get(str(makes[0]), "chat")
