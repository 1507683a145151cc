"""`pilothouse route plan`: does a cascade pay, and which? Read off a table of what each model did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean

import click
from msgspec import Struct

from pilothouse.app.routing_table import open_table
from pilothouse.app.stores import StoreAddress
from pilothouse.cli.output import print_json, print_table, say
from pilothouse.cli.store_option import store_option
from pilothouse.core.stats.proportion import Interval
from pilothouse.route.cascade import MARGIN, Planned, Worth
from pilothouse.route.cascade import plan as planned
from pilothouse.route.cascade_held_out import HeldOut, held_out
from pilothouse.route.cascade_outcome import Check, Kind, columns
from pilothouse.route.cascade_replay import replayed
from pilothouse.route.cascade_served import route_yaml
from pilothouse.route.cascade_words import because, check_in_words, points, share, times
from pilothouse.route.table import Table

_REPLAYS = 20
_ASSUMED = 0.1
_KINDS: dict[str, tuple[Kind, ...]] = {
    "any": ("verifier", "agreement"),
    "verifier": ("verifier",),
    "agreement": ("agreement",),
}
_rate = click.FloatRange(0, 1)


class Replays(Struct, frozen=True, kw_only=True):
    """The chosen plan with drawn errors of its check, over several seeds: means, and the range of scores."""

    times: int
    score: float
    score_range: Interval
    cost_ratio: float


@click.command("plan")
@click.argument("source")
@click.option(
    "--check",
    "kind",
    type=click.Choice(list(_KINDS)),
    default="any",
    show_default=True,
    help="verifier: tests, schema, pattern, judge; agreement: two models say the same.",
)
@click.option(
    "--check-error",
    type=_rate,
    help=f"Share of answers that a verifier judges wrongly, both ways.  [default: {_ASSUMED}]",
)
@click.option(
    "--false-accept", type=_rate, help="Share of bad answers it takes, when that is another one."
)
@click.option("--false-reject", type=_rate, help="Share of good answers it refuses.")
@click.option("--check-usd", type=click.FloatRange(min=0), default=0.0, help="Price of a check.")
@click.option("--check-ms", type=click.FloatRange(min=0), default=0.0, help="Time of a check.")
@click.option("--model", "models", multiple=True, help="Only these models (again for more).")
@click.option(
    "--longest",
    type=click.IntRange(2, 3),
    default=3,
    show_default=True,
    help="Models in a cascade.",
)
@click.option(
    "--margin",
    type=_rate,
    default=MARGIN,
    show_default=True,
    help="How much worse than the best single model is still well enough.",
)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--show",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Cascades to print; --json has all.",
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def plan(
    source: str, kind: str, check_error: float | None, false_accept: float | None,
    false_reject: float | None, check_usd: float, check_ms: float, models: tuple[str, ...],
    longest: int, margin: float, seed: int, show: int, store: StoreAddress, as_json: bool,
) -> int:  # fmt: skip
    """Whether to ask a cheaper model first, which ones in which order, and how wrong the check may be.

    SOURCE is a run, or a table (JSON lines or CSV) with a score and a cost for each case and model; agreement needs their
    answers too. Nothing is asked of any provider. Exit 1: nothing pays, do not cascade.

    \b
    Example:
      pilothouse route plan table.jsonl --check-error 0.2 --check-usd 0.001
    """
    table = open_table(source, store)
    error = _ASSUMED if check_error is None else check_error
    check = Check(
        false_accept=error if false_accept is None else false_accept,
        false_reject=error if false_reject is None else false_reject,
        usd=check_usd,
        ms=check_ms,
    )
    choose = partial(
        planned, check=check, models=models, kinds=_KINDS[kind], longest=longest, margin=margin,
        seed=seed,
    )  # fmt: skip
    found = choose(table)
    other_half = None if found.chosen is None else held_out(table, choose)
    drawn = _replays(table, models, found, seed)
    routed = _routed(table, models)
    chosen = found.chosen
    served = None if chosen is None else route_yaml(chosen.plan, chosen.break_even_error)
    if as_json:
        print_json(
            {
                "because": because(found),
                "held_out": other_half,
                "replayed": drawn,
                "routing": routed,
                "plan": found,
                "route": served,
            }
        )
    else:
        is_assumed = check_error is None and None in (false_accept, false_reject)
        _tell(found, other_half, drawn, is_assumed=is_assumed and kind != "agreement", show=show)
        say(f"Routing by the question instead: {routed}.")
        if served is not None:
            click.echo(f"\n{served}")
    return 1 if found.chosen is None else 0


def _routed(table: Table, models: tuple[str, ...]) -> str:
    """Whether a router learned from the same table pays, in words."""
    try:
        from pilothouse.route.learn import learned
    except ImportError:
        return "not known (pip install 'pilothouse[route]')"
    try:
        artefact = learned(table.of_models(models) if models else table)
    except ValueError as error:
        return f"not known ({error})"
    return f"{artefact.advice}, {artefact.why}"


def _replays(table: Table, models: tuple[str, ...], found: Planned, seed: int) -> Replays | None:
    if found.chosen is None or found.chosen.plan.kind != "verifier":
        return None
    of = columns(table, models)
    runs = [replayed(of, found.chosen.plan, found.check, seed + i) for i in range(_REPLAYS)]
    scores = [r.score for r in runs]
    return Replays(
        times=_REPLAYS,
        score=fmean(scores),
        score_range=Interval(min(scores), max(scores)),
        cost_ratio=fmean([r.cost_usd for r in runs]) / found.best.cost_usd,
    )


def _tell(
    found: Planned, half: HeldOut | None, drawn: Replays | None, *, is_assumed: bool, show: int
) -> None:
    left = (
        f" ({found.left_out} left out: not every model has a score and a cost)"
        if found.left_out
        else ""
    )
    say(
        f"{found.table}: {found.cases} cases{left}, {len(found.singles)} models, {found.tried} cascades tried"
    )
    if any(w.plan.kind == "verifier" for w in found.cascades):
        assumed = " (assumed; say --check-error)" if is_assumed else ""
        say(f"verifier: {check_in_words(found.check)}{assumed}")
    click.echo()
    print_table(("alone", "score", "95 %", "$ a case", "cost", ""), _alone(found))
    click.echo()
    shown = found.cascades[:show]
    for extra in (found.chosen, found.best_score):
        if extra is not None and extra not in shown and extra.plan.kind != "single":
            shown = (*shown, extra)
    _print_cascades(shown)
    click.echo()
    say(because(found))
    top = found.best_score
    if top is not None and top != found.chosen:
        say(
            f"The best score at no more cost: {top.plan}, {share(top.score)} at {times(top.cost_ratio)}."
        )
    if drawn is not None:
        say(
            f"Replayed {drawn.times} times with drawn errors: {share(drawn.score)} "
            f"({_of(drawn.score_range, share)}) at {times(drawn.cost_ratio)}."
        )
    if half is not None:
        say(
            f"Chosen on half of the cases, measured on the other {half.cases}: {half.plan}, {share(half.score)} at "
            f"{times(half.cost_ratio)}, {points(half.difference)} points ({_of(half.difference_interval, points)}) "
            f"against {half.best}."
        )
    elif found.chosen is not None:
        say(
            "Half of the cases are too few to choose by, so the choice could not be tried on the other half."
        )


def _alone(found: Planned) -> list[tuple[object, ...]]:
    def note(worth: Worth) -> str:
        words = [
            "best" if worth.plan == found.best.plan else "",
            "cheapest" if worth.plan == found.cheapest.plan else "",
            "pays" if worth.pays else "",
        ]
        return ", ".join([w for w in words if w])

    rows: list[tuple[object, ...]] = [
        (
            str(w.plan), share(w.score), _of(w.score_interval, share), f"{w.cost_usd:.6f}",
            times(w.cost_ratio), note(w),
        )
        for w in found.singles
    ]  # fmt: skip
    oracle = found.oracle
    ratio = times(oracle.cost_usd / found.best.cost_usd)
    rows.append(
        ("(oracle)", share(oracle.score), None, f"{oracle.cost_usd:.6f}", ratio, "luck included")
    )
    return rows


def _print_cascades(shown: Sequence[Worth]) -> None:
    has_latency = any(w.latency_ms is not None for w in shown)
    header = ["cascade", "score", "cost", "95 %", "points", "95 %", "first alone", "error up to"]
    rows = [_row(w, has_latency=has_latency) for w in shown]
    print_table([*header, *(["ms"] if has_latency else []), "pays"], rows)


def _row(worth: Worth, *, has_latency: bool) -> list[object]:
    ratio, gap, error = worth.cost_ratio_interval, worth.difference_interval, worth.break_even_error
    ms = None if worth.latency_ms is None else f"{worth.latency_ms:.0f}"
    return [
        str(worth.plan),
        share(worth.score),
        times(worth.cost_ratio),
        None if ratio is None else _of(ratio, times),
        points(worth.difference),
        None if gap is None else _of(gap, points),
        share(worth.first_share),
        None if error is None else share(error),
        *([ms] if has_latency else []),
        "yes" if worth.pays else "no" if gap is None else "not proven",
    ]


def _of(interval: Interval, words: Callable[[float], str]) -> str:
    return f"{words(interval.low)} to {words(interval.high)}"
