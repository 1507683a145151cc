"""Who takes a guide's advice today: its model while that lives, then whoever follows it, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose.guide.book import WRITTEN_ON, Guide, Ordering, Seat, Seated, Warned
from pilothouse.core.errors import NotFound

FAMILIES = {
    "claude": ("claude-3.5-sonnet", "claude-3-opus", "claude-3-haiku"),
    "claude-3": ("claude-3-opus", "claude-3-haiku"),
    "gemini": ("gemini-1.5-pro", "gemini-1.5-flash"),
    "llama": ("llama-3.1-405b", "llama-3.1-70b", "llama-3.1-8b"),
    "llama-3.1": ("llama-3.1-405b", "llama-3.1-70b", "llama-3.1-8b"),
    "mistral": ("mistral-large-2", "mixtral-8x22b", "mixtral-8x7b", "mistral-7b"),
    "mixtral": ("mixtral-8x22b", "mixtral-8x7b"),
    "codellama": ("codellama-34b",),
    "phi-3": ("phi-3-medium",),
}
"""Names by which the guide means a family."""


class Occupant(Struct, frozen=True, kw_only=True):
    """A model for a piece of advice on a day."""

    model: str
    instead_of: str | None = None
    """The guide's own model, where that one has retired."""
    retired_on: date | None = None
    """When a model that the guide names ended, or will end."""
    why: str = ""


def occupants(guide: Guide, catalog: Catalog, names: Iterable[str], as_of: date) -> list[Occupant]:
    """The guide's models as of a day, each replaced when it had retired. By `WRITTEN_ON` they all stand."""
    seats = {seat.guide: seat for seat in guide.seats}
    found: list[Occupant] = []
    for name in names:
        for model in FAMILIES.get(name, (name,)) if as_of > WRITTEN_ON else (name,):
            found.append(_occupant(model, seats.get(model), catalog, as_of))
    return list({o.model: o for o in found}.values())


def _occupant(name: str, seat: Seat | None, catalog: Catalog, as_of: date) -> Occupant:
    if as_of <= WRITTEN_ON:
        return Occupant(model=name)
    try:
        end = catalog.retired_on(catalog.find(name))
    except NotFound:
        return Occupant(model=name, why="not in the catalogue")
    if end is None or end > as_of:
        return Occupant(model=name, retired_on=end)
    now = None if seat is None else seated(seat, catalog, as_of)
    if seat is None or now is None:
        why = f"{name} retired {end}, and nobody follows it here"
        return Occupant(model=name, retired_on=end, why=why)
    why = f"{name} retired {end}; as {seat.role} its vendor then offers {now.model}"
    return Occupant(model=now.model, instead_of=name, retired_on=end, why=why)


def seated(seat: Seat, catalog: Catalog, as_of: date) -> Seated | None:
    """The last to take the role by that day, of those who had not retired; None = nobody."""
    there = [
        one
        for one in seat.then
        if one.since <= as_of and (_end(catalog, one.model) or date.max) > as_of
    ]
    return there[-1] if there else None


def _end(catalog: Catalog, name: str) -> date | None:
    return catalog.retired_on(catalog.find(name))


def warnings(guide: Guide, topics: Iterable[str]) -> list[Warned]:
    """What to know before following advice about these models or subjects."""
    wanted = set(topics)
    wanted |= {model for name in wanted for model in FAMILIES.get(name, ())}
    return [w for w in guide.warnings if wanted & set(w.topics)]


def compared(ordering: Ordering, a: str, b: str) -> str:
    """`before`, `after`, `level` or `not ranked`: what an ordering says of two models."""
    places = {
        model: i
        for i, tier in enumerate(ordering.tiers)
        for name in tier
        for model in (name, *FAMILIES.get(name, ()))
    }
    if a not in places or b not in places or ordering.op in ("set", "all"):
        return "not ranked"
    if places[a] == places[b]:
        return "level"
    return "before" if places[a] < places[b] else "after"
