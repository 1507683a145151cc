"""What commands about choices share: the day, the catalogue, a need and the offers it may pick from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from pilothouse.catalog.catalog import Catalog, first_day
from pilothouse.choose.decision import Decision
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer, offers
from pilothouse.choose.read import Known, load_need
from pilothouse.core.errors import InvalidInput
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
    """The days given win over those of the need; today if neither says one.

    Raises `InvalidInput` for a day before the first fact, and for a need that had ended by then.
    """
    day = as_of or need.as_of or today()
    known = known_at or need.known_at
    _check_days(need, catalog, day, known)
    need = msgspec.structs.replace(need, as_of=day, known_at=known)
    pool = offers(catalog, day, known_at=known, hosts=_hosts(need))
    return Situation(need=need, as_of=day, catalogue=catalog.version, offers=pool)


def _check_days(need: Need, catalog: Catalog, day: date, known: date | None) -> None:
    first = min(_released(catalog), default=day)
    if day < first:
        raise InvalidInput(f"as_of: {day} is before the first model of the catalogue, {first}")
    heard = min((catalog.observed_on(c) for m in catalog.models for c in m.claims), default=day)
    if known is not None and known < heard:
        raise InvalidInput(
            f"known_at: nothing had been said by {known}; the first source is of {heard}"
        )
    until = need.must.lives_until
    if until is not None and until <= day:
        raise InvalidInput(f"must.lives_until: {until} is not after the day that answers, {day}")


def _released(catalog: Catalog) -> Iterator[date]:
    for claim in (c for model in catalog.models for c in model.claims):
        if claim.field == "released_on":
            yield first_day(str(claim.value))


def read_need(path: Path, catalog: Catalog) -> Need:
    """From a file, checked against what the catalogue knows. Raises `InvalidInput`."""
    return load_need(path, known_names(catalog))


def known_names(catalog: Catalog) -> Known:
    """What a need may name, out of everything that anybody claims."""
    said: dict[str, set[str]] = {"vendor": set(), "residency": set(), "purpose": set()}
    benchmarks: set[str] = set()
    for claim in (c for card in (*catalog.models, *catalog.hosts) for c in card.claims):
        if claim.field.startswith("benchmark:"):
            benchmarks.add(claim.field.partition(":")[2])
        elif claim.field in said:
            values = claim.value if isinstance(claim.value, list) else [claim.value]
            said[claim.field].update(map(str, values))
    return Known(
        vendors=said["vendor"],
        benchmarks=benchmarks,
        hosts={*catalog.served_by, *(h.id for h in catalog.hosts), *said["vendor"]},
        regions=said["residency"],
        purposes=said["purpose"],
    )


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
