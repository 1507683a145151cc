"""`pilothouse prove`: a proof of concept with a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pilothouse.app.loop import run_on_loop
from pilothouse.app.proving import Wishes, open_proof, published_labels
from pilothouse.app.stores import StoreAddress
from pilothouse.cli import output
from pilothouse.cli.output import print_json
from pilothouse.cli.progress import progress_line
from pilothouse.cli.report_files import write_report
from pilothouse.cli.store_option import store_option
from pilothouse.prove.purse import Estimate
from pilothouse.prove.render import text
from pilothouse.prove.report import Report, asked_between, report, with_words
from pilothouse.prove.report_settings import report_settings
from pilothouse.prove.spec import Poc, load_poc

if TYPE_CHECKING:
    from pilothouse.route.table import Table


@click.command()
@click.argument("poc", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write report.html, .md and .json here."
)
@store_option
@click.option("--fresh", is_flag=True, help="Ask everything again, whatever is kept.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say what it would cost, and stop.")
@click.option("--no-wait", is_flag=True, help="Do not wait for hours of the schedule.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    poc: Path,
    out: Path | None,
    store: StoreAddress,
    fresh: bool,
    limit: int | None,
    only_estimate: bool,
    no_wait: bool,
    as_json: bool,
) -> int:
    """Ask every candidate of POC every case, grade, compare, and judge against its criteria.

    Exit 0: a candidate meets every criterion; 1: none does (or not yet proven); 2: bad input;
    130: interrupted, and the same command goes on where it was.

    \b
    Example:
      pilothouse prove poc.yaml --out proof
    """
    spec = load_poc(poc)
    wishes = Wishes(limit=limit, is_fresh=fresh, may_wait=not no_wait)
    if only_estimate:
        return _estimate(run_on_loop(_estimated(spec, store, wishes)), as_json=as_json)
    try:
        made = run_on_loop(_run(spec, store, wishes))
    except KeyboardInterrupt:
        click.echo("\ninterrupted: what was answered is kept; the same command goes on", err=True)
        return 130
    if made is None:
        click.echo("no answer: the budget does not allow a single one", err=True)
        return 1
    result, asked = made
    routed: str | None = None
    if out is not None:
        routed = write_report(spec, result, out, asked, lambda: _table(result.run_id, store))
    if as_json:
        print_json(result)
    else:
        _print(result, out, routed)
    return 0 if result.passed else 1


async def _run(spec: Poc, store: StoreAddress, wishes: Wishes) -> tuple[Report, str] | None:
    """The report, and when its answers came."""
    async with open_proof(spec, store, wishes) as proof:
        click.echo(f"{_cost(proof.estimate())}; run {proof.opened.run_id}", err=True)
        for note in proof.opened.notes:
            click.echo(f"note: {note}", err=True)
        evidence = await proof.run(progress_line())
        if not evidence.outcomes:
            return None
        for provider, times in proof.slowed.items():
            click.echo(f"note: {provider} asked us to slow down {times} times", err=True)
        settings = report_settings(spec, is_cut_by_budget=proof.is_over_budget)
        made = report(settings, evidence, published_labels(spec))
        return with_words(made, evidence, proof.shelf), asked_between(evidence)


async def _estimated(spec: Poc, store: StoreAddress, wishes: Wishes) -> Estimate:
    async with open_proof(spec, store, wishes) as proof:
        return proof.estimate()


def _estimate(expected: Estimate, *, as_json: bool) -> int:
    if as_json:
        print_json(expected)
    else:
        click.echo(f"{_cost(expected)}. Lengths of answers: {expected.how}")
    return 0


def _cost(expected: Estimate) -> str:
    """In words."""
    rest = f" ({expected.unpriced} cannot be priced: no budget holds them back)"
    return (
        f"{expected.questions} questions to ask, about {expected.p50_usd:.2f} USD "
        f"(8 of 10 such runs cost {expected.p10_usd:.2f} to {expected.p90_usd:.2f})"
        f"{rest if expected.unpriced else ''}"
    )


def _table(run_id: str, store: StoreAddress) -> Table:
    from pilothouse.app.routing_table import open_table  # few proofs need it

    return open_table(run_id, store, as_run=True)


def _print(result: Report, out: Path | None, routed: str | None) -> None:
    text.show(result, output)
    if routed is not None:
        click.echo(f"Routing between the candidates pays: {routed} (router.json).")
    if out is not None:
        ready = " and a ready pilothouse.yaml" if result.passed else ""
        click.echo(f"written: report.html, report.md, report.json{ready} in {out}/")
