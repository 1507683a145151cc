"""litellm's cost map: one flat object, key to row. tokencost ships an older copy of the same shape.

Price keys there have a grammar: `<what>[_above_<n>k_tokens][_batches|_flex|_priority]`.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from pilothouse.catalog.fields import price_field
from pilothouse.catalog.importers.hosts import host
from pilothouse.catalog.importers.reading import (
    Json,
    as_object,
    is_list,
    is_object,
    part,
    read_json,
)
from pilothouse.catalog.importers.rows import Entry, in_order
from pilothouse.catalog.snapshot import Row, Skipped, Snapshot
from pilothouse.core.model import Source

_MILLION = Decimal(1_000_000)
_PRICES: dict[str, tuple[str, Decimal]] = {
    "input_cost_per_token": ("input", _MILLION),
    "output_cost_per_token": ("output", _MILLION),
    "cache_read_input_token_cost": ("cached_input", _MILLION),
    "cache_creation_input_token_cost": ("cache_write", _MILLION),
    "cache_creation_input_token_cost_above_1hr": ("cache_write_1h", _MILLION),
    "output_cost_per_reasoning_token": ("reasoning", _MILLION),
    "input_cost_per_audio_token": ("audio_input", _MILLION),
    "cache_read_input_audio_token_cost": ("audio_cached_input", _MILLION),
    "output_cost_per_audio_token": ("audio_output", _MILLION),
    "input_cost_per_image_token": ("image_input", _MILLION),
    "cache_read_input_image_token_cost": ("image_cached_input", _MILLION),
    "output_cost_per_image_token": ("image_output", _MILLION),
    "input_cost_per_video_token": ("video_input", _MILLION),
    "input_cost_per_character": ("characters_input", _MILLION),
    "output_cost_per_character": ("characters_output", _MILLION),
    "output_cost_per_image": ("image_made", Decimal(1)),
    "input_cost_per_image": ("image_seen", Decimal(1)),
    "input_cost_per_video_per_second": ("video_seen", Decimal(1)),
    "output_cost_per_video_per_second": ("video_made", Decimal(1)),
    "input_cost_per_audio_per_second": ("audio_heard", Decimal(1)),
    "input_cost_per_request": ("request", Decimal(1)),
    "ocr_cost_per_page": ("page", Decimal(1)),
    "code_interpreter_cost_per_session": ("code_session", Decimal(1)),
}
_SERVICES = {"batches": "batch", "flex": "flex", "priority": "priority"}
_UPLIFTS = {
    "eu": "regional_processing_uplift_multiplier_eu",
    "us": "regional_processing_uplift_multiplier_us",
    "regional": "regional_endpoint_uplift_multiplier",
}
"""Region to the key of its factor; `regional` is any one region instead of the global endpoint."""
_KEY = re.compile(
    r"(?P<what>.+?)(_above_(?P<above>\d+)k_tokens)?(_(?P<service>batches|flex|priority))?"
)
_KINDS = {
    "responses": "chat",
    "completion": "completion",
    "audio_transcription": "transcription",
    "audio_speech": "speech",
    "image_generation": "image",
    "image_edit": "image",
    "video_generation": "video",
    "realtime": "realtime",
}
_ABILITIES = {
    "has_tools": "supports_function_calling",
    "has_structured_output": "supports_response_schema",
    "has_vision": "supports_vision",
    "has_reasoning": "supports_reasoning",
    "has_streaming": "supports_native_streaming",
}
_SENSES = {"image": "supports_vision", "pdf": "supports_pdf_input", "audio": "supports_audio_input",
           "video": "supports_video_input"}  # fmt: skip


def read(
    path: Path,
    *,
    name: str = "litellm",
    version: str = "1.109.1",
    observed_on: date = date(2026, 10, 19),
    url: str = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json",
) -> Snapshot:
    """Prices are USD per token there. Raises `InvalidInput`."""
    whole = as_object(read_json(path), str(path))
    skipped: list[Skipped] = []
    rows: list[Row] = []
    for key, value in whole.items():
        where = f"{path}: {key[:120]}"
        if key == "sample_spec":
            continue
        if not is_object(value):
            skipped.append(Skipped(where=where, why="its entry is not an object"))
            continue
        rows.append(_row(key, value, Entry(name, key, where, skipped)))
    source = Source(
        name=name,
        version=version,
        licence="MIT",
        observed_on=observed_on,
        url=url,
    )
    return Snapshot(source=source, rows=in_order(rows), skipped=tuple(skipped))


def _row(key: str, value: dict[str, Json], entry: Entry) -> Row:
    provider = str(value.get("litellm_provider") or key.partition("/")[0])
    told = str(value.get("source") or "")
    entry.url = told if told.startswith("http") else None
    regions = _regions(entry, value)
    for theirs, amount in value.items():
        _price(entry, theirs, amount, regions)
    search = part(value, "search_context_cost_per_query")
    entry.price(price_field("web_search"), search.get("search_context_size_medium"))
    per_mode = "audio_heard" if value.get("mode") == "audio_transcription" else "audio_spoken"
    if value.get("mode") in ("audio_transcription", "audio_speech"):
        entry.price(price_field(per_mode), value.get("input_cost_per_second"))
    if value.get("mode") == "video_generation":
        entry.price(price_field("video_made"), value.get("output_cost_per_second"))
    for field, theirs in (
        ("context_tokens", "max_input_tokens"),
        ("max_output_tokens", "max_output_tokens"),
        ("requests_per_minute", "rpm"),
        ("tokens_per_minute", "tpm"),
    ):
        if isinstance(value.get(theirs), int | Decimal):
            entry.say(field, value[theirs] or None)
    for field, theirs in _ABILITIES.items():
        if isinstance(value.get(theirs), bool):
            entry.say(field, value[theirs])
    _senses(entry, value)
    entry.say("retired_on", value.get("deprecation_date"))
    mode = str(value.get("mode") or "chat")
    return entry.row(host(provider), _name(key, provider), _KINDS.get(mode, mode))


def _regions(entry: Entry, value: dict[str, Json]) -> dict[str, Decimal]:
    """Region to the factor on the standard prices for what is processed there."""
    factors = {region: value.get(theirs) for region, theirs in _UPLIFTS.items()}
    factors["us"] = factors["us"] or part(value, "provider_specific_entry").get("us")
    found: dict[str, Decimal] = {}
    for region, factor in factors.items():
        amount = entry.decimal(f"region {region}", factor)
        if amount is not None and not 1 <= amount <= 2:
            entry.skip(f"region {region}", f"{amount} is not a factor from 1 to 2")
        elif amount is not None:
            found[region] = amount
    return found


def _price(entry: Entry, theirs: str, amount: Json, regions: dict[str, Decimal]) -> None:
    match = _KEY.fullmatch(theirs)
    known = _PRICES.get(match["what"]) if match else None
    if match is None or known is None:
        return
    what, per = known
    above = int(match["above"]) * 1000 if match["above"] else None
    entry.price(price_field(what, _SERVICES.get(match["service"] or ""), above), amount, per)
    if match["service"] or per != _MILLION:
        return
    for region, factor in regions.items():
        field = price_field(what, f"region={region}", above)
        entry.price(field, amount, per * factor, note=f"the standard price times {factor}")


def _senses(entry: Entry, value: dict[str, Json]) -> None:
    reads, makes = value.get("supported_modalities"), value.get("supported_output_modalities")
    if is_list(reads):
        entry.say("input_kinds", sorted({str(v) for v in reads}))
    elif any(isinstance(value.get(k), bool) for k in _SENSES.values()):
        more = [kind for kind, theirs in _SENSES.items() if value.get(theirs) is True]
        entry.say("input_kinds", ["text", *more])
    if is_list(makes):
        entry.say("output_kinds", sorted({str(v) for v in makes}))


def _name(key: str, provider: str) -> str:
    """Without the list's own prefix of the provider."""
    head, slash, rest = key.partition("/")
    is_prefix = slash and (head == provider or host(head) == host(provider) or head in provider)
    return rest if is_prefix else key
