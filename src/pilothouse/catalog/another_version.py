"""The catalogue as it would be if one of its lists were another version of that list. Pure.

For the question which decisions flip between two versions. A row speaks of the models of which the bundled
copy's row of the same key speaks; rows of new keys fit no model yet and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pilothouse.catalog.catalog import Catalog, CatalogFile
from pilothouse.catalog.snapshot import Snapshot
from pilothouse.core.model import Claim, Model

_OF_THE_CARD = ("vendor", "kind")


def with_version(base: Catalog, snapshot: Snapshot) -> Catalog:
    """`base` with the claims of `snapshot` in place of those that its copies of the same list made."""
    name = snapshot.source.name
    rows = {row.key: row.claims for row in snapshot.rows}
    copies = {s for s in base.sources if s == name or s.startswith(f"{name}-20")}

    def hosted() -> Sequence[Model]:
        return [_with(model, name, copies, rows) for model in base.hosted()]

    file = CatalogFile(
        version=f"{base.version}+{name} {snapshot.source.version}",
        sources={**base.sources, name: snapshot.source},
        models=tuple(_with(model, name, copies, rows) for model in base.models),
        hosts=base.hosts,
        moving=tuple(base.moving),
        served_by=base.served_by,
    )
    return Catalog(file, hosted)


def _with(model: Model, name: str, copies: set[str], rows: Mapping[str, Sequence[Claim]]) -> Model:
    said = [c for c in model.claims if c.source in copies and c.field not in _OF_THE_CARD]
    if not said:
        return model
    kept = [c for c in model.claims if c.source not in copies or c.field in _OF_THE_CARD]
    priced = {c.key for c in said if c.field.startswith("price_")}
    for key in sorted({c.key for c in said}):
        kept += _taken(rows.get(key, ()), has_prices=key in priced)
    return msgspec.structs.replace(model, claims=tuple(kept))


def _taken(claims: Sequence[Claim], *, has_prices: bool) -> Iterator[Claim]:
    """Prices only where the row's prices stand for the model: another host's row says none."""
    for claim in claims:
        if claim.field not in _OF_THE_CARD and (has_prices or not claim.field.startswith("price_")):
            yield claim
