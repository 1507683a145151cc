"""Where sources contradict each other about the same field of the same model, and a probable cause. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.fields import describe
from pilothouse.core.model import Claim, Model

TOLERANCE = Decimal("0.03")
"""Contexts that differ by less are the same number counted in 1,000 or in 1,024."""


class Conflict(Struct, frozen=True, kw_only=True):
    """One field of one model, with everybody's word for it, the winner first."""

    model: str
    field: str
    claims: tuple[Claim, ...]
    cause: str | None
    """The likely reason, by rule; None = none of the rules."""


def conflicts(
    catalog: Catalog,
    models: Iterable[Model],
    as_of: date,
    *,
    fields: Sequence[str] = (),
) -> list[Conflict]:
    """Of each model and field, when claims in force on the day differ between sources, or one is doubted.

    `fields` are whole names or beginnings (`price`); texts are not compared, for lists write them freely.
    """
    found: list[Conflict] = []
    for model in models:
        by_field: dict[str, list[Claim]] = {}
        for claim in catalog.claims(model, as_of=as_of):
            if not fields or claim.field.startswith(tuple(fields)):
                by_field.setdefault(claim.field, []).append(claim)
        for field, claims in by_field.items():
            if _is_doubtful(claims) or _differ(field, [c for c in claims if not c.doubt]):
                cause = _cause(field, claims, model) or _moved_on(catalog, model, claims, as_of)
                found.append(
                    Conflict(model=model.id, field=field, claims=tuple(claims), cause=cause)
                )
    return found


def _is_doubtful(claims: Sequence[Claim]) -> bool:
    """Whether a doubted claim says something else than the winner, or is the winner."""
    winner = claims[0]
    return any(c.doubt and (winner.doubt or c.value != winner.value) for c in claims)


def _moved_on(catalog: Catalog, model: Model, claims: Sequence[Claim], as_of: date) -> str | None:
    """A past meaning of a moving name that somebody gave the value of its present one."""
    odd = {str(c.value) for c in claims} - {str(claims[0].value)}
    for alias in sorted({a.name for a in catalog.moving}):
        *past, now = catalog.history(alias)
        present = catalog.find(now.model)
        if present is model or all(catalog.find(span.model) is not model for span in past):
            continue
        if str(catalog.value(present, claims[0].field, as_of)) in odd:
            return f"the value of {present.id}, for which {alias} stands now"
    return None


def _differ(field: str, claims: Sequence[Claim]) -> bool:
    kind = describe(field)
    if len({c.source for c in claims}) < 2 or kind is None or kind.type in ("text", "texts"):
        return False
    if field.startswith("benchmark:") or field in ("released_on", "knowledge_until"):
        return False
    values = [_number(c) for c in claims]
    numbers = [v for v in values if v is not None]
    if len(numbers) < len(values):
        return len({str(c.value) for c in claims}) > 1
    low, high = min(numbers), max(numbers)
    if field.endswith("_tokens"):
        return high - low > high * TOLERANCE
    return low != high


def _cause(field: str, claims: Sequence[Claim], model: Model) -> str | None:
    winner = claims[0]
    doubted = (c.doubt for c in claims if c.doubt and (winner.doubt or c.value != winner.value))
    if doubt := next(doubted, None):
        return doubt
    numbers = sorted({v for c in claims if (v := _number(c)) is not None and not c.doubt})
    if len(numbers) < 2:
        return None
    low, high = numbers[0], numbers[-1]
    ratio = high / low if low else Decimal(0)
    if field.endswith("_tokens"):
        return _cause_of_size(low, high, model)
    if field.startswith("price_"):
        return _cause_of_price(ratio, claims)
    return None


def _cause_of_size(low: Decimal, high: Decimal, model: Model) -> str | None:
    outputs = {v for c in model.claims if c.field == "max_output_tokens" if (v := _number(c))}
    if high - low in outputs:
        return "one counts input and output together, another the input alone"
    if (low, high) in {(Decimal(10**6), Decimal(2**20)), (Decimal(2 * 10**6), Decimal(2**21))}:
        return "a million counted in tens and in twos"
    return None


def _cause_of_price(ratio: Decimal, claims: Sequence[Claim]) -> str | None:
    if ratio == 2:
        return "exactly half: a batch price taken for the standard one?"
    if ratio in (10, 100, 1000, 10_000):
        return f"a factor of {ratio:f}: cents, or per thousand for per million?"
    days = {c.valid_from for c in claims if c.valid_from}
    return "prices of different days" if days else None


def _number(claim: Claim) -> Decimal | None:
    if isinstance(claim.value, bool | list):
        return None
    try:
        return Decimal(str(claim.value))
    except InvalidOperation:
        return None
