"""What `models explain` prints: each fact with all claims about it, and why one of them won."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.fields import describe
from pilothouse.cli.output import bold
from pilothouse.core.model import Claim, Model


def as_json(
    catalog: Catalog, claims: list[Claim], aside: list[Claim], as_of: date
) -> dict[str, Any]:
    """One field: the winner, the reason, and all claims with source and page."""
    if not claims:
        return {
            "value": None,
            "because": f"nobody's claim holds on {as_of}",
            "claims": [],
            "at_other_times": [_with_source(catalog, c) for c in aside],
        }
    return {
        "value": claims[0].value,
        "because": catalog.why(claims[0], claims),
        "claims": [_with_source(catalog, c) for c in claims],
        "at_other_times": [_with_source(catalog, c) for c in aside],
    }


def print_field(
    catalog: Catalog, model: Model, field: str, claims: list[Claim], aside: list[Claim], as_of: date
) -> None:
    """One field: the value, the reason, then a line a claim; those of other times and in doubt below."""
    unit = unit_of(field)
    won = f"{said(claims[0].value, field)}{unit}" if claims else f"unknown on {as_of}"
    click.echo(bold(f"{model.id} {field}") + f" = {won}")
    if claims:
        click.echo(f"  because {catalog.why(claims[0], claims)}")
    _print_claims(catalog, (c for c in claims if not c.doubt), "")
    _print_claims(catalog, (c for c in claims if c.doubt), "in doubt:")
    _print_claims(catalog, aside, f"not in force on {as_of}:")


def print_history(catalog: Catalog, name: str) -> None:
    """What a moving name stood for, since when; nothing for other names."""
    for span in catalog.history(name):
        since, until = span.valid_from or "the beginning", span.valid_to or "now"
        page = f" ({span.url})" if span.url else ""
        click.echo(f"{span.name} stood for {span.model} from {since} to {until}{page}")


def said(value: object, field: str) -> str | None:
    """A value as people write it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value) or "none"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, int) and field.endswith("_tokens"):
        return f"{value:,}"
    return str(value)


def unit_of(field: str) -> str:
    """The unit with a space before it; empty where the value says all."""
    known = describe(field)
    if known is None or not known.unit or known.type == "date":
        return ""
    return f" {known.unit}"


def _print_claims(catalog: Catalog, claims: Iterable[Claim], title: str) -> None:
    lines: dict[tuple[str, str], list[str]] = {}
    for claim in claims:
        lines.setdefault((_told(catalog, claim), catalog.url(claim) or ""), []).append(claim.key)
    if lines and title:
        click.echo(f"  {title}")
    indent = "    " if title else "  "
    for (told, url), keys in lines.items():
        click.echo(f"{indent}{told}")
        click.echo(f"{indent}  as {', '.join(keys)}" + (f": {url}" if url else ""))


def _told(catalog: Catalog, claim: Claim) -> str:
    """One claim with everything that is known of it, but where it stands."""
    source = catalog.sources[claim.source]
    confidence = claim.confidence or source.confidence
    value = (
        f"{said(claim.value, claim.field)}"
        + (f" ± {claim.error:g}" if claim.error else "")
        + (f" [{claim.protocol}]" if claim.protocol else "")
        + (f" ({claim.note})" if claim.note else "")
    )
    parts = [
        f"{claim.source} {source.version}" if source.version else claim.source,
        f"observed {catalog.observed_on(claim)}",
        f"valid from {claim.valid_from}" if claim.valid_from else "",
        f"until {claim.valid_to}" if claim.valid_to else "",
        confidence if confidence != claim.source else "",
        f"licence {source.licence}",
        f"doubted: {claim.doubt}" if claim.doubt else "",
    ]
    return f"{value}: " + ", ".join(p for p in parts if p)


def _with_source(catalog: Catalog, claim: Claim) -> dict[str, Any]:
    return {"claim": claim, "source": catalog.sources[claim.source], "url": catalog.url(claim)}
