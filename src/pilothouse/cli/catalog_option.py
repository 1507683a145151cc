"""The catalogue that commands answer from: the bundled one, with your own file over it when there is one."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.catalog.catalog import Catalog, load_bundled
from pilothouse.catalog.overlay import with_overlay

catalog_option = click.option(
    "--catalog",
    "own",
    type=click.Path(path_type=Path),
    envvar="PILOTHOUSE_CATALOG",
    help="Your own models, prices and discounts (YAML). [env: PILOTHOUSE_CATALOG]",
)


def open_catalog(own: Path | None) -> Catalog:
    """Bundled, or bundled and yours. Raises `InvalidInput`."""
    return load_bundled() if own is None else with_overlay(load_bundled(), own)
