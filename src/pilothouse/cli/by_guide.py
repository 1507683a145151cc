"""`pilothouse choose --by guide`: the guide's own answer to a need, and how it fares against the need's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import click
import msgspec
from msgspec import Struct

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose.constraints import checker
from pilothouse.choose.facts import Offer
from pilothouse.choose.guide.book import WRITTEN_ON, Guide, UseCase, Warned, load_guide
from pilothouse.choose.guide.from_need import Answered, answers_of, as_answers
from pilothouse.choose.guide.seats import FAMILIES, Occupant, occupants, warnings
from pilothouse.choose.guide.tree import Walk, walk
from pilothouse.cli.guide import print_walk
from pilothouse.cli.output import bold, say
from pilothouse.core.errors import NotFound
from pilothouse.core.need import Need


class Named(Struct, frozen=True, kw_only=True):
    """A part of a use case's advice, and who takes it on the day."""

    when: str
    models: list[Occupant]
    place: str | None = None


class Fares(Struct, frozen=True, kw_only=True):
    """A model of the guide and every limit of the need that it does not provably keep."""

    model: str
    fails: list[str]


class ByGuide(Struct, frozen=True, kw_only=True):
    """The guide's answer."""

    as_of: date
    answered: list[Answered]
    walk: Walk
    models: list[Occupant]
    use_case: UseCase | None
    named: list[Named]
    limits: list[Fares]
    warnings: list[Warned]


def by_guide(
    need: Need, template: str | None, catalog: Catalog, offers: Sequence[Offer], day: date
) -> ByGuide:
    """The tree's answer, the use case's where the need comes from one, and each model against the limits."""
    guide = load_guide()
    answered = answers_of(need)
    found = walk(guide, as_answers(answered))
    models = occupants(guide, catalog, found.advice.models, day)
    wanted = (template or "").replace("-", "_")
    case = next((u for u in guide.use_cases if u.id == wanted), None)
    named = _named(guide, case, catalog, day) if case else []
    seats = [Named(when=found.node, models=models, place=found.advice.place), *named]
    everybody = [m for seat in seats for m in seat.models]
    topics = [*(m.instead_of or m.model for m in everybody), found.node, *need.tasks]
    return ByGuide(
        as_of=day,
        answered=answered,
        walk=found,
        models=models,
        use_case=case,
        named=named,
        limits=_fares(need, seats, catalog, {o.id: o for o in offers}, day),
        warnings=warnings(guide, [*topics, *(["tree"] if found.also else [])]),
    )


def _named(guide: Guide, case: UseCase, catalog: Catalog, day: date) -> list[Named]:
    parts = [("best", case.best), *((k.replace("_", " "), a) for k, a in case.parts.items())]
    out = [
        Named(when=when, models=occupants(guide, catalog, advice.models, day), place=advice.place)
        for when, advice in parts
        if advice.models
    ]
    for other in case.others:
        seated = occupants(guide, catalog, other.models, day)
        out.append(Named(when=other.when, models=seated, place=other.place))
    return out


def _fares(
    need: Need,
    seats: Sequence[Named],
    catalog: Catalog,
    by_id: Mapping[str, Offer],
    day: date,
) -> list[Fares]:
    """What the guide would run on own machines is held against the limits that count there."""
    must = msgspec.structs.replace(need.must, deployment="self_hosted")
    at_home = checker(msgspec.structs.replace(need, must=must), day)
    as_asked = checker(need, day)
    out: dict[str, Fares] = {}
    for seat in seats:
        failures = at_home if "self-hosted" in (seat.place or "") else as_asked
        for name in (n for m in seat.models for n in FAMILIES.get(m.model, (m.model,))):
            offer = _offer(name, catalog, by_id)
            said = ["not in the catalogue"] if offer is None else [f.text for f in failures(offer)]
            out.setdefault(name, Fares(model=name, fails=said))
    return list(out.values())


def _offer(name: str, catalog: Catalog, by_id: Mapping[str, Offer]) -> Offer | None:
    try:
        return by_id.get(catalog.find(name).id)
    except NotFound:
        return None


def print_by_guide(need: Need, found: ByGuide) -> None:
    """For people."""
    who = "the guide" if found.as_of <= WRITTEN_ON else "the guide, with who sits there now"
    click.echo(f"{need.name}, by {who}, as of {found.as_of}\n")
    if found.use_case is not None:
        first, last = found.use_case.lines
        click.echo(f"{bold('Use case')} {found.use_case.id} (lines {first}-{last})")
        for part in found.named:
            where = f", {part.place}" if part.place else ""
            click.echo(f"  {part.when}: {', '.join(m.model for m in part.models)}{where}")
        if found.use_case.must:
            click.echo(f"  must: {found.use_case.must}")
        click.echo()
    for one in found.answered:
        click.echo(f"your need answers {one.node}: {one.why}")
    print_walk(found.walk, found.models, found.as_of)
    click.echo(f"\n{bold('Against your limits')}")
    for fares in found.limits:
        say(f"{fares.model}: {'; '.join(fares.fails) or 'keeps all'}", "  ")
    for warning in found.warnings:
        say(f"take care: {warning.says}")
    click.echo("\nWithout --by guide every model of the catalogue is asked, not only the guide's.")
