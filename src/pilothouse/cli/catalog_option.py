"""The catalogue that commands answer from: the bundled one, with your own file over it when there is one."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.catalog.catalog import Catalog, load_bundled
from pilothouse.catalog.overlay import with_overlay
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.model import Model

catalog_option = click.option(
    "--catalog",
    "own",
    type=click.Path(path_type=Path),
    envvar="PILOTHOUSE_CATALOG",
    help="Your own models, prices and discounts (YAML). [env: PILOTHOUSE_CATALOG]",
)


def models_of(catalog: Catalog, vendor: str | None) -> list[Model]:
    """All models, or one vendor's. Raises `InvalidInput` with the nearest vendor."""
    if vendor is None:
        return list(catalog.models)
    vendors = {m.id: str(catalog.value(m, "vendor")) for m in catalog.models}
    found = [m for m in catalog.models if vendors[m.id] == vendor]
    if not found:
        known = sorted(set(vendors.values()))
        hint = did_you_mean(vendor, known) or f" Known: {', '.join(known)}."
        raise InvalidInput(f'--vendor: the catalogue has no vendor "{vendor}".{hint}')
    return found


def open_catalog(own: Path | None) -> Catalog:
    """Bundled, or bundled and yours. Raises `InvalidInput`."""
    return load_bundled() if own is None else with_overlay(load_bundled(), own)
