"""`pilothouse judge rank`: a run's candidates two and two before a judge that may rank."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from math import log
from pathlib import Path

import click
from msgspec import Struct

from pilothouse.app.compose import open_client
from pilothouse.app.loop import run_on_loop
from pilothouse.app.proving import read_run
from pilothouse.app.stores import StoreAddress, open_store
from pilothouse.cli.output import print_json, print_table, say
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.prove.calibrating import judge_of_pairs, judges_of
from pilothouse.prove.calibration import judge_digest, load_calibration, may_rank
from pilothouse.prove.memory import JudgeRecall, Memory
from pilothouse.prove.models import JudgeModels
from pilothouse.prove.pair_ranking import Ranked, WinRate, ranking, win_rates
from pilothouse.prove.pairwise import HELPFUL, Judgment, Pair, PairJudge, compare
from pilothouse.prove.run_pairs import pairs_of
from pilothouse.prove.spec import Poc

ELO = 400 / log(10)
"""Points for a unit of log-odds: 400 are odds of ten to one."""


class Ranking(Struct, frozen=True, kw_only=True):
    """What a judge of pairs came to."""

    run_id: str
    pairs: int
    win_rates: tuple[WinRate, ...]
    ranked: tuple[Ranked, ...]
    why_no_ranking: str | None
    why_unvalidated: str | None
    """Why this judge would not have been let to rank without `--trust-unvalidated`."""
    spent_usd: Decimal


@click.command("rank")
@click.argument("run")
@click.option("--scorer", help="Which scorer's judges, where several of the run are judges.")
@click.option("--asks", default=HELPFUL, help="What makes an answer the better one.")
@click.option("--no-ties", is_flag=True, help="The judge must decide for one.")
@click.option("--calibration", type=click.Path(path_type=Path), help="Of the judge, on pairs.")
@click.option("--trust-unvalidated", is_flag=True, help="Rank whatever the calibration says.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def rank(
    run: str,
    scorer: str | None,
    asks: str,
    no_ties: bool,
    calibration: Path | None,
    trust_unvalidated: bool,
    limit: int | None,
    store: StoreAddress,
    as_json: bool,
) -> int:
    """Show the answers of RUN (an id, or last) to a judge, two and two in both orders, and rank the candidates.

    Exit 0: ranked; 1: this judge may not rank, and why; 2: bad input.

    \b
    Example:
      pilothouse judge rank last --calibration judges/strict.calibration.json
    """
    with closing(open_store(store, must_exist=True)) as opened:
        read = read_run(opened.proofs, run)
        pairs = pairs_of(read.evidence, read.shelf, limit)
    judge = judge_of_pairs(read.poc, scorer, asks, may_tie=not no_ties)
    held = None if calibration is None else load_calibration(calibration)
    why = may_rank(held, judge_digest(judge, judges_of(read.poc)))
    if why is not None and not trust_unvalidated:
        click.echo(f"may not rank: {why} (--trust-unvalidated ranks all the same)", err=True)
        return 1
    if not pairs:
        raise InvalidInput(f"run {read.evidence.run_id}: no case was answered by two candidates")
    click.echo(f"{2 * len(pairs) * len(judge.judges)} questions to judges", err=True)
    run_id = read.evidence.run_id
    judgments, spent = run_on_loop(_compare(read.poc, run_id, pairs, judge, store))
    found = _ranking(run_id, len(pairs), judgments, why, spent)
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 0


async def _compare(
    poc: Poc, run_id: str, pairs: list[Pair], judge: PairJudge, store: StoreAddress
) -> tuple[list[Judgment], Decimal]:
    async with open_client(poc.providers, store) as parts:
        memory = JudgeRecall(Memory(parts.store.proofs, run_id))
        room = poc.file.concurrency
        models = JudgeModels(parts.client, judges_of(poc), memory, run_id=run_id, concurrency=room)
        return await compare(pairs, judge, models), models.spent_usd


def _ranking(
    run_id: str, pairs: int, judgments: list[Judgment], why: str | None, spent: Decimal
) -> Ranking:
    try:
        ranked, no_ranking = ranking(judgments), None
    except ValueError as error:
        ranked, no_ranking = [], str(error)
    return Ranking(
        run_id=run_id,
        pairs=pairs,
        win_rates=tuple(win_rates(judgments)),
        ranked=tuple(ranked),
        why_no_ranking=no_ranking,
        why_unvalidated=why,
        spent_usd=spent,
    )


def _print(found: Ranking) -> None:
    print_table(
        ("a", "b", "a wins", "95 % interval", "at equal length", "won/tied/lost", "ungraded"),
        [
            (
                rate.a,
                rate.b,
                f"{rate.rate:.1%}",
                f"{rate.interval.low:.1%} to {rate.interval.high:.1%}",
                None if rate.at_equal_length is None else f"{rate.at_equal_length.rate:.1%}",
                f"{rate.wins}/{rate.ties}/{rate.losses}",
                rate.ungraded,
            )
            for rate in found.win_rates
        ],
    )
    click.echo()
    if found.ranked:
        print_table(
            ("candidate", "Elo", "95 % interval", "pairs"),
            [(r.name, f"{r.strength.elo:+.0f}", _interval(r), r.pairs) for r in found.ranked],
        )
    if found.why_no_ranking is not None:
        say(f"no ranking: {found.why_no_ranking}")
    if found.why_unvalidated is not None:
        say(f"not validated: {found.why_unvalidated}")


def _interval(ranked: Ranked) -> str:
    """On the Elo scale, beside the first name."""
    low, high = ranked.strength.interval.low, ranked.strength.interval.high
    return f"{low * ELO:+.0f} to {high * ELO:+.0f}"
