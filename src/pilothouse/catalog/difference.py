"""What changed between two catalogues or two versions of one list. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.snapshot import Snapshot
from pilothouse.core.model import Claim, FactValue

PRICES = ("price_input_per_mtok", "price_output_per_mtok")


class Changed(Struct, frozen=True, kw_only=True):
    """One field of one entry."""

    id: str
    field: str
    before: FactValue | None
    after: FactValue | None


class Difference(Struct, frozen=True, kw_only=True):
    """What B has and A has not, and the other way round."""

    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retired: tuple[Changed, ...]
    """Entries that got an end, or another one."""
    prices: tuple[str, ...]
    """Entries whose price of input or output changed, of those that had one before and after."""
    contexts: tuple[str, ...]
    changed: tuple[Changed, ...]
    """Every field that both have, with different values."""


def of_snapshots(before: Snapshot, after: Snapshot) -> Difference:
    """By the list's own keys."""
    return _difference(_rows(before), _rows(after))


def of_catalogs(before: Catalog, after: Catalog, as_of: date) -> Difference:
    """By ids; of each field the claims that win on the day are compared."""
    return _difference(_winning(before, as_of), _winning(after, as_of))


_Facts = Mapping[str, Mapping[str, FactValue]]


def _difference(a: _Facts, b: _Facts) -> Difference:
    common = sorted(set(a) & set(b))
    changed = [
        Changed(id=i, field=f, before=a[i].get(f), after=b[i].get(f))
        for i in common
        for f in sorted(set(a[i]) | set(b[i]))
        if a[i].get(f) != b[i].get(f)
    ]
    both = [c for c in changed if c.before is not None and c.after is not None]
    return Difference(
        before=len(a),
        after=len(b),
        added=tuple(sorted(set(b) - set(a))),
        removed=tuple(sorted(set(a) - set(b))),
        retired=tuple(c for c in changed if c.field == "retired_on" and c.after is not None),
        prices=_ids(c for c in both if c.field in PRICES),
        contexts=_ids(c for c in both if c.field == "context_tokens"),
        changed=tuple(changed),
    )


def _ids(changed: Iterable[Changed]) -> tuple[str, ...]:
    return tuple(sorted({c.id for c in changed}))


def _rows(snapshot: Snapshot) -> dict[str, dict[str, FactValue]]:
    return {row.key: _values(row.claims) for row in snapshot.rows}


def _winning(catalog: Catalog, day: date) -> dict[str, dict[str, FactValue]]:
    return {m.id: _values(catalog.claims(m, as_of=day)) for m in catalog.models}


def _values(claims: Iterable[Claim]) -> dict[str, FactValue]:
    found: dict[str, FactValue] = {}
    for claim in claims:
        found.setdefault(claim.field, claim.value)
    return found
