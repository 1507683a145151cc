"""`pilothouse work`: answers queued requests."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pilothouse.app.working import work


@click.command()
@click.argument("config", type=click.Path(path_type=Path), default="pilothouse.yaml")
@click.option(
    "--concurrency", type=click.IntRange(1, 10_000), help="Jobs at once; 8 when not said."
)
@click.option("--json", "as_json", is_flag=True, help="Say the worker's name as one JSON line.")
def command(config: Path, concurrency: int | None, as_json: bool) -> int:
    """Answer queued requests by CONFIG until SIGTERM or Ctrl-C. Start as many as you like, anywhere.

    A worker that dies loses nothing: after its lease another takes over.

    \b
    Example:
      pilothouse work pilothouse.yaml --concurrency 32
    """

    def ready(name: str) -> None:
        click.echo(json.dumps({"worker": name}) if as_json else f"working as {name}")

    return work(config, concurrency=concurrency, ready=ready)
