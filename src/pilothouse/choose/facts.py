"""What choosing needs to know of each model, resolved from its claims as of a date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog, trust
from pilothouse.catalog.prices import Rates, rates
from pilothouse.core.model import Claim, Model, Source
from pilothouse.core.need import CLASS_LIMIT_S

_PREVIEW = re.compile(r"(^|-)(preview|beta|exp|experimental|latest|labs)(-|$)")
_PURPOSES = {
    "audio": "audio",
    "voxtral": "audio",
    "tts": "speech",
    "lyria": "music",
    "dall-e": "image generation",
    "stable-diffusion": "image generation",
    "robotics": "robotics",
    "omni": "video",
    "codex": "code",
    "code": "code",
    "codestral": "code",
    "coder": "code",
    "codellama": "code",
    "starcoder": "code",
    "starcoder2": "code",
    "devstral": "code",
    "grok-build": "code",
    "vibe-cli": "code",
    "leanstral": "code",
    "galactica": "science",
    "search": "web search",
    "deep-research": "research agent",
    "multi-agent": "research agent",
    "computer-use": "computer use",
    "cyber": "security",
    "daybreak": "security",
    "rosalind": "life sciences",
    "law": "legal",
}
"""A special purpose by a part of the id: such a model is only offered for that task."""


class Offer(Struct, frozen=True, kw_only=True):
    """One model as of a date. None is "nobody says", never a default."""

    id: str
    name: str
    vendor: str
    api_id: str
    """What the vendor's API calls it."""
    released_on: date | None = None
    first_seen_on: date
    retired_on: date | None = None
    successor: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    inputs: frozenset[str] | None = None
    abilities: dict[str, bool] = {}
    is_open_weights: bool | None = None
    licence: str | None = None
    rates: Rates | None = None
    """None = nobody says what it costs."""
    latency_limit_s: float | None = None
    latency_class: str | None = None
    speed: float | None = None
    benchmarks: dict[str, float] = {}
    is_preview: bool = False
    purpose: str | None = None
    claims: dict[str, Claim] = {}
    """The winning claim of each field."""


def offers(catalog: Catalog, as_of: date) -> list[Offer]:
    """Every model of the catalogue, with the facts that were true on `as_of`."""
    return [_offer(model, catalog.sources, as_of) for model in catalog.models]


def _offer(model: Model, sources: Mapping[str, Source], as_of: date) -> Offer:
    best = _winners(model, sources, as_of)
    value: dict[str, Any] = {field: claim.value for field, claim in best.items()}
    latency_class = value.get("latency_class")
    abilities = {
        ability: bool(value[f"has_{ability}"])
        for ability in ("tools", "structured_output", "vision", "reasoning")
        if f"has_{ability}" in value
    }
    inputs = value.get("input_kinds")
    if "vision" not in abilities and inputs is not None:
        abilities["vision"] = "image" in inputs
    if inputs is None and "vision" in abilities:
        inputs = ["text", "image"] if abilities["vision"] else ["text"]
    return Offer(
        id=model.id,
        name=str(value.get("name", model.id)),
        vendor=str(value.get("vendor", "")),
        api_id=_api_id(model),
        released_on=_date(value.get("released_on")),
        first_seen_on=min(
            sources[c.source].observed_on for c in model.claims if c.source != "guide"
        )
        if any(c.source != "guide" for c in model.claims)
        else sources["guide"].observed_on,
        retired_on=_date(value.get("retired_on")),
        successor=value.get("successor"),
        context_tokens=value.get("context_tokens"),
        max_output_tokens=value.get("max_output_tokens"),
        inputs=None if inputs is None else frozenset(inputs),
        abilities=abilities,
        is_open_weights=value.get("is_open_weights"),
        licence=value.get("licence"),
        rates=rates(best),
        latency_limit_s=CLASS_LIMIT_S.get(str(latency_class)),
        latency_class=latency_class,
        speed=value.get("speed_stars"),
        benchmarks={
            field.removeprefix("benchmark:"): float(v)
            for field, v in value.items()
            if field.startswith("benchmark:")
        },
        is_preview=_PREVIEW.search(model.id) is not None,
        purpose=_purpose(model.id),
        claims=best,
    )


def _winners(model: Model, sources: Mapping[str, Source], as_of: date) -> dict[str, Claim]:
    best: dict[str, Claim] = {}
    trusts: dict[str, tuple[int, int, str, int]] = {}
    for claim in model.claims:
        if claim.valid_from is not None and claim.valid_from > as_of:
            continue
        key = trust(claim, sources[claim.source])
        if claim.field not in best or key < trusts[claim.field]:
            best[claim.field], trusts[claim.field] = claim, key
    return best


def _api_id(model: Model) -> str:
    """The id in the sources that list APIs, because ours is shorter for some retired models."""
    for source in ("models.dev", "litellm", "tokencost"):
        for claim in model.claims:
            if claim.source == source:
                return claim.key.rpartition("/")[2]
    return model.id


def _purpose(model_id: str) -> str | None:
    for part, purpose in _PURPOSES.items():
        at = model_id.find(part)
        if at >= 0 and (at == 0 or model_id[at - 1] == "-"):
            end = at + len(part)
            if end == len(model_id) or model_id[end] in "-.":
                return purpose
    return None


def _date(value: Any) -> date | None:
    """Sources give a day, a month or a year: an open end counts as its first day."""
    if value is None:
        return None
    year, month, day, *_ = [*(int(p) for p in str(value)[:10].split("-")), 1, 1]
    return date(year, month, day)
