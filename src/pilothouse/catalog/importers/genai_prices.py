"""genai-prices: prices with history, tiers and services (`prices/new_data/v2/data.json`, or its package's dump)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.fields import price_field
from pilothouse.catalog.importers.hosts import host
from pilothouse.catalog.importers.reading import Json, as_list, as_object, read_json
from pilothouse.catalog.importers.rows import Entry, in_order, of_day
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source

_THOUSAND = Decimal(1000)
_PRICES: dict[str, tuple[str, Decimal]] = {  # theirs: (ours, what to multiply with)
    "input_mtok": ("input", Decimal(1)),
    "output_mtok": ("output", Decimal(1)),
    "cache_read_mtok": ("cached_input", Decimal(1)),
    "cache_write_mtok": ("cache_write", Decimal(1)),
    "cache_write_1h_mtok": ("cache_write_1h", Decimal(1)),
    "output_reasoning_mtok": ("reasoning", Decimal(1)),
    "input_audio_mtok": ("audio_input", Decimal(1)),
    "cache_audio_read_mtok": ("audio_cached_input", Decimal(1)),
    "output_audio_mtok": ("audio_output", Decimal(1)),
    "input_image_mtok": ("image_input", Decimal(1)),
    "cache_image_read_mtok": ("image_cached_input", Decimal(1)),
    "output_image_mtok": ("image_output", Decimal(1)),
    "input_video_mtok": ("video_input", Decimal(1)),
    "input_mchars": ("characters_input", Decimal(1)),
    "requests_kcount": ("request", 1 / _THOUSAND),
    "web_searches_kcount": ("web_search", 1 / _THOUSAND),
    "storage_searches_kcount": ("file_search", 1 / _THOUSAND),
    "input_document_kpages": ("page", 1 / _THOUSAND),
    "audio_hours": ("audio_heard", 1 / Decimal(3600)),
    "input_audio_hours": ("audio_heard", 1 / Decimal(3600)),
}
_PEAK = "at its dearest time of day"


def read(
    path: Path,
    *,
    name: str = "genai-prices",
    version: str = "0.2.3",
    observed_on: date = date(2026, 10, 14),
) -> Snapshot:
    """Raises `InvalidInput`."""
    whole = read_json(path)
    providers = whole if isinstance(whole, list) else as_object(whole, str(path)).get("providers")
    skipped: list[Skipped] = []
    rows: list[Row] = []
    for i, provider in enumerate(as_list(providers, str(path))):
        where = f"{path}: [{i}]"
        if not isinstance(provider, dict) or not isinstance(provider.get("models"), list):  # pyright: ignore[reportUnknownMemberType]
            skipped.append(Skipped(where=where, why="a provider without models"))
            continue
        rows += _provider(provider, name, where, skipped)  # pyright: ignore[reportUnknownArgumentType]
    source = Source(
        name=name,
        version=version,
        licence="MIT",
        observed_on=observed_on,
        url="https://github.com/pydantic/genai-prices/tree/main/prices/providers#{key}",
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))


def _provider(
    provider: dict[str, Json], source: str, where: str, skipped: list[Skipped]
) -> list[Row]:
    pages = provider.get("pricing_urls") or [None]
    rows: list[Row] = []
    for j, model in enumerate(provider["models"]):
        if not isinstance(model, dict) or "id" not in model:
            skipped.append(Skipped(where=f"{where}.models[{j}]", why="a model without an id"))
            continue
        key = f"{provider['id']}/{model['id']}"
        entry = Entry(source, key, f"{where}: {key}", skipped)
        entry.url = pages[0]
        _prices(entry, model.get("prices"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        _services(entry, model.get("price_variants") or [])  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        entry.say("context_tokens", model.get("context_window"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        rows.append(entry.row(host(str(provider["id"])), str(model["id"])))  # pyright: ignore[reportUnknownArgumentType]
        for other in _equals(model.get("match"), str(model["id"])):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            copy = entry.row(host(str(provider["id"])), other)
            rows.append(Row(key=f"{key}={other}", host=copy.host, name=other, claims=copy.claims))
    return rows


def _equals(rule: Json, name: str) -> list[str]:
    """Other names that the entry says it is for."""
    if not isinstance(rule, dict):
        return []
    names = [str(r["equals"]) for r in rule.get("or_", [rule]) if isinstance(r, dict) and "equals" in r]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]
    return sorted({n for n in names if n != name})


def _prices(entry: Entry, prices: Json) -> None:
    """A price, or a list of prices by start day; of prices by time of day the dearest stands."""
    if isinstance(prices, dict):
        _said(entry, prices, None, None, None)  # pyright: ignore[reportUnknownArgumentType]
        return
    by_day: dict[str | None, tuple[dict[str, Json], str | None]] = {}
    for step in prices if isinstance(prices, list) else []:  # pyright: ignore[reportUnknownVariableType]
        rule = step.get("constraint") or {}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        start = rule.get("start_date")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        note = _PEAK if "start_time" in rule else None
        before = by_day.get(start)  # pyright: ignore[reportUnknownArgumentType]
        if before is None:
            by_day[start] = (step["prices"], note)
        elif _rate(step["prices"]) > _rate(before[0]):  # pyright: ignore[reportUnknownArgumentType]
            by_day[start] = (step["prices"], _PEAK)
        else:
            by_day[start] = (before[0], _PEAK)
    for start, (found, note) in by_day.items():
        _said(entry, found, None, None if start is None else of_day(start), note)


def _services(entry: Entry, variants: list[Json]) -> None:
    for variant in variants:
        when = variant.get("when") or {}
        service = when.get("processing") or when.get("service_tier")
        if service not in ("batch", "flex", "priority"):
            continue
        start = (variant.get("constraint") or {}).get("start_date")
        note = f"seen from {start} on" if start else None
        _said(entry, variant.get("prices") or {}, str(service), None, note)


def _said(
    entry: Entry,
    prices: dict[str, Json],
    service: str | None,
    since: date | None,
    note: str | None,
) -> None:
    for theirs, value in prices.items():
        known = _PRICES.get(theirs)
        if known is None:
            entry.skip(theirs, "a price of something we have no name for")
            continue
        what, per = known
        base = value.get("base") if isinstance(value, dict) else value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        entry.price(price_field(what, service), base, per, since=since, note=note)
        for tier in value.get("tiers", []) if isinstance(value, dict) else []:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            field = price_field(what, service, int(tier["start"]))  # pyright: ignore[reportUnknownArgumentType]
            entry.price(field, tier["price"], per, since=since, note=note)


def _rate(prices: dict[str, Json]) -> Decimal:
    value = prices.get("input_mtok", 0)
    return Decimal(str(value["base"] if isinstance(value, dict) else value))
