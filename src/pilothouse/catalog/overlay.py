"""A team's own catalogue file over the bundled one: own models, private prices, discounts, endpoints, corrections.

What it says wins over every list, is marked `your catalogue`, and is checked: units, signs, currencies, names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse.catalog.catalog import Catalog, CatalogFile
from pilothouse.catalog.fields import FIELDS, PRICES, can_hold, describe, parse_price, price_field
from pilothouse.catalog.importers.rows import plain
from pilothouse.catalog.trust import YOURS
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.core.model import Claim, FactValue, Model, Source
from pilothouse.documents.strict import Document, load

DEAREST_PER_MTOK = Decimal(1000)
"""Beyond it a price was hardly meant per million tokens."""
CHEAPEST_PER_MTOK = Decimal("0.001")
"""Below it a price was hardly meant per million tokens: per thousand, or per token."""
EARLIEST = date(2018, 1, 1)


_WANTED = {
    "text": "a text",
    "texts": "a list of texts",
    "date": "a day (2026-01-31)",
    "count": "a whole number above 0",
    "number": "a number from 0 on",
    "yes_no": "yes or no",
}


class OwnModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of yours, or your word on a known one. Prices are USD per million tokens unless `currency` says."""

    vendor: str | None = None
    of: str | None = None
    """Another model whose abilities it shares: a tuned or self-hosted copy."""
    aliases: list[str] = []
    prices: dict[str, Decimal] = {}
    """What (`input`, `output`, `cached_input`, ..., `input@batch`) to its price."""
    currency: str = "USD"
    since: date | None = None
    facts: dict[str, FactValue] = {}
    """Any field of the catalogue: `pilothouse catalog fields` lists them."""
    note: str | None = None
    url: str | None = None


class Discount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So much off the list prices of a vendor or a model."""

    share: Decimal
    """0.15 = 15 % off."""
    vendor: str | None = None
    model: str | None = None
    since: date | None = None
    until: date | None = None
    note: str | None = None


class OverlayFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written."""

    seen: date
    """The day on which you last checked it."""
    models: dict[str, OwnModel] = {}
    discounts: list[Discount] = []
    exchange: dict[str, Decimal] = {}
    """A currency to USD for one unit of it."""


def with_overlay(base: Catalog, path: Path) -> Catalog:
    """The catalogue with your file over it. Raises `InvalidInput`, every problem with its line."""
    document = load(path, OverlayFile)
    problems = [str(document.error(key, text)) for key, text in _problems(document, base)]
    if problems:
        raise InvalidInput("\n".join(problems))
    file = document.value
    source = Source(
        name=YOURS, version=path.name, licence="yours", observed_on=file.seen, confidence="ours"
    )
    models = {m.id: m for m in base.models}
    for name, own in file.models.items():
        card = _card(base, name, own, file.exchange)
        old = models.get(card.id)
        models[card.id] = _joined(old, card)
    for discount in file.discounts:
        for model in _discounted(base, discount, models):
            models[model.id] = model
    return Catalog(
        CatalogFile(
            version=f"{base.version}+{path.name}",
            sources={**base.sources, YOURS: source},
            models=tuple(models[i] for i in sorted(models)),
            hosts=base.hosts,
            moving=tuple(base.moving),
            served_by=base.served_by,
        ),
        base.hosted,
    )


def _card(base: Catalog, name: str, own: OwnModel, exchange: Mapping[str, Decimal]) -> Model:
    known = _known(base, name)
    rate = Decimal(1) if own.currency == "USD" else exchange[own.currency]
    note = own.note or (f"{own.currency} at {rate}" if own.currency != "USD" else None)
    claims = [
        _claim(name, _price_name(what), plain(amount * rate), own, note)
        for what, amount in own.prices.items()
    ]
    claims += [_claim(name, field, value, own, own.note) for field, value in own.facts.items()]
    if own.vendor is not None:
        claims.append(_claim(name, "vendor", own.vendor, own, own.note))
    if own.of is not None:
        base_model = base.find(own.of)
        taken = {c.field for c in claims}
        claims += [
            c
            for c in base_model.claims
            if c.field not in taken and not c.field.startswith("price_") and c.field != "retired_on"
        ]
    model_id = known.id if known is not None else name
    return Model(id=model_id, aliases=tuple(own.aliases), claims=tuple(claims))


def _claim(key: str, field: str, value: FactValue, own: OwnModel, note: str | None) -> Claim:
    return Claim(
        field=field,
        value=value,
        source=YOURS,
        key=key,
        valid_from=own.since if field.startswith("price_") else None,
        note=note,
        url=own.url,
    )


def _joined(old: Model | None, new: Model) -> Model:
    if old is None:
        return new
    return msgspec.structs.replace(
        old, aliases=(*old.aliases, *new.aliases), claims=(*new.claims, *old.claims)
    )


def _discounted(base: Catalog, discount: Discount, models: Mapping[str, Model]) -> Iterator[Model]:
    wanted = base.find(discount.model).id if discount.model else None
    note = discount.note or f"{discount.share:.0%} off the list price"
    for model in models.values():
        is_meant = model.id == wanted if wanted else base.value(model, "vendor") == discount.vendor
        if not is_meant:
            continue
        best: dict[str, Claim] = {}
        for claim in base.claims(model) if model.id in {m.id for m in base.models} else ():
            if parse_price(claim.field) and not claim.doubt:
                best.setdefault(claim.field, claim)
        own = [
            msgspec.structs.replace(
                claim,
                value=plain(Decimal(str(claim.value)) * (1 - discount.share)),
                source=YOURS,
                key=model.id,
                valid_from=discount.since,
                valid_to=discount.until,
                note=note,
            )
            for claim in best.values()
        ]
        yield msgspec.structs.replace(model, claims=(*own, *model.claims))


def _problems(document: Document[OverlayFile], base: Catalog) -> Iterator[tuple[str, str]]:
    file = document.value
    for name, own in file.models.items():
        yield from _problems_of(f"models.{name}", name, own, file, base)
    for currency, rate in file.exchange.items():
        if not rate.is_finite() or rate <= 0:
            yield f"exchange.{currency}", f"{rate} is not a rate"
    vendors = {str(c.value) for m in base.models for c in m.claims if c.field == "vendor"}
    for i, discount in enumerate(file.discounts):
        yield from _problems_of_discount(f"discounts[{i}]", discount, base, vendors)


def _problems_of(
    key: str, name: str, own: OwnModel, file: OverlayFile, base: Catalog
) -> Iterator[tuple[str, str]]:
    if own.currency != "USD" and own.currency not in file.exchange:
        yield f"{key}.currency", f"no rate for {own.currency}: give one under exchange"
    for what, amount in own.prices.items():
        yield from _problems_of_price(f"{key}.prices.{what}", what, amount)
    for field, value in own.facts.items():
        known = describe(field)
        if known is None:
            yield f"{key}.facts.{field}", f"no such field.{did_you_mean(field, FIELDS)}"
        elif parse_price(field):
            yield f"{key}.facts.{field}", "prices go under prices"
        elif not can_hold(field, value):
            wanted = _WANTED[known.type]
            yield f"{key}.facts.{field}", f"{str(value)[:40]!r} is not {wanted}: {known.meaning}"
    if own.since is not None and own.since < EARLIEST:
        yield f"{key}.since", f"{own.since} is before the first priced model"
    if own.of is not None and _known(base, own.of) is None:
        yield f"{key}.of", _no_model(base, own.of)
    if own.of is None and own.vendor is None and _known(base, name) is None:
        hint = _no_model(base, name)
        yield key, f"{hint} A model of your own needs vendor or of."


def _problems_of_price(key: str, what: str, amount: Decimal) -> Iterator[tuple[str, str]]:
    bare = what.partition("@")[0].partition(">")[0]
    if bare not in PRICES or parse_price(_price_name(what)) is None:
        yield key, f'nothing is priced by "{what}".{did_you_mean(bare, PRICES)}'
        return
    if not amount.is_finite() or amount < 0:
        yield key, f"{amount} is not a price"
    elif PRICES[bare][0] == "mtok" and amount > DEAREST_PER_MTOK:
        yield key, f"{amount} USD per million tokens? Prices here are per million."
    elif PRICES[bare][0] == "mtok" and 0 < amount < CHEAPEST_PER_MTOK:
        yield (
            key,
            f"{amount} USD per million tokens? Per thousand or per token times what is missing.",
        )


def _problems_of_discount(
    key: str, discount: Discount, base: Catalog, vendors: set[str]
) -> Iterator[tuple[str, str]]:
    if not discount.share.is_finite() or not 0 < discount.share < 1:
        yield f"{key}.share", f"{discount.share} is not a share between 0 and 1 (0.15 = 15 % off)"
    if (discount.vendor is None) == (discount.model is None):
        yield key, "give vendor or model, and not both"
    elif discount.vendor is not None and discount.vendor not in vendors:
        hint = did_you_mean(discount.vendor, vendors)
        yield f"{key}.vendor", f'no vendor "{discount.vendor}" in the catalogue.{hint}'
    elif discount.model is not None and _known(base, discount.model) is None:
        yield f"{key}.model", _no_model(base, discount.model)
    if discount.since and discount.until and discount.until <= discount.since:
        yield f"{key}.until", "ends before it begins"


def _price_name(what: str) -> str:
    bare, at, rest = what.partition("@")
    if not at:
        bare, _, above = what.partition(">")
        return price_field(bare) + (f">{above}" if above else "")
    return f"{price_field(bare)}@{rest}"


def _known(base: Catalog, name: str) -> Model | None:
    try:
        return base.find(name)
    except NotFound:
        return None


def _no_model(base: Catalog, name: str) -> str:
    try:
        base.find(name)
    except NotFound as error:
        return str(error).partition(" (list")[0]
    return ""
