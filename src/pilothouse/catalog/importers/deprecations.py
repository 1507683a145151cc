"""deprecations-rss: vendors' notices of the end of a model, each with its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pilothouse.catalog.importers.reading import Json, objects, read_json
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source

_HOSTS = {
    "OpenAI": "openai",
    "Anthropic": "anthropic",
    "Google": "google",
    "Google AI": "google",
    "Google Vertex": "vertex",
    "Google Vertex AI": "vertex",
    "AWS Bedrock": "bedrock",
    "Azure OpenAI": "azure",
    "Azure": "azure",
    "Azure AI Foundry": "azure",
    "Cohere": "cohere",
    "xAI": "xai",
    "Groq": "groq",
}
_GLUED = re.compile(r"(?<=\w)or(?=gpt|claude|gemini)")


def read(
    path: Path,
    *,
    name: str = "deprecations-rss",
    version: str = "aba3a0156999",
    observed_on: date = date(2025, 11, 23),
) -> Snapshot:
    """Raises `InvalidInput`."""
    skipped: list[Skipped] = []
    rows: dict[tuple[str, str], Row] = {}
    for where, notice in objects(read_json(path), str(path), skipped, "model_id"):
        host = _HOSTS.get(str(notice.get("provider")), str(notice.get("provider")).lower())
        for model_id in (part.strip() for part in str(notice["model_id"]).split(",")):
            if model_id:
                entry = Entry(name, f"{host}/{model_id}", where, skipped)
                rows[host, model_id] = _row(entry, notice, host, model_id)
    source = Source(
        name=name,
        version=version,
        licence="MIT",
        observed_on=observed_on,
        confidence="official",
        url="https://github.com/leblancfg/deprecations-rss",
    )
    return Snapshot(source=source, rows=in_order(list(rows.values())), skipped=tuple(skipped))


def _row(entry: Entry, notice: Mapping[str, Json], host: str, model_id: str) -> Row:
    """What one notice says of one of the models it names."""
    link = str(notice.get("url") or "")
    entry.url = link if link.startswith("http") else None
    entry.say("retired_on", notice.get("shutdown_date") or None)
    entry.say("deprecated_on", notice.get("announcement_date") or None)
    if notice.get("replacement_model"):
        names = _GLUED.sub(" or ", str(notice["replacement_model"])).rstrip("*")
        entry.say("successor", names.replace(", ", " or "))
    return entry.row(host, model_id)
