"""How old a fact is for what it says: prices age in weeks, benchmarks in months, licences in years. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Literal

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.core.model import Claim, Model

Grade = Literal["fresh", "ageing", "stale"]

LIMITS_DAYS: dict[str, tuple[int, int]] = {
    "price": (45, 120),
    "life": (60, 180),
    "limit": (120, 365),
    "benchmark": (180, 540),
    "policy": (180, 365),
    "other": (365, 1095),
}
"""Until when a fact of a kind is fresh, and from when it is stale. 12 % of litellm's first-party prices changed
in four months, 10 % of its contexts; notices of an end came 60 to 180 days before it."""

_POLICY = ("residency", "certifications", "trains_on_inputs", "sla_share", "requests_per_minute")


class Stale(Struct, frozen=True, kw_only=True):
    """One winning fact with its age."""

    model: str
    field: str
    source: str
    observed_on: date
    age_days: int
    grade: Grade


def grades(catalog: Catalog, models: Iterable[Model], today: date) -> list[Stale]:
    """Of every winning fact of every model that lives, the oldest first."""
    found: list[Stale] = []
    for model in models:
        end = catalog.retired_on(model)
        if end is not None and end <= today:
            continue
        seen: set[str] = set()
        for claim in catalog.claims(model, as_of=today):
            if claim.field not in seen:
                seen.add(claim.field)
                found.append(_graded(catalog, model, claim, today))
    return sorted(found, key=lambda s: (-s.age_days, s.model, s.field))


def counts(found: Iterable[Stale]) -> dict[tuple[str, str], Counter[str]]:
    """(kind of field, source) to how many of each grade."""
    out: dict[tuple[str, str], Counter[str]] = {}
    for one in found:
        out.setdefault((kind_of(one.field), one.source), Counter())[one.grade] += 1
    return out


def kind_of(field: str) -> str:
    """A key of `LIMITS_DAYS`."""
    if field.startswith("price_"):
        return "price"
    if field.startswith("benchmark:"):
        return "benchmark"
    if field in ("retired_on", "deprecated_on", "successor"):
        return "life"
    if field.endswith("_tokens"):
        return "limit"
    return "policy" if field in _POLICY else "other"


def _graded(catalog: Catalog, model: Model, claim: Claim, today: date) -> Stale:
    seen = catalog.observed_on(claim)
    age = max(0, (today - seen).days)
    fresh, stale = LIMITS_DAYS[kind_of(claim.field)]
    grade: Grade = "fresh" if age <= fresh else ("stale" if age > stale else "ageing")
    return Stale(
        model=model.id,
        field=claim.field,
        source=claim.source,
        observed_on=seen,
        age_days=age,
        grade=grade,
    )
