"""`pilothouse decisions`: saved decisions against today's catalogue, for people and for CI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose import check as checks
from pilothouse.choose.check import Checked
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import bold, colour, print_json, print_table
from pilothouse.cli.situation import situation, today
from pilothouse.core.errors import InvalidInput

_COLOURS = {"ok": "green", "ending": "yellow", "outranked": "yellow"}


@click.group()
def command() -> None:
    """Decisions that were saved with `pilothouse choose --out`.

    \b
    Example:
      pilothouse decisions check decisions/
    """


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Check as of this day; today.")
@click.option(
    "--soon-days",
    type=click.IntRange(0, 3650),
    default=90,
    show_default=True,
    help="A pick that retires within so many days is reported as ending.",
)
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def check(
    paths: tuple[Path, ...], as_of: datetime | None, soon_days: int, own: Path | None, as_json: bool
) -> int:
    """Decide every saved need again and say which picks no longer hold.

    PATHS are decision.json files, or folders with such files in them. Exit 0: all hold (an ending or
    outranked pick holds); 1: a pick is retired, dominated, unknown or breaks a limit; 2: bad input.

    \b
    Example:
      pilothouse decisions check decision/decision.json
    """
    day = as_of.date() if as_of else today()
    catalog = open_catalog(own)
    found = [(path, _checked(path, day, soon_days, catalog)) for path in _files(paths)]
    failed = any(c.has_failed for _, c in found)
    if as_json:
        print_json(
            {
                "holds": not failed,
                "decisions": [{"file": str(path), "checked": c} for path, c in found],
            }
        )
    else:
        for path, checked in found:
            _print(path, checked)
        click.echo(checks.summary([c for _, c in found]))
    return 1 if failed else 0


def _checked(path: Path, day: date, soon_days: int, catalog: Catalog) -> Checked:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    saved = checks.read_decision(data, str(path))
    now = situation(checks.needed_today(saved, day), catalog, as_of=day).decide()
    return checks.check(saved, now, day + timedelta(days=soon_days))


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = sorted(path.rglob("decision.json"))
        if not files:
            raise InvalidInput(
                f"{path}: no decision.json in it (written by `pilothouse choose NEED --out FOLDER`)"
            )
        yield from files


def _print(path: Path, checked: Checked) -> None:
    click.echo(f"{bold(checked.name)} ({path}), decided as of {checked.decided_as_of}")
    rows = [[v.id, colour(v.state, _COLOURS.get(v.state, "red")), v.why] for v in checked.verdicts]
    print_table(["pick", f"on {checked.as_of}", "why"], rows)
    now = ", ".join(checked.shortlist_now) or "nobody keeps every limit"
    click.echo(f"shortlist now: {now}\n")
