"""genai-prices: prices with history, tiers and services (`prices/new_data/v2/data.json`, or its package's dump)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.fields import price_field
from pilothouse.catalog.importers.hosts import host
from pilothouse.catalog.importers.reading import (
    Json,
    is_list,
    is_object,
    items,
    objects,
    part,
    read_json,
)
from pilothouse.catalog.importers.rows import Entry, in_order, is_day, of_day
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
    providers = part(whole).get("providers") if is_object(whole) else whole
    skipped: list[Skipped] = []
    rows: list[Row] = []
    for where, provider in objects(providers, str(path), skipped, "id"):
        rows += _provider(provider, name, where, skipped)
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
    pages = items(provider, "pricing_urls") or [None]
    rows: list[Row] = []
    for place, model in objects(provider.get("models"), f"{where}.models", skipped, "id"):
        name, ours = str(model["id"]), host(str(provider["id"]))
        key = f"{provider['id']}/{name}"
        entry = Entry(source, key, f"{place} ({key})", skipped)
        entry.url = pages[0]
        _prices(entry, model.get("prices"))
        _services(entry, items(model, "price_variants"))
        entry.say("context_tokens", model.get("context_window"))
        row = entry.row(ours, name)
        rows.append(row)
        for other in _equals(part(model, "match"), name):
            rows.append(Row(key=f"{key}={other}", host=ours, name=other, claims=row.claims))
    return rows


def _equals(rule: Mapping[str, Json], name: str) -> list[str]:
    """Other names that the entry says it is for."""
    rules = items(rule, "or_") or [rule]
    names = [str(r["equals"]) for r in rules if is_object(r) and "equals" in r]
    return sorted({n for n in names if n != name})


def _prices(entry: Entry, prices: Json) -> None:
    """A price, or a list of prices by start day; of prices by time of day the dearest stands."""
    if is_object(prices):
        _said(entry, prices, None, (None, None), None)
        return
    by_day: dict[str | None, tuple[Mapping[str, Json], str | None]] = {}
    for step in prices if is_list(prices) else []:
        rule, found = part(step, "constraint"), part(step, "prices")
        start = rule.get("start_date")
        if start is not None and not is_day(start):
            entry.skip("start_date", f"{str(start)[:40]!r} is not a day")
            continue
        before = by_day.get(start)
        if before is None:
            by_day[start] = (found, _PEAK if "start_time" in rule else None)
        else:
            by_day[start] = (max(found, before[0], key=_rate), _PEAK)
    days = [None if start is None else of_day(start) for start in by_day]
    order = sorted(days, key=lambda d: d or date.min)
    ends = dict(zip(order, [*order[1:], None], strict=False))
    for day, (found, note) in zip(days, by_day.values(), strict=True):
        _said(entry, found, None, (day, ends[day]), note)


def _services(entry: Entry, variants: list[Json]) -> None:
    for variant in variants:
        when = part(variant, "when")
        service = when.get("processing") or when.get("service_tier")
        if service not in ("batch", "flex", "priority"):
            continue
        start = part(variant, "constraint").get("start_date")
        note = f"seen from {start} on" if start else None
        _said(entry, part(variant, "prices"), str(service), (None, None), note)


def _said(
    entry: Entry,
    prices: Mapping[str, Json],
    service: str | None,
    during: tuple[date | None, date | None],
    note: str | None,
) -> None:
    since, until = during
    for theirs, value in prices.items():
        known = _PRICES.get(theirs)
        if known is None:
            entry.skip(theirs, "a price of something we have no name for")
            continue
        what, per = known
        base = value.get("base") if is_object(value) else value
        entry.price(price_field(what, service), base, per, since=since, until=until, note=note)
        for tier in items(value, "tiers") if is_object(value) else []:
            start = tier.get("start") if is_object(tier) else None
            if not isinstance(start, int) or start < 0:
                entry.skip(theirs, "a tier without the size from which it holds")
                continue
            field = price_field(what, service, start)
            entry.price(field, tier.get("price"), per, since=since, until=until, note=note)


def _rate(prices: Mapping[str, Json]) -> Decimal:
    value = prices.get("input_mtok", 0)
    amount = value.get("base", 0) if is_object(value) else value
    return Decimal(amount) if isinstance(amount, int | Decimal) else Decimal(0)
