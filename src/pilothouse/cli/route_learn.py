"""`pilothouse route learn`: a router and its promises from a proof's table."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import replace

from pilothouse.app.compose import now_us
from pilothouse.app.routing_table import open_table
from pilothouse.app.stores import StoreAddress
from pilothouse.cli.output import print_json, print_table, say, write
from pilothouse.cli.route_learned_words import tell_promises
from pilothouse.cli.route_options import confidence_option, extra_missing, scorer_option
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.learned.artefact import Artefact, sealed
from pilothouse.route.table import Table


@click.command("learn")
@click.argument("source")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="router.json",
    show_default=True,
    help="The router.",
)
@scorer_option
@click.option(
    "--calibrate",
    type=click.FloatRange(0.1, 0.9),
    default=0.4,
    show_default=True,
    help="Share of cases that promises are made from; nothing is learned from them.",
)
@confidence_option
@click.option(
    "--quality-usd",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="What a good answer is worth; 0: of all that is tolerated, the cheapest.",
)
@click.option("--without-tags", is_flag=True, help="From words alone: callers will say no tag.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def learn(
    source: str, out: Path, scorer: str | None, calibrate: float, confidence: float,
    quality_usd: float, without_tags: bool, store: StoreAddress, as_json: bool,
) -> int:  # fmt: skip
    """Learn which questions a cheaper model answers as well, and what can be promised of it.

    SOURCE is a run (its id, or `last`), or a table: JSON lines or CSV with a prompt, and each model's score and cost.
    Where every case has a tag, requests must say theirs (x-pilothouse-tag) to be routed. Exit 1: the advice is not to
    route; the file is written all the same. Needs pilothouse[route].

    \b
    Example:
      pilothouse route learn last --out router.json
      pilothouse route learn table.jsonl --quality-usd 0.01
    """
    try:
        from pilothouse.route.learn import learned
    except ImportError as error:
        raise extra_missing(error) from None
    table = open_table(source, store, scorer)
    if without_tags:
        table = replace(table, tags=(None,) * len(table))
    try:
        artefact = learned(
            table,
            calibrate=calibrate,
            delta=1 - confidence,
            quality_usd=quality_usd,
            at_us=now_us(),
        )
    except ValueError as error:
        raise InvalidInput(f"{source}: {error}") from None
    write(out, sealed(artefact))
    if as_json:
        print_json(_summary(artefact, out))
    else:
        _tell(artefact, table, out)
    return 0 if artefact.advice == "route" else 1


def _summary(artefact: Artefact, out: Path) -> dict[str, object]:
    return {
        "file": str(out),
        "learned_from": artefact.learned_from,
        "cases": artefact.cases,
        "models": dict(zip(artefact.models, artefact.mean, strict=True)),
        "reference": artefact.models[artefact.reference],
        "certificates": artefact.certificates,
        "advice": artefact.advice,
        "why": artefact.why,
    }


def _tell(artefact: Artefact, table: Table, out: Path) -> None:
    held = artefact.certificates[0].cases
    say(
        f"{table.name}: {len(table)} cases, learned from {artefact.cases}, promises made from {held} others"
    )
    click.echo()
    rows = [
        (
            name,
            f"{artefact.mean[k]:.1%}",
            f"{money.usd:.6f}" if artefact.has_costs else None,
            f"{money.usd_per_char * 1000:.6f}" if artefact.has_costs else None,
            "answers when in doubt" if k == artefact.reference else "",
        )
        for k, (name, money) in enumerate(zip(artefact.models, artefact.money, strict=True))
    ]
    print_table(("model", "good", "$ an answer", "$ per 1,000 characters", ""), rows)
    click.echo()
    tell_promises(artefact)
    click.echo(f"written: {out} ({out.stat().st_size / 1024:.0f} kB)")
