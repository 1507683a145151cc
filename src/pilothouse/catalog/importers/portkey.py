"""Portkey's price lists: a file a provider, in US cents per token."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.fields import price_field
from pilothouse.catalog.importers.hosts import host
from pilothouse.catalog.importers.reading import Json, as_object, part, read_json
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.errors import InvalidInput
from pilothouse.core.model import Source

_PER_MTOK = Decimal(10_000)
"""US cents per token to USD per million tokens."""
_CENT = Decimal("0.01")
_PRICES = {
    "request_token": "input",
    "response_token": "output",
    "cache_read_input_token": "cached_input",
    "cache_write_input_token": "cache_write",
    "request_audio_token": "audio_input",
    "cache_read_audio_input_token": "audio_cached_input",
    "response_audio_token": "audio_output",
    "reasoning_token": "reasoning",
    "image_token": "image_output",
}
_TIER = re.compile(r"(?P<model>.+)-(?P<side>lte|gt)-(?P<k>\d{1,5})k")
"""It writes the tiers of a model as models: `gemini-1.5-pro-lte-128k`, `-gt-128k`."""
_UNITS = {"web_search": "web_search", "file_search": "file_search"}


def read(
    path: Path,
    *,
    name: str = "portkey",
    version: str = "f654307ec968",
    observed_on: date = date(2026, 8, 21),
) -> Snapshot:
    """A folder of providers, or one provider's file. Raises `InvalidInput`."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise InvalidInput(f"{path}: no price list (*.json) in it")
    skipped: list[Skipped] = []
    rows: list[Row] = []
    for file in files:
        for key, value in as_object(read_json(file), str(file)).items():
            if key == "default":
                continue
            entry = Entry(name, f"{file.stem}/{key}", f"{file}: {key[:120]}", skipped)
            tier = _TIER.fullmatch(key)
            above = int(tier["k"]) * 1000 if tier and tier["side"] == "gt" else None
            _prices(entry, value, above)
            rows.append(entry.row(host(file.stem), tier["model"] if tier else key))
    source = Source(
        name=name,
        version=version,
        licence="MIT",
        observed_on=observed_on,
        url=f"https://github.com/Portkey-AI/models/tree/{version}/pricing#{{key}}",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))


def _prices(entry: Entry, value: Json, above: int | None) -> None:
    config = part(value, "pricing_config", "pay_as_you_go")
    batch = part(value, "pricing_config", "batch_config")
    for theirs, what in _PRICES.items():
        plain, cheap = price_field(what, None, above), price_field(what, "batch", above)
        entry.price(plain, part(config, theirs).get("price"), _PER_MTOK)
        entry.price(cheap, part(batch, theirs).get("price"), _PER_MTOK)
    for theirs, what in _UNITS.items():
        unit = part(config, "additional_units", theirs)
        entry.price(price_field(what), unit.get("price"), _CENT)
