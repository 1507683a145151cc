"""Marks claims that cannot be right, by rules that would have caught errors seen in the lists.

A doubted claim stays in the catalogue with its reason, and loses to any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from pilothouse.core.model import Claim, Model

_PLACEHOLDERS = {"gemini-1.0-ultra": "the price of Gemini 1.0 Pro stands in for it"}

_TENTATIVE = ("claude-", "the vendor's 'not sooner than' taken for an end")
"""Anthropic gave its models a day before which they would not end; litellm's copy of 2025 has it as the end."""


def doubted(models: Iterable[Model]) -> Iterator[Model]:
    """The same models, with `doubt` where a rule finds one."""
    for model in models:
        claims = tuple(_marked(c, _doubt(c, model)) for c in model.claims)
        yield msgspec.structs.replace(model, claims=claims)


def _marked(claim: Claim, doubt: str | None) -> Claim:
    return claim if doubt is None or claim.doubt else msgspec.structs.replace(claim, doubt=doubt)


def _doubt(claim: Claim, model: Model) -> str | None:
    if claim.field == "retired_on":
        return _tentative(claim, model)
    if claim.field == "successor" and claim.value in (model.id, *model.aliases):
        return "names itself"
    if not claim.field.startswith("price_"):
        return None
    if model.id.startswith("gpt-oss") and model.of is None and not claim.note:
        return "OpenAI serves no API of it: another host's price"
    if (model.of or model.id) in _PLACEHOLDERS and claim.source.startswith("litellm"):
        return _PLACEHOLDERS[model.of or model.id]
    return _misfiled(claim, model) or _same_as_read(claim, model) or _half(claim, model)


def _misfiled(claim: Claim, model: Model) -> str | None:
    """A price of something else under the cache's name."""
    field, sign, tier = claim.field.partition(">")
    if field == "price_cache_write_per_mtok" and (model.of or model.id).startswith("gemini"):
        return "Google asks for keeping a cache by the hour, and for writing it the price of input"
    if field != "price_cached_input_per_mtok":
        return None
    read = _said(model, f"price_input_per_mtok{sign}{tier}", claim.source)
    if read is not None and Decimal(str(claim.value)) > Decimal(str(read)):
        return f"dearer than reading without a cache ({read}): another price in its place"
    return None


def _tentative(claim: Claim, model: Model) -> str | None:
    start, why = _TENTATIVE
    others = _others(claim, model)
    is_alone = not others or str(claim.value) in others
    return (
        why
        if claim.source == "litellm-2025" and model.id.startswith(start) and not is_alone
        else None
    )


def _others(claim: Claim, model: Model) -> set[str]:
    """What the other sources say of the same field."""
    found = (c for c in model.claims if c.field == claim.field and c.source != claim.source)
    return {str(c.value) for c in found}


def _same_as_read(claim: Claim, model: Model) -> str | None:
    """Writing to a cache never costs what reading from it does, where others say otherwise."""
    if claim.field != "price_cache_write_per_mtok":
        return None
    read = _said(model, "price_cached_input_per_mtok", claim.source)
    others = _others(claim, model)
    if read == claim.value and others and str(claim.value) not in others:
        return "equal to the price of reading the cache; others say otherwise"
    return None


def _half(claim: Claim, model: Model) -> str | None:
    """Exactly half of what another list says, for input and output alike: a batch price."""
    if claim.field not in ("price_input_per_mtok", "price_output_per_mtok"):
        return None
    for other in {c.source for c in model.claims} - {claim.source}:
        pairs = [
            (_said(model, field, claim.source), _said(model, field, other))
            for field in ("price_input_per_mtok", "price_output_per_mtok")
        ]
        if all(a and b and Decimal(str(a)) * 2 == Decimal(str(b)) for a, b in pairs) and (
            _said(model, f"{claim.field}@batch", other) == claim.value
        ):
            return f"half of what {other} says, and its batch price"
    return None


def _said(model: Model, field: str, source: str) -> object:
    found = [c for c in model.claims if c.field == field and c.source == source and not c.valid_to]
    return found[-1].value if found else None
