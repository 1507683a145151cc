"""Every field a claim may be about: its unit, its type, and what it means.

Prices have a grammar of their own: `price_<what>_per_<unit>[@<condition>][><tokens>]`. The condition is a
service (`batch`, `flex`, `priority`) or `region=<name>`; `>200000` is the price of a request with more input
tokens than that. `price_input_per_mtok@batch>200000` is input of a big batch request.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

Type = Literal["text", "texts", "date", "count", "number", "yes_no", "money"]


class Field(Struct, frozen=True):
    """What the values of one field are."""

    type: Type
    unit: str
    """Empty where there is none."""
    meaning: str


class PriceField(Struct, frozen=True):
    """A price field taken apart."""

    what: str
    """A key of `PRICES`, e.g. `input`."""
    condition: str | None = None
    above_tokens: int | None = None


FIELDS: dict[str, Field] = {
    "name": Field("text", "", "what its vendor calls it to people"),
    "vendor": Field("text", "", "who made it"),
    "family": Field("text", "", "the line it belongs to"),
    "host": Field("text", "", "who serves it, where that is not its vendor"),
    "kind": Field(
        "text", "", "chat, embedding, image, speech, transcription, vision, science, ..."
    ),
    "purpose": Field("text", "", "the one task it is made for; absent = general"),
    "is_preview": Field("yes_no", "", "a preview, beta or experiment by its vendor's own words"),
    "released_on": Field(
        "date", "day", "first day it could be had; a month or year stands as given"
    ),
    "retired_on": Field("date", "day", "last day is the day before"),
    "deprecated_on": Field("date", "day", "when its end was announced"),
    "successor": Field("text", "", "what its vendor names to use instead"),
    "knowledge_until": Field("date", "day", "end of what it was trained on"),
    "context_tokens": Field("count", "tokens", "input and output of one request together"),
    "max_input_tokens": Field(
        "count", "tokens", "input of one request, where it is not what the context leaves"
    ),
    "max_output_tokens": Field("count", "tokens", "output of one request"),
    "input_kinds": Field("texts", "", "text, image, pdf, audio, video"),
    "output_kinds": Field("texts", "", "text, image, audio, video, embedding"),
    "has_tools": Field("yes_no", "", "calls functions"),
    "has_structured_output": Field("yes_no", "", "answers in a given JSON schema"),
    "has_vision": Field("yes_no", "", "reads images"),
    "has_reasoning": Field("yes_no", "", "thinks before it answers"),
    "has_streaming": Field("yes_no", "", "sends an answer as it is made"),
    "has_fine_tuning": Field("yes_no", "", "can be trained further by its users"),
    "has_batch": Field("yes_no", "", "can be had in cheap batches"),
    "is_open_weights": Field("yes_no", "", "its weights can be downloaded"),
    "licence": Field("text", "", "licence of the weights, or of the service"),
    "licence_class": Field("text", "", "osi, use-restricted, research-only, proprietary"),
    "parameters_b": Field("number", "10^9 parameters", "all of them, every expert included"),
    "active_parameters_b": Field("number", "10^9 parameters", "used for one token"),
    "deployments": Field("texts", "", "api, cloud, self_hosted, on_premises, edge, offline"),
    "runs_on": Field("texts", "", "ollama, vllm, tgi, llama.cpp, huggingface"),
    "residency": Field(
        "texts", "", "regions that data can be held to: us, eu, ..., own = wherever you run it"
    ),
    "certifications": Field(
        "texts", "", "hipaa, soc2, gdpr, iso27001, fedramp: what the API's maker can sign"
    ),
    "trains_on_inputs": Field(
        "text", "", "no, opt-out, yes: of API traffic, without a special contract"
    ),
    "requests_per_minute": Field("count", "requests/min", "rate limit of a new paying account"),
    "tokens_per_minute": Field("count", "tokens/min", "rate limit of a new paying account"),
    "sla_share": Field("number", "share", "availability promised by contract, 0-1"),
    "languages": Field("texts", "", "ISO 639-1 codes that its maker says it was made for"),
    "latency_class": Field("text", "", "real_time, interactive, near_real_time, batch"),
    "speed_stars": Field("number", "stars of 5", "the guide's own"),
    "output_tokens_per_s": Field("number", "tokens/s", "speed of the answer"),
    "ttft_s": Field("number", "s", "time to first token"),
    "price_currency": Field("text", "", "ISO 4217, where prices are not in USD"),
    "price_tier_rule": Field("text", "", "whole_request or marginal"),
}
"""`benchmark:<name>` fields are scores from 0 to 1, or points of an Elo scale where the name says so."""

PRICES: dict[str, tuple[str, str]] = {  # what: (unit in the field's name, meaning)
    "input": ("mtok", "text read"),
    "output": ("mtok", "text written"),
    "cached_input": ("mtok", "text read from the prompt cache"),
    "cache_write": (
        "mtok",
        "text written to the prompt cache, kept for 5 minutes or as the vendor likes",
    ),
    "cache_write_1h": ("mtok", "text written to the prompt cache for an hour"),
    "reasoning": ("mtok", "thinking, where it is not priced as output"),
    "audio_input": ("mtok", "audio heard"),
    "audio_cached_input": ("mtok", "audio heard from the prompt cache"),
    "audio_output": ("mtok", "audio spoken"),
    "image_input": ("mtok", "images seen, as tokens"),
    "image_cached_input": ("mtok", "images seen from the prompt cache, as tokens"),
    "image_output": ("mtok", "images made, as tokens"),
    "video_input": ("mtok", "video seen, as tokens"),
    "image_made": ("image", "an image made"),
    "image_seen": ("image", "an image seen"),
    "video_made": ("second", "a second of video made"),
    "video_seen": ("second", "a second of video seen"),
    "audio_heard": ("second", "a second of audio heard"),
    "audio_spoken": ("second", "a second of audio spoken"),
    "characters_input": ("mchar", "text read, by the million characters"),
    "characters_output": ("mchar", "text written, by the million characters"),
    "request": ("request", "a request, whatever its size"),
    "page": ("page", "a page read"),
    "web_search": ("call", "a web search by the model"),
    "file_search": ("call", "a file search by the model"),
    "code_session": ("call", "a session of the code interpreter"),
    "cache_storage": ("mtok_hour", "keeping text in the prompt cache for an hour"),
}

UNITS = {
    "mtok": "million tokens",
    "mchar": "million characters",
    "mtok_hour": "million tokens for an hour",
}
"""Units in the names of fields, in words, where they are not words."""

CONDITIONS = ("batch", "flex", "priority")
_DAY = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_PRICE = re.compile(
    r"price_(?P<what>[a-z0-9_]+)_per_(?P<unit>[a-z_]+?)"
    r"(@(?P<condition>batch|flex|priority|region=[a-z0-9-]+))?(>(?P<above>\d+))?"
)


def price_field(what: str, condition: str | None = None, above_tokens: int | None = None) -> str:
    """The name of a price's field. Raises `KeyError` for what is not in `PRICES`."""
    unit, _ = PRICES[what]
    tier = "" if above_tokens is None else f">{above_tokens}"
    return f"price_{what}_per_{unit}" + (f"@{condition}" if condition else "") + tier


def parse_price(field: str) -> PriceField | None:
    """A price field taken apart; None when it is not one."""
    match = _PRICE.fullmatch(field)
    if match is None:
        return None
    what = match["what"]
    if what not in PRICES or PRICES[what][0] != match["unit"]:
        return None
    above = match["above"]
    return PriceField(what, match["condition"], None if above is None else int(above))


def can_hold(field: str, value: object) -> bool:
    """Whether a value is of the type of the field, and not absurd: counts above 0, days that exist."""
    known = describe(field)
    if known is None:
        return False
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if known.type == "yes_no":
        return isinstance(value, bool)
    if known.type == "count":
        return isinstance(value, int) and number and 0 < value < 10**12
    if known.type in ("number", "money"):
        return isinstance(value, int | float) and number and 0 <= value < 10**9
    if known.type == "texts":
        return isinstance(value, list)
    return isinstance(value, str) and (known.type != "date" or _DAY.fullmatch(value) is not None)


def describe(field: str) -> Field | None:
    """What a field means; None when there is no such field."""
    if field.startswith("benchmark:"):
        unit = "Elo points" if "elo" in field or "arena" in field else "of 1"
        return Field("number", unit, f"score of {field.partition(':')[2]}")
    price = parse_price(field)
    if price is None:
        return FIELDS.get(field)
    unit, meaning = PRICES[price.what]
    return Field("money", f"USD per {UNITS.get(unit, unit)}", meaning)
