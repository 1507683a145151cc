"""`pilothouse judge`: a judge compared with people, and what its pass rates are worth."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

import click
import msgspec
from msgspec import Struct

from pilothouse.app.compose import now_us, open_client
from pilothouse.app.loop import run_on_loop
from pilothouse.app.stores import StoreAddress
from pilothouse.cli.judge_rank import rank
from pilothouse.cli.output import print_json, print_table, say, write
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.core.stats.judge_error import Corrected
from pilothouse.prove.calibrating import (
    Compared,
    ask_about_answers,
    ask_about_pairs,
    check_labels,
    judge_of,
    judge_of_pairs,
    judges_of,
    recorded,
)
from pilothouse.prove.calibration import (
    Calibration,
    corrected,
    graded_counts,
    judge_digest,
    load_calibration,
    may_rank,
    models_of,
    pair_counts,
)
from pilothouse.prove.judge_agreement import Agreement, Share
from pilothouse.prove.judge_bias import Figure, grade_biases, pair_biases
from pilothouse.prove.judge_labels import Labels, read_labels
from pilothouse.prove.memory import JudgeRecall, Memory
from pilothouse.prove.models import JudgeModels
from pilothouse.prove.pairwise import HELPFUL, PairJudge
from pilothouse.prove.spec import Poc, load_poc
from pilothouse.prove.spec_json import spec_to_json
from pilothouse.scorers.judge import JudgeScorer

_SHOWN_UNGRADED = 5


class Standing(Struct, frozen=True, kw_only=True):
    """What a comparison came to, for people and for --json."""

    calibration: Calibration
    agreement: Agreement | None
    biases: tuple[Figure, ...]
    ungraded: tuple[tuple[str, str], ...]
    """(id, why) of labels without a verdict."""
    why_not_rank: str | None
    spent_usd: Decimal = Decimal(0)
    """In this call of the command; what was kept from before is not paid again."""
    unpriced: int = 0
    """Answers that nobody could price."""
    written: str | None = None


@click.group()
def command() -> None:
    """Judges: compare one with people, see how it errs, correct a pass rate for it.

    \b
    Example:
      pilothouse judge calibrate labels.jsonl --judge-from poc.yaml
    """


command.add_command(rank)


@command.command("calibrate")
@click.argument("labels", type=click.Path(path_type=Path))
@click.option(
    "--judge-from",
    type=click.Path(path_type=Path),
    help="The poc.yaml whose judge is asked. Not said: the labels hold its verdicts.",
)
@click.option("--scorer", help="Which scorer of it, where several are judges.")
@click.option("--asks", default=HELPFUL, help="For pairs: what makes an answer the better one.")
@click.option("--no-ties", is_flag=True, help="For pairs: the judge must decide for one.")
@click.option("--family", help="The judge's model family, for the bias towards its own.")
@click.option("--name", help="What the calibration is called; the judge's name if not said.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: judges/ beside poc.yaml.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def calibrate(
    labels: Path,
    judge_from: Path | None,
    scorer: str | None,
    asks: str,
    no_ties: bool,
    family: str | None,
    name: str | None,
    out: Path | None,
    store: StoreAddress,
    as_json: bool,
) -> int:
    """Ask a judge about LABELS (JSON lines that people have graded), and say how far it agrees.

    Exit 0: it may rank candidates; 1: it may not, and why; 2: bad input.

    \b
    Example:
      pilothouse judge calibrate labels.jsonl --judge-from poc.yaml
      pilothouse judge calibrate judged.jsonl --json
    """
    read = read_labels(labels)
    if judge_from is None:
        found = _standing(read, recorded(read), None, "recorded", (), family)
    else:
        poc = load_poc(judge_from)
        asked = _chosen(poc, scorer, read, asks, may_tie=not no_ties)
        digest = judge_digest(asked, judges_of(poc))
        compared, money = run_on_loop(_ask(read, asked, poc, store, f"calibrate-{digest}"))
        names = asked.judges
        called = name or "+".join(names)
        models = models_of(names, judges_of(poc))
        found = _standing(read, compared, digest, called, models, family)
        found = msgspec.structs.replace(found, spent_usd=money[0], unpriced=money[1])
        found = _written(found, out or judge_from.parent / "judges", called)
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 0 if found.why_not_rank is None else 1


@command.command("correct")
@click.argument("calibration", type=click.Path(path_type=Path))
@click.option("--passed", type=click.IntRange(0), required=True, help="Answers the judge passed.")
@click.option("--of", "of", type=click.IntRange(1), required=True, help="Answers in all.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def correct(calibration: Path, passed: int, of: int, as_json: bool) -> int:
    """The pass rate that people would have found, from the judge's and from how it errs.

    \b
    Example:
      pilothouse judge correct judges/strict.calibration.json --passed 172 --of 200
    """
    if passed > of:
        raise InvalidInput(f"--passed: {passed} is more than all {of}")
    held = load_calibration(calibration)
    try:
        found = corrected(held, passed, of)
    except ValueError as error:
        raise InvalidInput(f"{calibration}: {error}") from None
    if as_json:
        print_json(found)
    else:
        _print_corrected(found, passed, of, held)
    return 0


async def _ask(
    labels: Labels, asked: JudgeScorer | PairJudge, poc: Poc, store: StoreAddress, run_id: str
) -> tuple[Compared, tuple[Decimal, int]]:
    """With USD paid and the number of answers that nobody could price."""
    async with open_client(poc.providers, store) as parts:
        # A run that holds what judges said; dated before all proofs, so that `last` is never this one.
        parts.store.proofs.open_run(run_id, spec_to_json(poc), 0)
        memory = JudgeRecall(Memory(parts.store.proofs, run_id))
        room = poc.file.concurrency
        models = JudgeModels(parts.client, judges_of(poc), memory, run_id=run_id, concurrency=room)
        if isinstance(asked, PairJudge):
            compared = await ask_about_pairs(labels.pairs, asked, models)
        else:
            compared = await ask_about_answers(labels.graded, asked, models)
        return compared, (models.spent_usd, models.unpriced)


def _chosen(
    poc: Poc, scorer: str | None, labels: Labels, asks: str, *, may_tie: bool
) -> JudgeScorer | PairJudge:
    """The judge of the file, as it is asked about these labels. Raises `InvalidInput`."""
    if labels.pairs:
        return judge_of_pairs(poc, scorer, asks, may_tie=may_tie)
    chosen = judge_of(poc, scorer)
    if chosen is None:
        raise InvalidInput(
            "--judge-from: no scorer of the file is a judge: {judge: {judges: [...]}}"
        )
    check_labels(labels.graded, chosen)
    return chosen


def _standing(
    labels: Labels,
    compared: Compared,
    digest: str | None,
    name: str,
    models: tuple[str, ...],
    family: str | None,
) -> Standing:
    kind: Literal["pair", "grade"] = "pair" if labels.pairs else "grade"
    counts = pair_counts(compared.judgments) if labels.pairs else graded_counts(compared.samples)
    if not any(row for row in counts.values()):
        [first, *_] = compared.ungraded
        raise InvalidInput(f"the judge gave no verdict on any label; on {first[0]}: {first[1]}")
    families: Mapping[str, str] = {n: f for p in labels.pairs for n, f in p.families.items()}
    biases = (
        pair_biases(compared.judgments, families, family)
        if labels.pairs
        else grade_biases(compared.samples, family)
    )
    calibration = Calibration(
        judge=name,
        models=models,
        prompt_digest=digest or "",
        kind=kind,
        counts=counts,
        ungraded=len(compared.ungraded),
        created=_today(),
    )
    why = may_rank(calibration, digest or "")
    return Standing(
        calibration=calibration,
        agreement=calibration.agreement,
        biases=tuple(biases),
        ungraded=compared.ungraded,
        why_not_rank=why,
    )


def _today() -> str:
    return datetime.datetime.fromtimestamp(now_us() / 1e6, datetime.UTC).date().isoformat()


def _written(found: Standing, folder: Path, name: str) -> Standing:
    safe = "".join(c if c.isalnum() or c in "-_.+" else "_" for c in name)
    path = folder / f"{safe}.calibration.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{folder}: cannot be made: {error.strerror}") from None
    encoded = msgspec.json.format(msgspec.json.encode(found.calibration), indent=2)
    write(path, encoded + b"\n")
    return msgspec.structs.replace(found, written=str(path))


def _print(found: Standing) -> None:
    held, agreed = found.calibration, found.agreement
    assert agreed is not None
    models = f" ({', '.join(held.models)})" if held.models else ""
    click.echo(f"{held.judge}{models} beside people on {held.n} labels\n")
    rows: list[tuple[str, str, str]] = [("agree", *_share(agreed.agree))]
    if agreed.kappa is not None:
        low, high = agreed.kappa.interval.low, agreed.kappa.interval.high
        rows.append(("kappa", f"{agreed.kappa.value:.2f}", f"{low:.2f} to {high:.2f}"))
    for name, share in (("sensitivity", agreed.sensitivity), ("specificity", agreed.specificity)):
        if share is not None:
            rows.append((name, *_share(share)))
    print_table(("figure", "value", "95 % interval"), rows)
    if found.biases:
        click.echo()
        print_table(
            ("bias", "value", "95 % interval", "n", "shown", "what it is"),
            [
                (
                    b.name,
                    f"{b.value:+.3f}" if b.neutral == 0 else f"{b.value:.3f}",
                    f"{b.interval.low:.3f} to {b.interval.high:.3f}",
                    b.n,
                    "yes" if b.is_shown else "no",
                    b.words,
                )
                for b in found.biases
            ],
        )
    click.echo()
    for case_id, why in found.ungraded[:_SHOWN_UNGRADED]:
        say(f"ungraded: {case_id}: {why}")
    if len(found.ungraded) > _SHOWN_UNGRADED:
        say(f"ungraded: {len(found.ungraded) - _SHOWN_UNGRADED} more")
    if found.written is not None:
        rest = f" ({found.unpriced} answers could not be priced)" if found.unpriced else ""
        say(f"paid {found.spent_usd:.4f} USD{rest}; written: {found.written}")
    say(f"may not rank: {found.why_not_rank}" if found.why_not_rank else "may rank candidates")


def _share(share: Share) -> tuple[str, str]:
    interval = f"{share.interval.low:.1%} to {share.interval.high:.1%}"
    return f"{share.value:.1%}", f"{interval} ({share.k} of {share.n})"


def _print_corrected(found: Corrected, passed: int, of: int, held: Calibration) -> None:
    click.echo(f"by the judge: {passed} of {of} = {passed / of:.1%}")
    interval = f"{found.interval.low:.1%} to {found.interval.high:.1%}"
    click.echo(f"by people:    {found.value:.1%} (95 % interval {interval}, {held.n} labels)")
