"""`pilothouse price`: what a call costs, line by line, or why nobody can say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from pilothouse.catalog.bill import Bill, bill
from pilothouse.catalog.fields import PRICES, UNITS, parse_price
from pilothouse.catalog.quantities import Quantities, used
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.situation import today
from pilothouse.core.errors import InvalidInput

_UNITS = {
    "video_made_s": "seconds",
    "video_seen_s": "seconds",
    "audio_heard_s": "seconds",
    "audio_spoken_s": "seconds",
    "cache_storage_mtok_hours": "million tokens for an hour",
}


def _quantity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(Quantities.__struct_fields__):
        option = f"--{name.replace('_', '-')}"
        default = "1" if name == "requests" else "0"
        told = _UNITS.get(name, "")
        command = click.option(option, name, default=default, metavar="N", help=told)(command)
    return command


@click.command()
@click.argument("model")
@_quantity_options
@click.option("--service", type=click.Choice(["batch", "flex", "priority"]))
@click.option("--region", help="A region that the prices name.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day of the call; today.")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    model: str,
    service: str | None,
    region: str | None,
    on: datetime | None,
    own: Path | None,
    as_json: bool,
    **amounts: str,
) -> int:
    """What one call to MODEL costs, exact to the last digit.

    Parts are inside their whole: --input-tokens includes cached, written, audio and image tokens,
    --output-tokens includes thinking and audio. Exit 0: priced; 1: refused, with what nobody prices.

    \b
    Example:
      pilothouse price claude-3.5-sonnet --input-tokens 100000 --cached-input-tokens 80000 --output-tokens 1000
    """
    catalog = open_catalog(own)
    day = on.date() if on else today()
    quantities = Quantities(**{name: _amount(name, text) for name, text in amounts.items()})
    if not used(quantities) and quantities.requests <= 1:
        raise InvalidInput("nothing to price: say what the call used, e.g. --input-tokens 1000")
    found = bill(catalog, catalog.find(model, day), quantities, day, service=service, region=region)
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 1 if found.refused else 0


def _amount(name: str, text: str) -> Any:
    option = f"--{name.replace('_', '-')}"
    plain = text.replace(",", "").replace("_", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise InvalidInput(f'{option}: "{text}" is not a number') from None
    if name in _UNITS:
        return value
    if not value.is_finite() or value != value.to_integral_value():
        raise InvalidInput(f"{option}: {text} is not a whole number")
    return int(value)


def _print(found: Bill) -> None:
    rows = [
        [
            line.what,
            f"{line.quantity:,f}",
            f"{line.price.normalize():f}",
            _unit(line.field),
            f"{line.amount_usd.normalize():f}",
            line.source,
            line.note or "",
        ]
        for line in found.lines
    ]
    if rows:
        print_table(["what", "quantity", "USD", "per", "amount USD", "source", "note"], rows)
        click.echo()
    for note in found.notes:
        click.echo(f"note: {note}")
    for reason in found.refused:
        click.echo(f"not priced: {reason}")
    if found.total_usd is not None:
        click.echo(f"{found.model} on {found.on}: ${found.total_usd.normalize():f}")


def _unit(field: str) -> str:
    """Of a price, in words: million tokens, batch, above 200,000."""
    price = parse_price(field)
    if price is None:
        return field
    unit = PRICES[price.what][0]
    parts = [UNITS.get(unit, unit), price.condition or ""]
    if price.above_tokens is not None:
        parts.append(f"prompt above {price.above_tokens:,}")
    return ", ".join(p for p in parts if p)
