"""`pilothouse catalog`: lists read, compared and doubted; your own file; how old each fact is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import yaml
from msgspec.structs import replace

from pilothouse.catalog import conflicts as conflicting
from pilothouse.catalog import difference, staleness
from pilothouse.catalog.another_version import with_version
from pilothouse.catalog.catalog import Catalog
from pilothouse.catalog.fields import FIELDS, PRICES, UNITS, describe, price_field
from pilothouse.catalog.importers.known import IMPORTERS, read_snapshot
from pilothouse.catalog.overlay import with_overlay
from pilothouse.catalog.snapshot import Snapshot
from pilothouse.choose.check import SavedPick, check, needed_today, read_decision
from pilothouse.cli.catalog_option import catalog_option, models_of, open_catalog
from pilothouse.cli.output import bold, print_json, print_table, write
from pilothouse.cli.situation import situation, today
from pilothouse.core.errors import InvalidInput, did_you_mean

_SHOWN = 15


@click.group()
def command() -> None:
    """Where the catalogue's facts come from, and what you know better.

    \b
    Example:
      pilothouse catalog conflicts --field price_input --vendor anthropic
    """


@command.command("import")
@click.argument("kind", type=click.Choice(list(IMPORTERS)))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write what was read as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def import_list(kind: str, path: Path, out: Path | None, as_json: bool) -> int:
    """Read a public list, say what it holds, and what of it cannot be believed.

    Offline; the same file gives the same bytes. Exit 0: read; 1: some entries were skipped or doubted;
    2: unreadable.

    \b
    Example:
      pilothouse catalog import litellm model_prices_and_context_window.json --out litellm.json
    """
    snapshot = read_snapshot(kind, path)
    said = [c for r in snapshot.rows for c in r.claims]
    doubted = [c for c in said if c.doubt]
    if not said:
        raise InvalidInput(f"{path}: nothing that a {kind} list says is in it{_first(snapshot)}")
    if out is not None:
        write(out, msgspec.json.encode(snapshot, order="deterministic") + b"\n")
    if as_json:
        told = {"source": snapshot.source, "rows": len(snapshot.rows), "claims": len(said)}
        print_json({**told, "skipped": snapshot.skipped, "doubted": doubted})
    else:
        importer = IMPORTERS[kind]
        click.echo(
            f"{kind}: {len(snapshot.rows):,} rows, {len(said):,} claims ({importer.licence})"
        )
        for one in snapshot.skipped[:_SHOWN]:
            click.echo(f"  skipped {one.where}: {one.why}")
        _more(len(snapshot.skipped) - _SHOWN)
        for claim in doubted[:_SHOWN]:
            click.echo(f"  doubted {claim.key}: {claim.field}: {claim.doubt}")
        _more(len(doubted) - _SHOWN)
        if out is not None:
            click.echo(f"written: {out}")
    return 1 if snapshot.skipped or doubted else 0


def _first(snapshot: Snapshot) -> str:
    if not snapshot.skipped:
        return ": is it a list of another kind?"
    one = snapshot.skipped[0]
    return f": {one.where}: {one.why} (and {len(snapshot.skipped) - 1} more)"


@command.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--as", "kind", type=click.Choice(list(IMPORTERS)), default="litellm", show_default=True
)
@click.option(
    "--decisions",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also say which decisions saved in this folder flip between BEFORE and AFTER.",
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def diff(before: Path, after: Path, kind: str, decisions: Path | None, as_json: bool) -> int:
    """What changed between two versions of a list, or of your own file (*.yaml).

    Exit 0: nothing; 1: something changed; 2: bad input.

    \b
    Example:
      pilothouse catalog diff old/model_prices.json new/model_prices.json --as litellm
    """
    if after.suffix in (".yaml", ".yml"):
        old, new = open_catalog(before), open_catalog(after)
        found = difference.of_catalogs(old, new, today())
    else:
        pair = [read_snapshot(kind, path) for path in (before, after)]
        found = difference.of_snapshots(*pair)
        old, new = (with_version(open_catalog(None), one) for one in pair)
    flipped = _flipped(decisions, old, new) if decisions else []
    if as_json:
        print_json({"difference": found, "flipped": flipped})
    else:
        _print_difference(found, flipped)
    return 1 if found.added or found.removed or found.changed else 0


def _flipped(folder: Path, old: Catalog, new: Catalog) -> list[dict[str, Any]]:
    """Decisions whose shortlist differs between the two, on the day they were made for."""
    if not folder.is_dir():
        raise InvalidInput(f"--decisions {folder}: there is no such folder")
    out: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("decision.json")):
        saved = read_decision(path.read_bytes(), str(path))
        need = needed_today(saved, saved.as_of)
        then, now = (situation(need, c, as_of=saved.as_of).decide() for c in (old, new))
        before, after = ([p.id for p in one.shortlist] for one in (then, now))
        if before != after:
            picked = tuple(SavedPick(id=i) for i in before)
            verdicts = check(replace(saved, shortlist=picked), now, saved.as_of).verdicts
            why = {v.id: v.why for v in verdicts if v.id not in after}
            out.append({"file": str(path), "before": before, "after": after, "why": why})
    return out


def _print_difference(found: difference.Difference, flipped: list[dict[str, Any]]) -> None:
    rows = [
        ["entries before", found.before],
        ["entries after", found.after],
        ["added", len(found.added)],
        ["removed", len(found.removed)],
        ["price changed", len(found.prices)],
        ["context changed", len(found.contexts)],
        ["got an end", len(found.retired)],
    ]
    print_table(["what", "how many"], rows)
    for title, names in (("Removed", found.removed), ("Price changed", found.prices)):
        if names:
            click.echo(f"\n{bold(title)}: {', '.join(names[:_SHOWN])}")
            _more(len(names) - _SHOWN)
    changes = [c for c in found.changed if c.field in difference.PRICES]
    for change in changes[:_SHOWN]:
        click.echo(f"  {change.id} {change.field}: {change.before} -> {change.after}")
    _more(len(changes) - _SHOWN)
    for one in flipped:
        click.echo(f"\n{bold('Flips')}: {one['file']}: {', '.join(one['before'])}")
        click.echo(f"  now {', '.join(one['after']) or 'nobody'}")
        for model, why in one["why"].items():
            click.echo(f"  {model}: {why}")


@command.command()
@click.option("--field", "fields", multiple=True, help="Only fields that begin so; repeatable.")
@click.option("--vendor", help="Only this vendor's models.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="On this day; today.")
@click.option("--all", "show_all", is_flag=True, help="Print all of them.")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def conflicts(
    fields: tuple[str, ...],
    vendor: str | None,
    as_of: datetime | None,
    show_all: bool,
    own: Path | None,
    as_json: bool,
) -> int:
    """Where sources contradict each other, who wins, and the likely cause.

    Exit 0: none; 1: some.

    \b
    Example:
      pilothouse catalog conflicts --field price --vendor google
    """
    catalog = open_catalog(own)
    day = as_of.date() if as_of else today()
    for field in fields:
        _check_field(field)
    models = models_of(catalog, vendor)
    found = conflicting.conflicts(catalog, models, day, fields=fields)
    if as_json:
        print_json(found)
    else:
        for one in found if show_all else found[:_SHOWN]:
            click.echo(f"{bold(one.model)} {one.field}" + (f": {one.cause}" if one.cause else ""))
            for claim in one.claims:
                doubt = "  in doubt" if claim.doubt else ""
                click.echo(f"  {claim.value}  {claim.source} ({catalog.observed_on(claim)}){doubt}")
        _more(0 if show_all else len(found) - _SHOWN)
        click.echo(f"\n{len(found)} conflicts in {len(models):,} models as of {day}")
    return 1 if found else 0


@command.command()
@click.option("--fail-on", type=click.Choice(["ageing", "stale"]), help="Exit 1 when there is any.")
@click.option("--vendor", help="Only this vendor's models.")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def stale(fail_on: str | None, vendor: str | None, own: Path | None, as_json: bool) -> int:
    """How old the facts of living models are, for what they say: fresh, ageing or stale.

    \b
    Example:
      pilothouse catalog stale --vendor openai
    """
    catalog = open_catalog(own)
    models = models_of(catalog, vendor)
    found = staleness.grades(catalog, models, today())
    if as_json:
        print_json(found)
    else:
        rows: list[Sequence[object]] = [
            [kind, source, n["fresh"], n["ageing"], n["stale"]]
            for (kind, source), n in sorted(staleness.counts(found).items())
        ]
        print_table(["facts", "source", "fresh", "ageing", "stale"], rows)
        limits = "; ".join(
            f"{kind} {fresh}/{old}" for kind, (fresh, old) in staleness.LIMITS_DAYS.items()
        )
        click.echo(f"\n(days: fresh up to / stale beyond: {limits})")
    bad = {"stale"} if fail_on == "stale" else {"ageing", "stale"} if fail_on else set[str]()
    return 1 if any(one.grade in bad for one in found) else 0


@command.command()
@click.argument("model")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    default="pilothouse-catalog.yaml",
    show_default=True,
)
@click.option("--vendor", help="Who made it; for a model that no list has.")
@click.option("--of", help="A known model whose abilities it shares: a tuned or self-hosted copy.")
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="WHAT=USD",
    help="e.g. input=0.5 (per million tokens).",
)
@click.option(
    "--fact", "facts", multiple=True, metavar="FIELD=VALUE", help="e.g. context_tokens=32000."
)
@click.option("--replace", is_flag=True, help="Overwrite what the file says of this model.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def add(
    model: str,
    path: Path,
    vendor: str | None,
    of: str | None,
    prices: tuple[str, ...],
    facts: tuple[str, ...],
    replace: bool,
    as_json: bool,
) -> int:
    """Add a model of yours, a private price or a correction to your own catalogue file.

    Use it with --catalog FILE, or set PILOTHOUSE_CATALOG.

    \b
    Example:
      pilothouse catalog add our-llama --of llama-3.1-70b --price input=0.2 --price output=0.2
    """
    whole: dict[str, Any] = {}
    if path.exists():
        open_catalog(path)  # says what is wrong with it before it is touched
        whole = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    entry: dict[str, Any] = {k: v for k, v in (("vendor", vendor), ("of", of)) if v}
    if prices:
        entry["prices"] = dict(_pairs("--price", prices))
    if facts:
        entry["facts"] = dict(_pairs("--fact", facts))
    models: dict[str, Any] = whole.setdefault("models", {})
    if model in models and models[model] != entry and not replace:
        raise InvalidInput(f"{path}: models.{model} is there already; --replace overwrites it")
    models[model] = entry
    whole = {"seen": today(), **{k: v for k, v in whole.items() if k != "seen"}}
    draft = path.with_suffix(".draft.yaml")
    write(draft, yaml.safe_dump(whole, sort_keys=False, allow_unicode=True).encode())
    try:
        with_overlay(open_catalog(None), draft)
    except InvalidInput as error:
        draft.unlink()
        raise InvalidInput(str(error).replace(str(draft), str(path))) from None
    draft.replace(path)
    if as_json:
        print_json({"file": str(path), "model": model, "entry": entry})
    else:
        click.echo(f"{path}: {model} is in it. Use it with --catalog {path}")
    return 0


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def fields(as_json: bool) -> int:
    """Every field that a fact may be about, with its unit.

    \b
    Example:
      pilothouse catalog fields
    """
    rows = [[name, f.type, f.unit, f.meaning] for name, f in FIELDS.items()]
    rows += [
        [price_field(what), "money", f"USD per {UNITS.get(unit, unit)}", meaning]
        for what, (unit, meaning) in PRICES.items()
    ]
    rows.append(["benchmark:<name>", "number", "share or Elo points", "score of a benchmark"])
    if as_json:
        print_json([dict(zip(("field", "type", "unit", "meaning"), r, strict=True)) for r in rows])
    else:
        print_table(["field", "type", "unit", "meaning"], rows)
    return 0


def _check_field(start: str) -> None:
    """Raises `InvalidInput` when no field begins so."""
    known = [*FIELDS, *(price_field(what) for what in PRICES), "benchmark:"]
    if describe(start) is None and not any(name.startswith(start) for name in known):
        raise InvalidInput(
            f'--field: no field begins with "{start}".{did_you_mean(start, known)}'
            " (list them: pilothouse catalog fields)"
        )


def _pairs(option: str, given: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Names and values as YAML reads them. Raises `InvalidInput`."""
    pairs: list[tuple[str, Any]] = []
    for text in given:
        name, _, value = text.partition("=")
        if not name or not value:
            raise InvalidInput(f"{option} {text}: write NAME=VALUE")
        try:
            pairs.append((name, yaml.safe_load(value)))
        except (yaml.YAMLError, ValueError) as error:
            raise InvalidInput(f"{option} {text}: {error}") from None
    return pairs


def _more(left: int) -> None:
    if left > 0:
        click.echo(f"  ... and {left} more")
