"""`pilothouse costs`: requests, errors, latency, tokens and money by group."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from pilothouse.app.stores import open_store
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.store_option import call_filters, filter_from, store_option
from pilothouse.watch.costs import CostRow, Dimension, costs

_FIGURES = (
    *("requests", "attempts", "errors", "error rate", "p50 ms", "p95 ms", "TTFT p50"),
    *("tokens in", "tokens out", "USD", "not priced"),
)


@click.command()
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(get_args(Dimension)),
    default=("model",),
    show_default=True,
    help="What to group by; may be given several times.",
)
@call_filters
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(by: tuple[Dimension, ...], store: Path, as_json: bool, **given: str | None) -> int:
    """Requests, errors, latency, tokens and money. Latency is that of answered attempts.

    \b
    Example:
      pilothouse costs --by model --by day --since 7d
      pilothouse costs --by route --by arm --json
    """
    by = tuple(dict.fromkeys(by))
    opened = open_store(store, must_exist=True)
    try:
        where = filter_from(given, opened.keys)
        rows = costs(opened, by, where)
        total = costs(opened, (), where)
        key_names = {key.id: key.name for key in opened.keys.all_keys()} if "key" in by else {}
    finally:
        opened.close()
    if as_json:
        print_json({"by": by, "rows": rows, "total": total[0] if total else None})
    elif not rows:
        click.echo(f"No calls match in {store}.")
    else:
        shown = [(*_group(row, key_names), *_figures(row)) for row in rows]
        if len(rows) > 1:
            shown.append(("total", *("" for _ in by[1:]), *_figures(total[0])))
        print_table((*by, *_FIGURES), shown)
        for note in _notes(total[0]):
            click.echo(note)
    return 0


def _group(row: CostRow, key_names: dict[str, str]) -> list[str]:
    """Keys by their names; a dash where nothing was said."""
    return [
        (key_names.get(value, value) if dimension == "key" else value) or "-"
        for dimension, value in row.group.items()
    ]


def _figures(row: CostRow) -> tuple[object, ...]:
    mark = "~" if row.is_usage_estimated else ""
    return (
        row.requests,
        row.attempts,
        row.errors,
        f"{row.error_rate:.2%}",
        _ms(row.latency_p50_ms),
        _ms(row.latency_p95_ms),
        _ms(row.ttft_p50_ms),
        None if row.input_tokens is None else f"{mark}{row.input_tokens}",
        None if row.output_tokens is None else f"{mark}{row.output_tokens}",
        None if row.cost_usd is None else f"{row.cost_usd:f}",
        row.not_priced,
    )


def _ms(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _notes(total: CostRow) -> list[str]:
    notes: list[str] = []
    if total.latency_p50_ms is None:
        notes.append("Latency: not recorded.")
    if total.is_usage_estimated:
        notes.append("~ tokens: at least one count is our estimate, not the provider's.")
    if total.not_counted:
        notes.append(
            f"{total.not_counted} answered attempts have no token counts: not in the sums."
        )
    if total.not_priced:
        notes.append(
            f"{total.not_priced} answered attempts have no price: not in USD "
            "(why: pilothouse calls --json, cost_note)."
        )
    if total.failed_not_priced:
        notes.append(
            f"{total.failed_not_priced} failed attempts have no price and add nothing to USD."
        )
    if total.saved_usd is not None:
        notes.append(f"Saved by the cache: {total.saved_usd:f} USD.")
    return notes
