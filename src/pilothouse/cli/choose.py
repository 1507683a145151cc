"""`pilothouse choose`: from a need to a shortlist that can defend itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from pilothouse.catalog.catalog import Catalog
from pilothouse.choose import record
from pilothouse.choose.decision import Decision, Pick
from pilothouse.choose.facts import offers
from pilothouse.choose.guide.templates import template_names, template_text
from pilothouse.choose.poc import poc_yaml
from pilothouse.cli.ask import Left, ask, need_yaml
from pilothouse.cli.by_guide import by_guide, print_by_guide
from pilothouse.cli.catalog_option import catalog_option, open_catalog
from pilothouse.cli.need_flags import need_flags, needed
from pilothouse.cli.output import bold, print_json, print_table, say
from pilothouse.cli.situation import known_names, read_need, situation, today
from pilothouse.core.errors import InvalidInput
from pilothouse.core.need import Need
from pilothouse.documents.strict import parse

_SHOWN = 10
_TWINS = 3


@click.command()
@click.argument("need", required=False, type=click.Path(path_type=Path))
@click.option(
    "--ask", "asks", is_flag=True, help="Ask question by question instead of reading a file."
)
@click.option("--template", help="Start from a use case of the guide instead; `list` names them.")
@click.option(
    "--by",
    "by",
    type=click.Choice(["engine", "guide"]),
    default="engine",
    show_default=True,
    help="Who answers: limits, frontier and ranking, or the model selection guide's tree.",
)
@need_flags
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write decision.md, .html, .json and poc.yaml into this folder.",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Answer with the catalogue of this day (else the file's as_of, else today).",
)
@click.option(
    "--known-at",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Use only what had been said by this day.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="Write a picture (.svg or .png).")
@click.option("--all", "show_all", is_flag=True, help="Print every excluded and dominated model.")
@catalog_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    need: Path | None,
    asks: bool,
    template: str | None,
    out: Path | None,
    as_of: datetime | None,
    known_at: datetime | None,
    plot: Path | None,
    show_all: bool,
    own: Path | None,
    as_json: bool,
    by: str,
    **flags: Any,
) -> int:
    """Choose 2-3 models for the NEED in a YAML file, with every exclusion explained.

    The main limits can be given as options instead; beside a file or a template they win over it.
    --ask goes through the guide's questions and shows what each answer leaves.
    --template NAME chooses for one of the guide's use cases; with --out its need.yaml is written, too.

    --by guide answers as the guide does, word for word with --as-of 2025-12-31.

    Exit 0: a shortlist; 1: no model keeps every limit (the smallest relaxations are printed);
    2: bad input.

    \b
    Example:
      pilothouse choose examples/needs/ecommerce-support.yaml --out decision
      pilothouse choose --requests-per-day 20k --input-tokens 6000 --output-tokens 500 --context 200k --requires tools
    """
    if template == "list":
        click.echo("\n".join(template_names()))
        return 0
    catalog = open_catalog(own)
    asked = None
    if asks:
        _check_alone(need, template, flags)
        day = as_of.date() if as_of else today()
        try:
            asked = ask(offers(catalog, day), day)
        except Left:
            return 130
    wanted = asked or _need(need, template, flags, catalog)
    given = situation(
        wanted,
        catalog,
        as_of=as_of.date() if as_of else None,
        known_at=known_at.date() if known_at else None,
    )
    if by == "guide":
        if out is not None or plot is not None:
            raise InvalidInput("--by guide prints an answer: it has no record to write and no plot")
        answer = by_guide(given.need, template, catalog, given.offers, given.as_of)
        print_json(answer) if as_json else print_by_guide(given.need, answer)
        return 0
    decision = given.decide()
    if out is not None:
        _write(decision, catalog, out, None if need else _need_text(template, flags, wanted))
    if plot is not None:
        _draw(decision, plot)
    if as_json:
        click.echo(record.record_json(decision, catalog.sources), nl=False)
    else:
        _print(decision, catalog, today(), show_all, out)
        if asked is not None and out is None:
            click.echo("\nTo keep the need that your answers make, ask with --out FOLDER")
    return 0 if decision.shortlist else 1


def _check_alone(need: Path | None, template: str | None, flags: Mapping[str, Any]) -> None:
    if need is not None or template is not None or any(flags.values()):
        raise InvalidInput(
            "--ask asks for everything itself: leave out NEED, --template and limits"
        )


def _need(
    path: Path | None, template: str | None, flags: Mapping[str, Any], catalog: Catalog
) -> Need:
    if path is not None and template is not None:
        raise InvalidInput("choose: give a NEED file or --template NAME, and not both")
    base = None
    if path is not None:
        base = read_need(path, catalog)
    elif template is not None:
        base = parse(template_text(template), Need, name=f"template {template}").value
    need = needed(base, flags, known_names(catalog)) if any(flags.values()) else base
    if need is None:
        raise InvalidInput(
            "choose: give a NEED file, --template NAME (`--template list`), --ask, or limits as options "
            "(pilothouse choose --help)"
        )
    return need


def _need_text(template: str | None, flags: Mapping[str, Any], need: Need) -> str:
    """The template with its comments while nothing was changed, else what was said."""
    if template is not None and not any(flags.values()):
        return template_text(template)
    return need_yaml(need)


def _write(decision: Decision, catalog: Catalog, out: Path, need: str | None) -> None:
    """The record in three forms, poc.yaml where there is something to prove, and the need unless it was a file."""
    sources = catalog.sources
    files = {
        "decision.md": record.record_markdown(decision, sources),
        "decision.json": record.record_json(decision, sources).decode(),
        "decision.html": record.record_html(decision, sources),
    }
    if decision.shortlist:
        files["poc.yaml"] = poc_yaml(decision)
    if need is not None:
        files["need.yaml"] = need
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not decision.shortlist:
            (out / "poc.yaml").unlink(missing_ok=True)  # of an earlier decision
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"--out {out}: cannot be written: {error.strerror}") from None


def _draw(decision: Decision, plot: Path) -> None:
    from pilothouse.plots.decision import plot_decision  # matplotlib is heavy, and optional
    from pilothouse.plots.write import write

    write(plot_decision(decision), plot)


def _print(
    decision: Decision, catalog: Catalog, now: date, show_all: bool, out: Path | None
) -> None:
    say(f"{decision.need.name}: {record.summary(decision)}")
    say(f"weights: {record.weights_line(decision)}; catalogue {decision.catalogue}")
    click.echo()
    if decision.shortlist:
        print_table(*record.pick_rows(decision.shortlist), may_drop="vendor")
        say(f"({record.LEGEND})")
        for pick in decision.shortlist:
            _print_pick(pick)
        if firm := list(record.sensitivity_lines(decision)):
            click.echo(f"\n{bold('How firm this is')}")
            for line in firm:
                say(line, "  ")
        _print_endings(decision, catalog, now)
    else:
        click.echo("No model keeps every limit.")
    if decision.relaxations:
        click.echo(f"\n{bold('Smallest relaxations')}")
        for line in record.relaxation_lines(decision):
            say(line, "  ")
    _print_rest(decision, show_all)
    if out is not None:
        written = ["decision.md", "decision.html", "decision.json"]
        written += [name for name in ("need.yaml", "poc.yaml") if (out / name).exists()]
        click.echo(f"\nwritten: {', '.join(written)} in {out}/")


def _print_pick(pick: Pick) -> None:
    click.echo()
    say(f"{bold(pick.id)}: {'; '.join(pick.reasons)}")
    for warning in pick.warnings:
        say(f"take care: {warning}", "  ")


def _print_endings(decision: Decision, catalog: Catalog, now: date) -> None:
    """What an answer as of a past day does not know: who of the shortlist has ended since."""
    ended: list[str] = []
    for pick in decision.shortlist:
        end = catalog.retired_on(catalog.find(pick.id))
        if end is not None and decision.as_of < end <= now:
            ended.append(f"{pick.id} ({end})")
    if ended:
        click.echo(
            f"\nThis answers as of {decision.as_of}. Retired since: {', '.join(ended)}; "
            f"for today: --as-of {now}"
        )


def _print_rest(decision: Decision, show_all: bool) -> None:
    for title, word, is_twin in (
        ("Dominated", "by", False),
        ("Ranked under another name", "as", True),
    ):
        of = [d for d in decision.dominated if d.is_twin == is_twin]
        shown = of if show_all else of[: _SHOWN if not is_twin else _TWINS]
        if shown:
            click.echo(f"\n{bold(title)}")
        for beaten in shown:
            say(f"{beaten.id} {word} {beaten.by}: {beaten.why}", "  ")
        _print_more(len(of) - len(shown))
    if decision.excluded:
        click.echo(f"\n{bold('Excluded')}")
        print_table(["limit", "fail it", "and nothing else"], record.limit_rows(decision))
        click.echo()
        nearest = record.nearest_first(decision)
        rows = [(e.id, "; ".join(f.text for f in e.failures)) for e in nearest]
        shown = rows if show_all else rows[:_SHOWN]
        print_table(["model, nearest first", "every limit it fails"], shown)
        _print_more(len(rows) - len(shown))


def _print_more(left: int) -> None:
    if left > 0:
        click.echo(f"  ... and {left} more (--all shows them; --out and --json have them all)")
