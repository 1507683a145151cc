"""Thirty briefs, and a judge of picks that shares no code with the engine: it reads the catalogue's facts itself.

The guide's ten use cases, each as written, in house, and with half the money and more rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import yaml

from pilothouse.catalog.catalog import load_bundled
from pilothouse.choose.guide.templates import template_names, template_text
from pilothouse.core.model import Model
from pilothouse.core.need import Need

TODAY = date(2026, 11, 24)
CATALOG = load_bundled()
BRIEFS = [(n, k) for n in template_names() for k in ("as_written", "in_house", "strict")]


def variant(name: str, kind: str) -> Need:
    """One brief as a need."""
    whole: dict[str, Any] = yaml.safe_load(template_text(name))
    must = whole.setdefault("must", {})
    if kind == "in_house":
        must["deployment"] = "self_hosted"
        must.pop("budget", None)
        must.pop("privacy", None)
        whole["unknown"] = "admit"
    elif kind == "strict":
        budget = must.setdefault("budget", {"per_request_usd": 0.05})
        must["budget"] = {k: v / 2 for k, v in budget.items()}
        must.setdefault("privacy", {})["no_training"] = True
        must["lives_until"] = date(2027, 6, 1)
        must.setdefault("vendors", {})["deny"] = ["deepseek"]
    return msgspec.convert(whole, Need, strict=False)


def is_retired(model_id: str) -> bool:
    """Whether its vendor had ended it by the day."""
    end = CATALOG.retired_on(CATALOG.find(model_id))
    return end is not None and end <= TODAY


def violations(need: Need, model_id: str) -> list[str]:
    """Every limit that the facts contradict, and unless the need admits it every one they do not bear out."""
    model = CATALOG.find(model_id)
    found = [*_about_the_model(need, model), *_about_the_host(need, model)]
    lets_off = need.unknown == "admit"
    return [word for word, holds in found if holds is False or (holds is None and not lets_off)]


_Held = tuple[str, bool | None]
"""A limit and whether it is kept; None = nobody says."""


def _about_the_model(need: Need, model: Model) -> Iterator[_Held]:
    must = need.must
    context = _fact(model, "context_tokens")
    if must.context_tokens:
        yield "context", None if context is None else context >= must.context_tokens
    longest = (need.tokens.longest_input or need.tokens.input) + need.tokens.output
    yield "longest request", context is None or context >= longest
    kinds = _fact(model, "input_kinds")
    sees = _fact(model, "has_vision")
    for kind in must.inputs:
        known = None if kinds is None else kind in kinds
        yield f"reads {kind}", sees if known is None and kind == "image" else known
    for ability in must.requires:
        has = _fact(model, f"has_{ability}")
        yield ability, "image" in kinds if has is None and ability == "vision" and kinds else has
    yield "kind", (_fact(model, "kind") or "chat") == "chat"
    yield "preview", must.allow_previews or not _fact(model, "is_preview")
    purpose = _fact(model, "purpose")
    yield "purpose", purpose is None or purpose in need.tasks
    end = CATALOG.retired_on(model)
    if end is not None:
        yield "retired", end > TODAY
        yield "lives until", must.lives_until is None or end >= must.lives_until
        yield "lives for days", end >= TODAY + timedelta(days=must.lives_for_days)


def _about_the_host(need: Need, model: Model) -> Iterator[_Held]:
    must, vendor = need.must, str(_fact(model, "vendor"))
    yield "vendor", vendor not in must.vendors.deny
    if must.deployment == "self_hosted":
        yield "weights", _fact(model, "is_open_weights")
        yield "licence", _fact(model, "licence_class") != "research-only"
        return
    trains = _host_fact(model, "trains_on_inputs")
    if must.privacy.no_training:
        yield "no training", None if trains is None else trains == "no"
    has = _host_fact(model, "certifications")
    for name in must.privacy.certifications:
        yield name, None if has is None else name in has
    cost = request_usd(need, model)
    yield "price", None if cost is None else True
    for limit, times in ((must.budget.per_request_usd, 1), (must.budget.per_month_usd, 30)):
        if limit is not None and cost is not None:
            volume = need.volume_per_day if times == 30 else 1
            yield "budget", cost * times * volume <= limit


def request_usd(need: Need, model: Model) -> Decimal | None:
    """By the prices per million tokens, the tier of the prompt's size, and the cached share."""
    size = need.tokens.input
    said = CATALOG.fact(model, "price_input_per_mtok", TODAY)
    above = [  # lists differ on tiers: only those of the list that says the price
        int(c.field.partition(">")[2])
        for c in model.claims
        if c.field.startswith("price_input_per_mtok>") and said and c.source == said.source
    ]
    tier = max((a for a in above if size > a), default=None)

    def price(what: str) -> Decimal | None:
        names = [f"price_{what}_per_mtok>{tier}"] if tier is not None else []
        for name in [*names, f"price_{what}_per_mtok"]:
            value = _fact(model, name)
            if value is not None:
                return Decimal(str(value)) / 1_000_000
        return None

    cached = round(size * need.tokens.cached_share)
    fresh, out, hit = price("input"), price("output"), price("cached_input")
    if fresh is None or out is None or (cached and hit is None):
        return None
    return (size - cached) * fresh + need.tokens.output * out + cached * (hit or Decimal(0))


def _host_fact(model: Model, field: str) -> Any:
    own = _fact(model, field)
    host = CATALOG.host(model)
    return own if own is not None or host is None else _fact(host, field)


@cache
def _facts(model_id: str) -> dict[str, Any]:
    return {}


def _fact(model: Model, field: str) -> Any:
    """What stands on the day; a price that the catalogue doubts is none."""
    known = _facts(model.id)
    if field not in known:
        claim = CATALOG.fact(model, field, TODAY)
        is_doubted = claim is not None and field.startswith("price_") and claim.doubt is not None
        known[field] = None if claim is None or is_doubted else claim.value
    return known[field]
