"""`pilothouse models`: what the catalogue knows, and who says so."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.standing import Standing, standing
from pilothouse.cli import explained
from pilothouse.cli.catalog_option import catalog_option, models_of, open_catalog
from pilothouse.cli.explained import said, unit_of
from pilothouse.cli.output import bold, print_json, print_table
from pilothouse.cli.situation import today
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.model import Claim, Model

_LISTED = (
    ("released", "released_on"),
    ("retired", "retired_on"),
    ("context", "context_tokens"),
    ("in $/M", "price_input_per_mtok"),
    ("out $/M", "price_output_per_mtok"),
)


@click.group()
def command() -> None:
    """What the catalogue knows of each model, and who says so.

    \b
    Example:
      pilothouse models explain gpt-4o-mini price_input_per_mtok
    """


@command.command("list")
@click.option("--vendor", help="Only this vendor's models.")
@click.option("--current", is_flag=True, help="Only models that are not retired today.")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def list_models(vendor: str | None, current: bool, own: Path | None, as_json: bool) -> int:
    """One line a model.

    \b
    Example:
      pilothouse models list --vendor mistral --current
    """
    catalog = open_catalog(own)
    day = today()
    models = [
        m
        for m in models_of(catalog, vendor)
        if not (current and standing(catalog, m, day).is_retired)
    ]
    if as_json:
        print_json([_row(catalog, m, day) for m in models])
        return 0
    rows = [
        [m.id, catalog.value(m, "vendor"), *(_listed(catalog, m, f, day) for _, f in _LISTED)]
        for m in models
    ]
    print_table(["model", "vendor", *(title for title, _ in _LISTED)], rows)
    click.echo(f"\n{len(models)} models, catalogue {catalog.version}")
    return 0


@command.command()
@click.argument("model_id")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="What was true on this day; today."
)
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def show(model_id: str, as_of: datetime | None, own: Path | None, as_json: bool) -> int:
    """The winning fact of every field of one model on a day.

    \b
    Example:
      pilothouse models show claude-3-5-sonnet-20240620
    """
    catalog = open_catalog(own)
    day = as_of.date() if as_of else today()
    model = catalog.find(model_id, day)
    now = standing(catalog, model, day)
    if as_json:
        print_json({**_row(catalog, model, day), "aliases": model.aliases, "standing": now})
        return 0
    click.echo(bold(model.id) + (f" (also {', '.join(model.aliases)})" if model.aliases else ""))
    if now.text:
        click.echo(now.text)
    rows: list[list[object]] = []
    for field in _fields(catalog, model, day):
        claim = catalog.fact(model, field, day)
        if claim is not None:
            value = f"{said(claim.value, field)}{unit_of(field)}"
            doubt = "in doubt" if claim.doubt else ""
            rows.append([field, value, claim.source, catalog.observed_on(claim), doubt])
    print_table(["field", "value", "source", "observed", ""], rows)
    return 0


@command.command()
@click.argument("model_id")
@click.argument("field", required=False)
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="What was true on this day; today."
)
@click.option(
    "--known-at", type=click.DateTime(["%Y-%m-%d"]), help="What anybody had said by this day."
)
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def explain(
    model_id: str,
    field: str | None,
    as_of: datetime | None,
    known_at: datetime | None,
    own: Path | None,
    as_json: bool,
) -> int:
    """Every claim about a model (or one FIELD of it), and why one of them wins.

    FIELD may be the beginning of several: price, benchmark. Claims of other days stand below, marked so.

    \b
    Example:
      pilothouse models explain claude-3-haiku retired_on
    """
    catalog = open_catalog(own)
    day, known = as_of.date() if as_of else today(), known_at.date() if known_at else None
    model = catalog.find(model_id, day)
    said_by_then = catalog.claims(model, known_at=known)
    names = sorted({c.field for c in said_by_then})
    if known and not names:
        first = min(catalog.observed_on(c) for c in catalog.claims(model))
        raise InvalidInput(
            f"--known-at {known}: nobody had said anything of {model.id}; first {first}"
        )
    chosen = [n for n in names if field is None or n == field] or [
        n for n in names if field and n.startswith(field)
    ]
    if not chosen:
        hint = did_you_mean(field or "", names) or f" Known: {', '.join(names)}."
        raise InvalidInput(f'nobody says anything about "{field}" of {model.id}.{hint}')
    here = standing(catalog, model, day)
    told = {n: _told(catalog, model, n, (day, known), here) for n in chosen}
    if as_json:
        print_json({n: explained.as_json(catalog, *pair, day) for n, pair in told.items()})
        return 0
    explained.print_history(catalog, model_id)
    if here.text:
        click.echo(here.text)
    for name, (claims, aside) in told.items():
        explained.print_field(catalog, model, name, claims, aside, day)
    return 0


def _told(
    catalog: Catalog, model: Model, field: str, days: tuple[date, date | None], here: Standing
) -> tuple[list[Claim], list[Claim]]:
    """Claims that hold on the day, the winner first, and those of other days. Before release nothing has a price."""
    day, known = days
    claims, aside = (
        catalog.claims(model, field, day, known),
        catalog.aside(model, field, day, known),
    )
    if here.is_unreleased and field.startswith("price_"):
        return [], [*claims, *aside]
    return claims, aside


def _listed(catalog: Catalog, model: Model, field: str, day: date) -> str | None:
    """What nobody doubts; where only doubted claims are left, nothing."""
    claim = catalog.fact(model, field, day)
    return None if claim is None or claim.doubt else said(claim.value, field)


def _fields(catalog: Catalog, model: Model, day: date) -> list[str]:
    return sorted({c.field for c in catalog.claims(model, as_of=day)})


def _row(catalog: Catalog, model: Model, day: date) -> dict[str, Any]:
    fields = _fields(catalog, model, day)
    return {"id": model.id, **{f: catalog.value(model, f, day) for f in fields}}
