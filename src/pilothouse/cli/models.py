"""`pilothouse models`: what the catalogue knows, and who says so."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.fields import describe
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.output import bold, print_json, print_table
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
    today = datetime.now(UTC).date()
    vendors = sorted({str(catalog.value(m, "vendor")) for m in catalog.models})
    if vendor is not None and vendor not in vendors:
        hint = did_you_mean(vendor, vendors) or f" Known: {', '.join(vendors)}."
        raise InvalidInput(f'--vendor: the catalogue has no vendor "{vendor}".{hint}')
    models = [
        m
        for m in catalog.models
        if (vendor is None or catalog.value(m, "vendor") == vendor)
        and not (current and _is_retired(catalog, m, today))
    ]
    if as_json:
        print_json([_row(catalog, m) for m in models])
        return 0
    rows = [
        [m.id, catalog.value(m, "vendor"), *(_said(catalog.value(m, f), f) for _, f in _LISTED)]
        for m in models
    ]
    print_table(["model", "vendor", *(title for title, _ in _LISTED)], rows)
    click.echo(f"\n{len(models)} models, catalogue {catalog.version}")
    return 0


@command.command()
@click.argument("model_id")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def show(model_id: str, own: Path | None, as_json: bool) -> int:
    """The winning fact of every field of one model.

    \b
    Example:
      pilothouse models show claude-3-5-sonnet-20240620
    """
    catalog = open_catalog(own)
    model = catalog.find(model_id)
    if as_json:
        print_json({**_row(catalog, model), "aliases": model.aliases})
        return 0
    click.echo(bold(model.id) + (f" (also {', '.join(model.aliases)})" if model.aliases else ""))
    rows: list[list[object]] = []
    for field in _fields(model):
        claim = catalog.fact(model, field)
        if claim is not None:
            seen = catalog.sources[claim.source].observed_on
            rows.append([field, _said(claim.value, field), claim.source, seen])
    print_table(["field", "value", "source", "observed"], rows)
    return 0


@command.command()
@click.argument("model_id")
@click.argument("field", required=False)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="What was true on this day.")
@click.option("--known-at", type=click.DateTime(["%Y-%m-%d"]), help="What was known by this day.")
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

    \b
    Example:
      pilothouse models explain claude-3-haiku retired_on
    """
    catalog = open_catalog(own)
    day = as_of.date() if as_of else None
    model = catalog.find(model_id, day)
    said = catalog.claims(model, as_of=day, known_at=known_at.date() if known_at else None)
    fields = sorted({c.field for c in said})
    if field is not None and field not in fields:
        hint = did_you_mean(field, fields) or f" Known: {', '.join(fields)}."
        raise InvalidInput(f'nobody says anything about "{field}" of {model.id}.{hint}')
    chosen = {f: [c for c in said if c.field == f] for f in ([field] if field else fields)}
    if as_json:
        print_json({f: _explained(catalog, claims) for f, claims in chosen.items()})
        return 0
    _print_history(catalog, model_id)
    for name, claims in chosen.items():
        unit = (known := describe(name)) and known.unit
        winner = _said(claims[0].value, name)
        click.echo(f"{bold(f'{model.id} {name}')} = {winner}" + (f" {unit}" if unit else ""))
        click.echo(f"  because {catalog.why(claims[0], claims)}")
        for claim in claims:
            click.echo(f"  {_told(catalog, claim)}")
    return 0


def _print_history(catalog: Catalog, name: str) -> None:
    for span in catalog.history(name):
        since, until = span.valid_from or "the beginning", span.valid_to or "now"
        click.echo(f"{span.name} stood for {span.model} from {since} to {until} ({span.url})")


def _told(catalog: Catalog, claim: Claim) -> str:
    """One claim with everything that is known of it."""
    source = catalog.sources[claim.source]
    parts = [
        f"{_said(claim.value, claim.field)}"
        + (f" ± {claim.error:g}" if claim.error else "")
        + (f" [{claim.protocol}]" if claim.protocol else "")
        + (f" ({claim.note})" if claim.note else ""),
        f"{claim.source} {source.version} as {claim.key}, observed {catalog.observed_on(claim)}",
        f"valid from {claim.valid_from}" if claim.valid_from else "",
        f"until {claim.valid_to}" if claim.valid_to else "",
        claim.confidence or source.confidence,
        source.licence,
        catalog.url(claim) or "",
        f"doubted: {claim.doubt}" if claim.doubt else "",
    ]
    return f"{parts[0]}: " + ", ".join(p for p in parts[1:] if p)


def _fields(model: Model) -> list[str]:
    return sorted({c.field for c in model.claims})


def _row(catalog: Catalog, model: Model) -> dict[str, Any]:
    return {"id": model.id, **{f: catalog.value(model, f) for f in _fields(model)}}


def _explained(catalog: Catalog, claims: list[Claim]) -> dict[str, Any]:
    return {
        "value": claims[0].value,
        "because": catalog.why(claims[0], claims),
        "claims": [
            {"claim": c, "source": catalog.sources[c.source], "url": catalog.url(c)} for c in claims
        ],
    }


def _is_retired(catalog: Catalog, model: Model, today: date) -> bool:
    end = catalog.retired_on(model)
    return end is not None and end <= today


def _said(value: object, field: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, int) and field.endswith("_tokens"):
        return f"{value:,}"
    return str(value)
