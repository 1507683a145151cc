"""The bill of one call, line by line, exact; or the names of what nobody prices.

Text input and output, cached input, cache writes, audio, images, video, searches and so on each have a
price of their own (docs/prices.md). Nothing is guessed: a dimension without a price refuses the whole bill.
Three things are not guesses but how vendors bill, and the line says so: thinking is output, and images and
video are input tokens, where a model that reads them has no other price for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.fields import PRICES, parse_price, price_field
from pilothouse.catalog.quantities import Quantities, checked, used
from pilothouse.catalog.standing import Standing, standing
from pilothouse.core.model import Claim, Model

_DIVISOR = {"mtok": Decimal(1_000_000), "mchar": Decimal(1_000_000)}
_STANDS_FOR = {
    "reasoning": "output",
    "image_input": "input",
    "video_input": "input",
    "image_cached_input": "cached_input",
}


class Line(Struct, frozen=True, kw_only=True):
    """One dimension of a bill."""

    what: str
    quantity: Decimal
    field: str
    """The price used: its unit is in its name."""
    price: Decimal
    source: str
    amount_usd: Decimal
    note: str | None = None


class Bill(Struct, frozen=True, kw_only=True):
    """A total with its lines, or a refusal with its reasons: exactly one of the two."""

    model: str
    on: date
    lines: tuple[Line, ...] = ()
    refused: tuple[str, ...] = ()
    total_usd: Decimal | None = None
    notes: tuple[str, ...] = ()
    """What else to know: that it has ended, that so much does not fit."""


def bill(
    catalog: Catalog,
    model: Model,
    quantities: Quantities,
    on: date,
    *,
    service: str | None = None,
    region: str | None = None,
    exchange: Mapping[str, Decimal] | None = None,
) -> Bill:
    """What the call costs at the prices of the day.

    `service` is batch, flex or priority; `region` the name of a price list's region; `exchange` USD for one
    unit of another currency. Raises `InvalidInput` for quantities that cannot be.
    """
    amounts = used(checked(quantities))
    here = standing(catalog, model, on)
    if here.is_unreleased:
        return Bill(model=model.id, on=on, refused=(f"date: {here.text}",))
    if service and region:
        problem = f"{service} in region {region}: no price list says what the two cost together"
        return Bill(model=model.id, on=on, refused=(problem,))
    notes = tuple(_notes(catalog, model, quantities, here))
    winning: dict[str, Claim] = {}
    for claim in catalog.claims(model, as_of=on):
        if claim.field.startswith("price_") and not claim.doubt:
            winning.setdefault(claim.field, claim)
    if quantities.requests and price_field("request") in winning:
        amounts["request"] = Decimal(quantities.requests)
    rate, problem = _exchange_rate(winning, exchange or {})
    if problem:
        return Bill(model=model.id, on=on, refused=(problem,))
    sheet = _Sheet(model.id, winning, service, region, quantities.input_tokens)
    lines: list[Line] = []
    refused: list[str] = []
    for what, quantity in amounts.items():
        parts = sheet.lines(what, quantity, rate)
        if parts is None:
            condition = service or (f"region {region}" if region else "")
            where = f" as {condition}" if condition else ""
            meaning = PRICES[what][1]
            known = (
                f" (regions with a price: {', '.join(sheet.regions) or 'none'})" if region else ""
            )
            refused.append(
                f"{what}{where}: nobody says what {meaning} costs for {model.id} on {on}{known}"
            )
        else:
            lines += parts
    if refused:
        told = tuple(lines)
        return Bill(model=model.id, on=on, lines=told, refused=tuple(refused), notes=notes)
    total = sum((line.amount_usd for line in lines), Decimal(0))
    return Bill(model=model.id, on=on, lines=tuple(lines), total_usd=total, notes=notes)


def _notes(catalog: Catalog, model: Model, quantities: Quantities, here: Standing) -> Iterator[str]:
    if here.is_retired and here.text:
        yield here.text
    said = (catalog.value(model, f, here.on) for f in ("context_tokens", "max_input_tokens"))
    room = max((int(str(value)) for value in said if value is not None), default=None)
    if room is not None and quantities.input_tokens > room:
        yield (
            f"{quantities.input_tokens:,} input tokens do not fit: {model.id} reads {room:,} on {here.on}"
        )


class _Sheet:
    """The prices of one model on one day under one condition."""

    def __init__(
        self,
        model: str,
        winning: Mapping[str, Claim],
        service: str | None,
        region: str | None,
        input_tokens: int,
    ) -> None:
        self._winning = winning
        self._condition = f"region={region}" if region else service
        self._input_tokens = input_tokens
        rule = winning.get("price_tier_rule")
        self._is_marginal = rule is not None and rule.value == "marginal"

    @property
    def regions(self) -> list[str]:
        """Those that any price names."""
        parsed = (parse_price(field) for field in self._winning)
        found = {p.condition for p in parsed if p and p.condition}
        return sorted(c.removeprefix("region=") for c in found if c.startswith("region="))

    def lines(self, what: str, quantity: Decimal, rate: Decimal) -> list[Line] | None:
        """One line, or one a tier where tiers are marginal. None: not priced."""
        base = self._price(what, None)
        note = None
        if base is None and what in _STANDS_FOR:
            note = f"priced as {_STANDS_FOR[what]}"
            what, base = _STANDS_FOR[what], self._price(_STANDS_FOR[what], None)
        if base is None:
            return None
        tiers = self._tiers(what, base)
        if not self._is_marginal:
            reached = [claim for above, claim in tiers if self._input_tokens > above]
            return [_line(what, quantity, reached[-1] if reached else base, rate, note)]
        lines: list[Line] = []
        steps = [(0, base), *tiers]
        for (start, claim), end in zip(steps, [s for s, _ in steps[1:]] + [None], strict=True):
            inside = (quantity if end is None else min(quantity, Decimal(end))) - start
            if inside > 0:
                lines.append(_line(what, inside, claim, rate, note))
        return lines

    def _price(self, what: str, above: int | None) -> Claim | None:
        return self._winning.get(price_field(what, self._condition, above))

    def _tiers(self, what: str, base: Claim) -> list[tuple[int, Claim]]:
        """Only of the list that says the base price: lists differ on where tiers start."""
        prefix = f"{price_field(what, self._condition)}>"
        found = [
            (int(field.removeprefix(prefix)), claim)
            for field, claim in self._winning.items()
            if field.startswith(prefix) and claim.source == base.source
        ]
        return sorted(found, key=lambda pair: pair[0])


def _line(what: str, quantity: Decimal, claim: Claim, rate: Decimal, note: str | None) -> Line:
    price = Decimal(str(claim.value)) * rate
    parsed = parse_price(claim.field)
    unit = PRICES[parsed.what][0] if parsed else ""
    return Line(
        what=what,
        quantity=quantity,
        field=claim.field,
        price=price,
        source=claim.source,
        amount_usd=quantity * price / _DIVISOR.get(unit, Decimal(1)),
        note=note or claim.note,
    )


def _exchange_rate(
    winning: Mapping[str, Claim], exchange: Mapping[str, Decimal]
) -> tuple[Decimal, str | None]:
    currency = winning.get("price_currency")
    if currency is None or currency.value == "USD":
        return Decimal(1), None
    if str(currency.value) in exchange:
        return exchange[str(currency.value)], None
    return Decimal(1), f"currency: prices are in {currency.value}, and no exchange rate was given"
