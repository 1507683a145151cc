"""`pilothouse serve`: the gateway."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.app.serving import Overrides, serve


@click.command()
@click.argument("config", type=click.Path(path_type=Path), default="pilothouse.yaml")
@click.option("--host", help="Where to listen, instead of the file's server.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Instead of server.port; 0 = any free.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes that share the port, instead of server.workers.",
)
@click.option("--json", "as_json", is_flag=True, help="Say where it listens as one JSON line.")
def command(
    config: Path, host: str | None, port: int | None, workers: int | None, as_json: bool
) -> int:
    """Start the gateway described by CONFIG and run until SIGTERM or Ctrl-C.

    Callers name a route (or a target) as `model`. Every attempt is recorded. SIGHUP reads CONFIG again.

    \b
    Example:
      pilothouse serve pilothouse.yaml --port 8790 --workers 4
    """
    overrides = Overrides(host=host, port=port, workers=workers)
    return serve(config, overrides, as_json=as_json)
