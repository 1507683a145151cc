"""What commands about choices share: the day, the catalogue, a need and the offers it may pick from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose.decision import Decision
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer, offers
from pilothouse.choose.read import load_need
from pilothouse.core.need import Need


def today() -> date:
    """In UTC."""
    return datetime.now(UTC).date()


class Situation(Struct, frozen=True, kw_only=True):
    """A need as read, and everything it may choose from on a day."""

    need: Need
    as_of: date
    catalogue: str
    offers: Sequence[Offer]

    def decide(self, changed: Sequence[Offer] | None = None) -> Decision:
        """The decision, over other offers when given."""
        pool = self.offers if changed is None else changed
        return decide(self.need, pool, as_of=self.as_of, catalogue=self.catalogue)


def situation(
    need: Need, catalog: Catalog, *, as_of: date | None = None, known_at: date | None = None
) -> Situation:
    """The days given win over those of the need; today if neither says one."""
    day = as_of or need.as_of or today()
    known = known_at or need.known_at
    need = msgspec.structs.replace(need, as_of=day, known_at=known)
    pool = offers(catalog, day, known_at=known, hosts=_hosts(need))
    return Situation(need=need, as_of=day, catalogue=catalog.version, offers=pool)


def read_need(path: Path, catalog: Catalog) -> Need:
    """From a file, checked against what the catalogue knows. Raises `InvalidInput`."""
    benchmarks = {
        claim.field.partition(":")[2]
        for model in catalog.models
        for claim in model.claims
        if claim.field.startswith("benchmark:")
    }
    return load_need(path, vendors=vendors(catalog), benchmarks=benchmarks)


def vendors(catalog: Catalog) -> set[str]:
    """Everybody whose models the catalogue knows."""
    return {
        str(claim.value)
        for model in catalog.models
        for claim in model.claims
        if claim.field == "vendor"
    }


def _hosts(need: Need) -> list[str]:
    """Whose offers of others' models count: those the need names, and all clouds when it asks for one."""
    if need.must.deployment == "cloud" and not need.must.hosts.allow:
        return ["*"]
    return need.must.hosts.allow
