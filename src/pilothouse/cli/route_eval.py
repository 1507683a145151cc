"""`pilothouse route eval`: would routing pay on this table? Learned, chosen and measured on different cases."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.app.routing_table import open_table
from pilothouse.app.stores import StoreAddress
from pilothouse.cli.output import print_json, print_table, say
from pilothouse.cli.route_options import extra_missing, scorer_option
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.proportion import Interval


@click.command("eval")
@click.argument("source")
@scorer_option
@click.option("--splits", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the splits.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write a picture (.svg or .png).")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def evaluate(
    source: str, scorer: str | None, splits: int, seed: int, plot: Path | None, store: StoreAddress,
    as_json: bool,
) -> int:  # fmt: skip
    """What routing would have given on cases that nothing was learned from, beside everything simpler.

    SOURCE is a run or a table, as for `route learn`. Baselines: each model alone, the hull of single models, prompt
    length, a table by tag, an oracle. Tasks left out of learning are measured apart. Exit 1: no way to route is shown
    to save money at the best model's quality. Needs pilothouse[route].

    \b
    Example:
      pilothouse route eval last
      pilothouse route eval table.csv.gz --splits 5 --json
    """
    try:
        from pilothouse.route.evaluate import evaluated
    except ImportError as error:
        raise extra_missing(error) from None
    table = open_table(source, store, scorer)
    try:
        found = evaluated(table, splits=splits, seed=seed)
    except ValueError as error:
        raise InvalidInput(f"{source}: {error}") from None
    if plot is not None:
        from pilothouse.plots.route import plot_routing  # matplotlib is heavy, and optional
        from pilothouse.plots.write import write

        write(plot_routing(found), plot)
    pays = [
        row
        for row in found.rows
        if row.realised is not None and row.realised.saving_interval.low > 0
    ]
    if as_json:
        print_json({"pays": [row.name for row in pays], "evaluation": found})
        return 0 if pays else 1
    say(
        f"{found.table}: {found.cases} cases, {found.splits} splits, {found.test_cases} to measure in each; "
        f"the best single model is {found.best}"
    )
    click.echo()
    rows = [
        (
            row.name,
            f"{row.aiq:.3f}",
            None if row.cost_usd is None else f"{row.cost_usd:.6f}",
            None if row.calibration_error is None else f"{row.calibration_error:.3f}",
            None if row.realised is None else f"{row.realised.saving:.1%}",
            None if row.realised is None else _span(row.realised.saving_interval),
            None if row.realised is None else f"{row.realised.quality_gain:+.2%}",
            None if row.realised is None else _span(row.realised.quality_gain_interval),
        )
        for row in found.rows
    ]
    header = ("way", "AIQ", "$ a case", "ECE", "saves", "95 %", "score gained", "95 %")
    print_table(header, rows)
    click.echo()
    say(
        "saves, score gained: against the best single model, at the trade that kept its quality on the validation part."
    )
    for unseen in found.unseen:
        click.echo()
        say(f"never learned from: {', '.join(unseen.tags)}")
        say(
            f"  known for unfamiliar: {unseen.flagged_with_tag:.1%} with the tag said, {unseen.flagged_by_text:.1%} by "
            f"looks alone ({unseen.false_flags:.1%} of known tasks' too)"
        )
        say(
            f"  score gained by routing them: {unseen.quality_gain_with_tag:+.2%} with the tag, "
            f"{unseen.quality_gain:+.2%} without"
        )
    return 0 if pays else 1


def _span(interval: Interval) -> str:
    return f"{interval.low:+.1%} to {interval.high:+.1%}"
