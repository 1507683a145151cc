"""`pilothouse whatif`: the same need after a price change, an outage, a longer context, a retirement."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose import what_if
from pilothouse.choose.dollars import usd
from pilothouse.choose.what_if import Change, Moved
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import bold, print_json, print_table
from pilothouse.cli.situation import read_need, situation, vendors
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean


@click.command()
@click.argument("need", type=click.Path(path_type=Path))
@click.option("--price", "prices", multiple=True, metavar="WHOM=-30%", help="A price changes.")
@click.option("--down", multiple=True, metavar="WHOM", help="A model, vendor or host is down.")
@click.option("--context", "contexts", multiple=True, metavar="WHOM=1M", help="A context grows.")
@click.option("--retires", multiple=True, metavar="WHOM=60d", help="A model ends on a day.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Decide as of this day.")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    need: Path,
    prices: tuple[str, ...],
    down: tuple[str, ...],
    contexts: tuple[str, ...],
    retires: tuple[str, ...],
    as_of: datetime | None,
    own: Path | None,
    as_json: bool,
) -> int:
    """Decide the NEED again as if something had happened, and say what changes.

    WHOM is a model, a vendor or a host; options may be given several times.
    Exit 0: the shortlist stays as it is; 1: it changes; 2: bad input.

    \b
    Example:
      pilothouse whatif examples/needs/modern-support.yaml --down google --price openai=-30%
    """
    catalog = open_catalog(own)
    given = situation(read_need(need, catalog), catalog, as_of=as_of.date() if as_of else None)
    changes = [what_if.price_change(_whom(w, catalog), v) for w, v in _pairs("--price", prices)]
    changes += [Change(kind="down", whom=_whom(w, catalog)) for w in down]
    changes += [
        what_if.context_change(_whom(w, catalog), v) for w, v in _pairs("--context", contexts)
    ]
    changes += [
        what_if.retirement(_whom(w, catalog), v, given.as_of)
        for w, v in _pairs("--retires", retires)
    ]
    if not changes:
        raise InvalidInput("whatif: say what happens: --price, --down, --context or --retires")
    before = given.decide()
    after = given.decide(what_if.apply(changes, given.offers))
    found = what_if.moved(changes, before, after)
    if as_json:
        print_json({"has_flipped": found.has_flipped, **_plain(found)})
    else:
        _print(found)
    return 1 if found.has_flipped else 0


def _pairs(option: str, given: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for text in given:
        whom, equals, value = text.rpartition("=")
        if not equals or not whom or not value:
            raise InvalidInput(f'{option} {text}: write WHOM=VALUE, e.g. "gpt-4o=-30%"')
        pairs.append((whom, value))
    return pairs


def _whom(name: str, catalog: Catalog) -> str:
    """A vendor or host as written, or a model by its id."""
    known = vendors(catalog) | {m.id.partition("/")[0] for m in catalog.hosted()}
    if name in known:
        return name
    try:
        return catalog.find(name).id
    except NotFound:
        hint = did_you_mean(name, [*known, *(m.id for m in catalog.models)])
        raise InvalidInput(f'no model, vendor or host "{name}" in the catalogue.{hint}') from None


def _plain(found: Moved) -> dict[str, object]:
    return {
        "changes": found.changes,
        "before": found.before,
        "after": found.after,
        "entered": found.entered,
        "left": found.left,
        "cost_per_month_usd": found.cost_per_month_usd,
    }


def _print(found: Moved) -> None:
    click.echo(f"{bold('What if')} {'; '.join(found.changes)}\n")
    click.echo(f"before: {', '.join(found.before) or 'nobody keeps every limit'}")
    click.echo(f"after:  {', '.join(found.after) or 'nobody keeps every limit'}")
    for model_id in found.entered:
        click.echo(f"  enters: {model_id}")
    for model_id, why in found.left.items():
        click.echo(f"  leaves: {model_id} ({why})")
    rows = [
        [model_id, _money(old), _money(new), _share(old, new)]
        for model_id, (old, new) in found.cost_per_month_usd.items()
        if old != new
    ]
    if rows:
        click.echo()
        print_table(["model", "a month before", "after", "change"], rows)
    if not found.has_flipped:
        click.echo("\nThe shortlist stays as it is.")


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else usd(amount)


def _share(old: Decimal | None, new: Decimal | None) -> str | None:
    return f"{(new - old) / old:+.0%}" if old and new is not None else None
