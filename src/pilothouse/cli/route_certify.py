"""`pilothouse route certify`: an older router's promises made anew, from newer cases."""

from __future__ import annotations

from pathlib import Path

import click

from pilothouse.app.compose import now_us
from pilothouse.app.routing_table import open_table
from pilothouse.app.stores import StoreAddress
from pilothouse.cli.output import print_json, write
from pilothouse.cli.route_learned_words import tell_promises
from pilothouse.cli.route_options import confidence_option, extra_missing, scorer_option
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.learned.artefact import read_artefact, sealed


@click.command("certify")
@click.argument("router", type=click.Path(path_type=Path))
@click.argument("source")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The certified router.  [default: ROUTER itself]"
)
@scorer_option
@confidence_option
@click.option("--quality-usd", type=click.FloatRange(min=0), default=0.0, show_default=True)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def certify(
    router: Path, source: str, out: Path | None, scorer: str | None, confidence: float,
    quality_usd: float, store: StoreAddress, as_json: bool,
) -> int:  # fmt: skip
    """Promises of ROUTER, made again from the cases of SOURCE (a run or a table) that it has not learned from.

    A promise is as old as its sample: do this on a schedule, with a proof over newly sampled traffic. Exit 1: the
    advice is not to route any more; the file is written all the same, and a gateway refuses it.

    \b
    Example:
      pilothouse route certify router.json last
    """
    try:
        from pilothouse.route.learn import recertified
    except ImportError as error:
        raise extra_missing(error) from None
    artefact = read_artefact(router)
    table = open_table(source, store, scorer)
    if table.name == artefact.learned_from:
        raise InvalidInput(
            f"{source}: the router was learned from it, and a promise needs cases that it has not seen"
        )
    try:
        made = recertified(
            artefact, table, delta=1 - confidence, quality_usd=quality_usd, at_us=now_us()
        )
    except ValueError as error:
        raise InvalidInput(f"{source}: {error}") from None
    write(out or router, sealed(made))
    if as_json:
        print_json({"certificates": made.certificates, "advice": made.advice, "why": made.why})
    else:
        tell_promises(made)
        click.echo(f"written: {out or router}")
    return 0 if made.advice == "route" else 1
