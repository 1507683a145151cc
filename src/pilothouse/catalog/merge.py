"""From the rows of many lists to cards: which rows speak of the same model, and where each claim goes.

A row of a vendor's own API goes to the vendor's model. A row without a host (weights, scores) goes to the
model it names. A row of anybody else becomes an offer of its own, `azure/gpt-4o`, that points to the model.
Nothing is invented: a row whose model nobody describes is left over, and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from pilothouse.catalog.names import loose, normal, same_model, undated
from pilothouse.catalog.snapshot import Row, Snapshot
from pilothouse.core.model import Alias, Claim, Model, Source

_PRICED = ("price_input_per_mtok", "price_output_per_mtok")
_LIFE = frozenset({"released_on", "deprecated_on", "retired_on", "successor"})
_NOT_OFFERED = frozenset(
    {"name", "family", "vendor", "knowledge_until", "released_on", "is_open_weights", "licence"}
    | {"input_kinds", "output_kinds", "has_reasoning", "parameters_b", "licence_class"}
)
"""What an offer does not repeat of its model."""


class Known(Struct, frozen=True, kw_only=True):
    """A model that the lists are to be matched to, whatever they call it."""

    id: str
    vendor: str
    aliases: tuple[str, ...] = ()
    rows: dict[str, str] = {}
    """Source to the key of the row that describes it, where its name does not lead there."""
    has_prices_of: tuple[str, ...] = ()
    """Sources of `rows` whose prices stand for it, though another host's."""


class Merged(Struct, frozen=True, kw_only=True):
    """Cards, and the rows that fit no model."""

    models: tuple[Model, ...]
    hosted: tuple[Model, ...]
    left_over: tuple[str, ...]


class _Card:
    """A model in the making."""

    def __init__(self, model_id: str, vendor: str) -> None:
        self.id = model_id
        self.vendor = vendor
        self.aliases: set[str] = set()
        self.claims: list[Claim] = []
        self._of_snapshots: list[Claim] = []

    def add(self, claims: Iterable[Claim], name: str) -> None:
        """What a row called `name` says: of the model itself, or of a dated snapshot of it."""
        is_itself = same_model(name) == normal(name) or normal(name) == normal(self.id)
        for claim in claims:
            is_of_snapshot = claim.field in _LIFE and not is_itself
            (self._of_snapshots if is_of_snapshot else self.claims).append(claim)

    def model(self, ids: Mapping[str, _Card]) -> Model:
        """The life of a model that no list gives as a whole is that of its first and last snapshot."""
        aliases = sorted(a for a in self.aliases if normal(a) not in ids)
        said = {c.field for c in self.claims}
        more: list[Claim] = []
        for field in sorted(_LIFE - said):
            found = sorted(
                (c for c in self._of_snapshots if c.field == field),
                key=lambda c: (str(c.value), c.key),
            )
            if found:
                more.append(found[0] if field == "released_on" else found[-1])
        return Model(id=self.id, aliases=tuple(aliases), claims=in_order([*self.claims, *more]))


class Merger:
    """Takes snapshots one after another; the order of rows in a snapshot does not matter."""

    def __init__(
        self,
        known: Iterable[Known],
        *,
        vendors: Mapping[str, str],
        makers: Mapping[str, str],
        moving: Sequence[Alias] = (),
        resold: Mapping[str, re.Pattern[str]] | None = None,
    ) -> None:
        """`vendors`: host to the vendor whose own API it is. `makers`: a list's word for a vendor to ours.

        `resold`: host to the beginnings of names of other vendors' models, which it serves too.
        """
        self._vendors = vendors
        self._makers = makers
        self._moving = moving
        self._resold = resold or {}
        self._source = ""
        self._cards: dict[str, _Card] = {}
        self._names: dict[str, _Card] = {}
        self._loose: dict[str, _Card] = {}
        self._taken: dict[tuple[str, str], tuple[_Card, bool]] = {}
        self._offers: dict[str, tuple[Row, list[Claim]]] = {}
        self._left_over: list[str] = []
        for one in known:
            card = self._card(one.id, one.vendor, one.aliases)
            for source, key in one.rows.items():
                self._taken[source, key] = (card, source in one.has_prices_of)

    def add(self, snapshot: Snapshot) -> None:
        """All rows of one source."""
        source, seen = snapshot.source.name, snapshot.source.observed_on
        self._source = source
        rows = sorted(snapshot.rows, key=lambda r: (r.host, r.name, r.key))
        names = {(r.host, normal(r.name)): r for r in rows}
        for row in rows:
            taken = self._taken.get((source, row.key))
            if taken is not None:
                card, has_prices = taken
                is_own = self._vendors.get(row.host) == card.vendor and self._is_own(row)
                told = _as_evidence(row, is_own=is_own, has_prices=has_prices or is_own)
                card.add(told, row.name)
                if not row.host or is_own:
                    continue
            if row.name.startswith("ft:"):
                self._add_tuned(row)
            if self._is_own(row):
                self._add_own(row, names, seen)
            elif not row.host:
                self._add_described(row, snapshot.source)
            else:
                told = list(row.claims)
                if row.kind != "chat":
                    told.append(self._said("kind", row.kind, row))
                self._offers.setdefault(f"{row.host}/{row.name}".lower(), (row, []))[1].extend(told)

    def _is_own(self, row: Row) -> bool:
        """Whether a vendor serves a model of its own, and not one of somebody else's."""
        if row.host not in self._vendors or "/" in row.name or ":" in row.name:
            return False
        others = self._resold.get(row.host)
        return others is None or others.match(row.name.lower()) is None

    def merged(self) -> Merged:
        """The cards in the order of their ids."""
        ids = {normal(card.id): card for card in self._cards.values()}
        models = [c.model(ids) for _, c in sorted(self._cards.items()) if c.claims]
        hosted = [self._offer(i, *self._offers[i]) for i in sorted(self._offers)]
        return Merged(
            models=tuple(models), hosted=tuple(hosted), left_over=tuple(sorted(self._left_over))
        )

    def _add_own(self, row: Row, names: Mapping[tuple[str, str], Row], seen: date) -> None:
        """A vendor's own API: a snapshot with its base's price is that model, else one of its own."""
        vendor = self._vendors[row.host]
        stood_for = self._moved(row.name, seen)
        name = stood_for or row.name
        card = self._names.get(normal(name))
        base_name = undated(normal(name))
        if card is None and base_name != normal(name):
            base = names.get((row.host, base_name))
            if base is not None and any(_price(row)) and _price(base) == _price(row):
                card = self._names.get(base_name) or self._card(base.name, vendor, ())
                card.aliases.add(name)
                self._names[normal(name)] = card
                return
        if card is None:
            card = self._card(name, vendor, ())
        doubt = self._doubt(row.name) if stood_for else None
        card.claims.append(self._said("vendor", vendor, row))
        if row.kind != "chat":
            card.claims.append(self._said("kind", row.kind, row))
        card.add([_in_doubt(c, doubt) for c in row.claims], row.name)

    def _add_tuned(self, row: Row) -> None:
        """A price of tuned models says that the model can be tuned."""
        card = self._resolved(row.name.removeprefix("ft:"))
        if card is not None:
            told = Claim(field="has_fine_tuning", value=True, source=self._source, key=row.key)
            card.claims.append(told)

    def _moved(self, name: str, seen: date) -> str | None:
        for span in self._moving:
            if normal(span.name) == normal(name) and _covers(span, seen):
                return span.model
        return None

    def _doubt(self, name: str) -> str | None:
        """Of what is said of a name that has stood for more than one model: lists lag behind."""
        spans = [s for s in self._moving if normal(s.name) == normal(name)]
        return f"said of {name}, a name that moves" if len(spans) > 1 else None

    def _add_described(self, row: Row, source: Source) -> None:
        """Weights and scores: of a model we have, or of one that the row itself describes."""
        stood_for = self._moved(row.name, source.observed_on)
        name = stood_for or row.name
        card = self._resolved(name)
        if card is None:
            maker = next((str(c.value) for c in row.claims if c.field == "vendor"), None)
            if maker is None:
                self._left_over.append(f"{source.name}: {row.key}")
                return
            card = self._card(name, self._makers.get(maker, maker), ())
        doubt = self._doubt(row.name) if stood_for else None
        claims = [_in_doubt(c, doubt) for c in row.claims if c.field != "vendor"]
        if not any(c.field == "vendor" for c in card.claims):
            card.claims.append(self._said("vendor", card.vendor, row))
        if row.kind != "chat":
            card.claims.append(self._said("kind", row.kind, row))
        card.add(claims, row.name)

    def _resolved(self, name: str) -> _Card | None:
        tail = name.rpartition("/")[2]
        return (
            self._names.get(normal(name))
            or self._names.get(normal(tail))
            or self._names.get(same_model(tail))
            or self._loose.get(loose(tail))
        )

    def _said(self, field: str, value: str, row: Row) -> Claim:
        return Claim(field=field, value=value, source=self._source, key=row.key)

    def _card(self, model_id: str, vendor: str, aliases: Iterable[str]) -> _Card:
        model_id = model_id.rpartition("/")[2]
        card = self._names.get(normal(model_id))
        if card is None:
            card = self._cards[model_id] = _Card(model_id, vendor)
        for name in (model_id, *aliases):
            if name != card.id:
                card.aliases.add(name)
            self._names.setdefault(normal(name), card)
            self._loose.setdefault(loose(name), card)
        return card

    def _offer(self, offer_id: str, row: Row, claims: list[Claim]) -> Model:
        card = self._resolved(row.name)
        kept = [c for c in claims if card is None or c.field not in _NOT_OFFERED]
        return Model(id=offer_id, of=None if card is None else card.id, claims=in_order(kept))


def in_order(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Without repetition, in one fixed order."""
    distinct = {msgspec.json.encode(c, order="deterministic"): c for c in claims}
    return tuple(
        sorted(
            distinct.values(),
            key=lambda c: (c.field, c.source, c.key, c.valid_from or date.min, str(c.value)),
        )
    )


def _as_evidence(row: Row, *, is_own: bool, has_prices: bool) -> list[Claim]:
    """Of another host's row: what is true of the model, and its prices only where they stand for it."""
    out: list[Claim] = []
    for claim in row.claims:
        if claim.field in ("vendor", "host", "retired_on", "deprecated_on") and not is_own:
            continue
        if claim.field.startswith("price_") and not has_prices:
            continue
        if claim.field.startswith("price_") and not is_own:
            claim = msgspec.structs.replace(claim, note=claim.note or f"as served by {row.host}")
        out.append(claim)
    return out


def _price(row: Row) -> tuple[str | None, ...]:
    found = {c.field: str(c.value) for c in row.claims if c.valid_to is None}
    return tuple(found.get(field) for field in _PRICED)


def _in_doubt(claim: Claim, doubt: str | None) -> Claim:
    return claim if doubt is None else msgspec.structs.replace(claim, doubt=doubt)


def _covers(span: Alias, day: date) -> bool:
    return (span.valid_from is None or span.valid_from <= day) and (
        span.valid_to is None or day < span.valid_to
    )
