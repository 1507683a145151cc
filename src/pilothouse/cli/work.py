"""`pilothouse work`: answers queued requests."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pilothouse.app.loop import run_on_loop
from pilothouse.app.proving import work_on_run
from pilothouse.app.stores import StoreAddress
from pilothouse.app.working import work
from pilothouse.cli.store_option import store_option


@click.command()
@click.argument("config", type=click.Path(path_type=Path), default="pilothouse.yaml")
@click.option(
    "--concurrency", type=click.IntRange(1, 10_000), help="Jobs at once; 8 when not said."
)
@click.option(
    "--run", "run_id", help="Work on this proof of concept instead (`pilothouse runs list`)."
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Say the worker's name as one JSON line.")
def command(
    config: Path, concurrency: int | None, run_id: str | None, store: StoreAddress, as_json: bool
) -> int:
    """Answer queued requests by CONFIG until SIGTERM or Ctrl-C. Start as many as you like, anywhere.

    A worker that dies loses nothing: after its lease another takes over. With --run it asks the open
    questions of a proof of concept from --store, with the keys of this machine, and ends when none is left.

    \b
    Example:
      pilothouse work pilothouse.yaml --concurrency 32
      pilothouse work --run last --store postgresql://proofs@db.internal/pilothouse
    """
    if run_id is not None:
        return _prove(store, run_id, as_json=as_json)

    def ready(name: str) -> None:
        click.echo(json.dumps({"worker": name}) if as_json else f"working as {name}")

    return work(config, concurrency=concurrency, ready=ready)


def _prove(store: StoreAddress, run_id: str, *, as_json: bool) -> int:
    ran = run_on_loop(work_on_run(store, run_id, lambda progress: None))
    told = {"answers": sum(o is not None for o in ran.outcomes), "spent_usd": str(ran.spent_usd)}
    click.echo(
        json.dumps(told)
        if as_json
        else f"nothing is open: {told['answers']} answers, {told['spent_usd']} USD"
    )
    return 1 if ran.is_over_budget else 0
