"""`pilothouse compare`: models side by side."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose import compare as comparing
from pilothouse.choose.compare import Comparison
from pilothouse.choose.facts import Offer, offers
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import bold, print_json, print_table
from pilothouse.cli.situation import read_need, today
from pilothouse.core.errors import InvalidInput


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="With the facts of this day.")
@click.option("--input-tokens", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--output-tokens", type=click.IntRange(1), default=300, show_default=True)
@click.option("--requests-per-month", type=click.IntRange(1), help="Adds the cost of a month.")
@click.option(
    "--need",
    type=click.Path(path_type=Path),
    help="Take tokens and volume from a need file instead.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "html"]),
    default="table",
    show_default=True,
)
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    models: tuple[str, ...],
    as_of: datetime | None,
    input_tokens: int,
    output_tokens: int,
    requests_per_month: int | None,
    need: Path | None,
    form: str,
    own: Path | None,
    as_json: bool,
) -> int:
    """Put MODELS side by side: limits, abilities, policies, prices, benchmarks, and who leads.

    \b
    Example:
      pilothouse compare gpt-4o-mini claude-3-haiku gemini-1.5-flash --as-of 2025-06-01
    """
    catalog = open_catalog(own)
    day = as_of.date() if as_of else today()
    if need is not None:
        given = read_need(need, catalog)
        input_tokens, output_tokens = given.tokens.input, given.tokens.output
        requests_per_month = given.requests_per_month
        day = as_of.date() if as_of else (given.as_of or day)
    found = comparing.compare(
        _offers(_distinct(models), catalog, day),
        day,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        requests_per_month=requests_per_month,
    )
    if as_json:
        print_json(found)
    elif form == "table":
        _print(found)
    else:
        click.echo(comparing.html(found) if form == "html" else comparing.markdown(found), nl=False)
    return 0


def _distinct(names: tuple[str, ...]) -> list[str]:
    if len(set(names)) < 2:
        raise InvalidInput("compare: name at least two different models")
    return list(dict.fromkeys(names))


def _offers(names: list[str], catalog: Catalog, day: date) -> list[Offer]:
    """In the order asked for. Raises `NotFound`, `InvalidInput`."""
    models = [catalog.find(name, day) for name in names]
    hosts = {m.id.partition("/")[0] for m in models if m.of is not None}
    known = {offer.id: offer for offer in offers(catalog, day, hosts=hosts)}
    for name, model in zip(names, models, strict=True):
        if model.id not in known:
            raise InvalidInput(f"{name}: nothing is known of it on {day}")
    return [known[model.id] for model in models]


def _print(found: Comparison) -> None:
    group = ""
    rows: list[list[object]] = []
    for line in found.lines:
        if line.group != group:
            group = line.group
            rows.append([bold(group), *("" for _ in found.models)])
        cells = [f"{c} *" if i in line.best else c for i, c in enumerate(line.cells)]
        rows.append([f"  {line.label}", *cells])
    print_table(["", *found.models], rows)
    click.echo(f"\nas of {found.as_of}; * leads its line; - nobody says")
    for warning in found.warnings:
        click.echo(f"take care: {warning}")
