"""Which questions a better model answers otherwise, what asking it again costs, and what not asking saved."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.app.compose import now_us
from pilothouse.app.config import load_config
from pilothouse.app.stores import open_store
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.store_option import store_option
from pilothouse.core.route_settings import UpgradeLimits
from pilothouse.watch.upgrades import KindRow, UpgradeReport, upgrade_report
from pilothouse.watch.when import when_us

_LESSONS = "30d"
_COLUMNS = (
    *("route", "better", "tag", "size", "asked", "changed", "at most", "now"),
    *("USD", "skipped", "saved USD"),
)


@click.command("upgrades")
@click.argument("config", type=click.Path(path_type=Path), required=False)
@click.option("--since", default="30d", show_default=True, help="An age, a date, or a time in UTC.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def upgrades(config: Path | None, since: str, store: Path, as_json: bool) -> int:
    """What asking a better model again taught, by kind of question: route, tag and size.

    With CONFIG, each route's own stop_below says what is stopped; else the default, 0.05.

    \b
    Example:
      pilothouse route upgrades --store pilothouse.db --since 7d
    """
    routes = load_config(config).routes if config is not None else {}

    def stop_below(route: str) -> float:
        spec = routes.get(route)
        return (spec.upgrade.limits if spec and spec.upgrade else UpgradeLimits()).stop_below

    at_us = now_us()
    since_us, lessons_us = when_us(since, at_us), when_us(_LESSONS, at_us)
    opened = open_store(store, must_exist=True)
    try:
        report = upgrade_report(opened, since_us, lessons_us, stop_below)
    finally:
        opened.close()
    if as_json:
        print_json(report)
    elif not report.kinds and not report.calls:
        click.echo(f"No upgrades in {store}.")
    else:
        print_table(_COLUMNS, [_shown(row) for row in report.kinds])
        for note in _notes(report):
            click.echo(note)
    return 0


def _shown(row: KindRow) -> tuple[object, ...]:
    return (
        row.route,
        row.target,
        row.tag or None,
        row.size,
        row.asked,
        row.changed,
        f"{row.most_changed:.1%}",
        "stopped" if row.is_stopped else "asked",
        None if row.cost_usd is None else f"{row.cost_usd:f}",
        row.skipped,
        None if row.saved_usd is None else f"{row.saved_usd:f}",
    )


def _notes(report: UpgradeReport) -> list[str]:
    cost = "no price" if report.cost_usd is None else f"{report.cost_usd:f} USD"
    notes = [f"{report.calls} upgrades, failed ones too: {cost}."]
    if report.not_priced:
        notes.append(f"{report.not_priced} of them have no price: not in USD.")
    if report.saved_usd is not None:
        notes.append(
            f"Saved by not asking: about {report.saved_usd:f} USD, at the mean of each kind."
        )
    return notes
