"""`pilothouse review`: people compare or grade a run's answers, blind, by keyboard."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from pilothouse.app.compose import now_us
from pilothouse.app.loop import run_on_loop
from pilothouse.app.proving import read_run
from pilothouse.app.stores import Store, StoreAddress, open_store
from pilothouse.cli.output import bold, print_json, print_table
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.core.review_store import Review
from pilothouse.prove.pairwise import Pair
from pilothouse.prove.reviewing import (
    Item,
    Side,
    agreements,
    items_of,
    majority,
    open_items,
    standings,
)
from pilothouse.prove.run_pairs import pairs_of
from pilothouse.server.review_page import serve_review

_SIDES: dict[str, Side] = {"1": "first", "2": "second", "0": "tie"}


@click.command()
@click.argument("run")
@click.option("--reviewer", default=getpass.getuser, help="Who judges; your login if not said.")
@click.option("--grade", is_flag=True, help="One answer at a time: pass or fail.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--web", is_flag=True, help="On a page in the browser, on this machine only.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of the page; any if not said."
)
@click.option("--results", is_flag=True, help="Say what was found so far, and stop.")
@click.option(
    "--labels", type=click.Path(path_type=Path), help="Write labels for `judge calibrate`."
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable results.")
def command(
    run: str,
    reviewer: str,
    grade: bool,
    limit: int | None,
    web: bool,
    port: int,
    results: bool,
    labels: Path | None,
    store: StoreAddress,
    as_json: bool,
) -> int:
    """Show the answers of RUN (an id, or `last`) without saying whose they are, and keep what you say.

    Keys: 1 the first is better, 2 the second, 0 alike (with --grade: 1 passes, 2 fails), s later, q stop.
    Stop whenever you like; the same command goes on. Several people may review one run.

    \b
    Example:
      pilothouse review last --reviewer ann
      pilothouse review last --results
    """
    with closing(open_store(store, must_exist=True)) as opened:
        read = read_run(opened.proofs, run)
        pairs = pairs_of(read.evidence, read.shelf, limit)
        run_id = read.evidence.run_id
        if results or labels is not None:
            return _results(opened, run_id, pairs, labels, as_json=as_json)
        items = open_items(
            items_of(pairs, reviewer, graded=grade), opened.reviews.reviews(run_id), reviewer
        )
        if not items:
            click.echo("nothing is left to review (--results says what was found)")
            return 0

        def keep(item: Item, verdict: str) -> None:
            review = Review(
                run_id=run_id, reviewer=reviewer, item=item.key, verdict=verdict, at_us=now_us()
            )
            opened.reviews.keep([review])

        if web:
            return run_on_loop(
                serve_review(items, keep, port, lambda url: click.echo(f"review at {url}"))
            )
        return _in_terminal(items, keep)


def _in_terminal(items: list[Item], keep: Callable[[Item, str], None]) -> int:
    for number, item in enumerate(items, 1):
        click.echo(f"\n{bold(f'{number} of {len(items)}')}  {item.question}")
        if item.expected is not None:
            click.echo(f"{bold('expected')}  {item.expected}")
        click.echo(f"\n{bold('1')}  {item.first}")
        if item.second is not None:
            click.echo(f"\n{bold('2')}  {item.second}")
        key = _key(item)
        if key == "q":
            click.echo("stopped; the same command goes on here")
            return 0
        if key != "s":
            keep(item, _verdict(item, key))
    click.echo("that was the last one")
    return 0


def _key(item: Item) -> str:
    asked = "1 2 0 s q" if item.second is not None else "1 pass, 2 fail, s q"
    while True:
        click.echo(f"[{asked}] ", nl=False)
        key = click.getchar()
        click.echo(key if key.isprintable() else "")
        if key in ("1", "2", "s", "q") or (key == "0" and item.second is not None):
            return key


def _verdict(item: Item, key: str) -> str:
    if item.second is None:
        return "pass" if key == "1" else "fail"
    return item.verdict(_SIDES[key])


def _results(
    opened: Store, run_id: str, pairs: list[Pair], labels: Path | None, *, as_json: bool
) -> int:
    reviews = opened.reviews.reviews(run_id)
    if not reviews:
        raise InvalidInput(f"nobody has reviewed {run_id} yet: pilothouse review {run_id}")
    if labels is not None:
        lines = list(_lines(pairs, majority(reviews)))
        labels.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        click.echo(
            f"{len(lines)} labels in {labels}: pilothouse judge calibrate {labels}", err=True
        )
    found, agreed = standings(reviews), agreements(reviews)
    if as_json:
        print_json({"run": run_id, "standings": found, "agreement": agreed})
        return 0
    print_table(
        ("candidate", "share", "95 % interval", "verdicts"),
        [
            (
                s.candidate,
                f"{s.share.value:.1%}",
                f"{s.share.interval.low:.1%} to {s.share.interval.high:.1%}",
                str(s.verdicts),
            )
            for s in found
        ],
    )
    for a in agreed:
        click.echo(
            f"{a.one} and {a.other}: {a.kappa.agreement:.0%} alike on {a.items}, kappa {a.kappa.value:.2f} "
            f"({a.kappa.interval.low:.2f} to {a.kappa.interval.high:.2f})"
        )
    return 0


def _lines(pairs: list[Pair], verdicts: dict[str, str]) -> list[dict[str, Any]]:
    """Labels as `judge calibrate` reads them: pairs, else grades."""
    found: list[dict[str, Any]] = []
    for pair in pairs:
        case = pair.case
        said = verdicts.get("\x1f".join((case.id, pair.a, pair.b)))
        if said is not None:
            winner = {pair.a: "a", pair.b: "b"}.get(said, "tie")
            found.append(
                {
                    "id": f"{case.id}/{pair.a}/{pair.b}",
                    "prompt": case.prompt,
                    "human": winner,
                    "a": pair.a,
                    "b": pair.b,
                    "answer_a": pair.answer_a.text,
                    "answer_b": pair.answer_b.text,
                }
            )
    if found:
        return found
    graded: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        for name, given in ((pair.a, pair.answer_a), (pair.b, pair.answer_b)):
            said = verdicts.get("\x1f".join((pair.case.id, name)))
            if said is not None:
                line: dict[str, Any] = {"id": f"{pair.case.id}/{name}", "prompt": pair.case.prompt}
                line |= {"answer": given.text, "human": said, "cluster": pair.case.id}
                if pair.case.expected is not None:
                    line["expected"] = pair.case.expected
                graded[line["id"]] = line
    return list(graded.values())
