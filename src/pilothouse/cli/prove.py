"""`pilothouse prove`: a proof of concept with a verdict."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from pilothouse import recordings
from pilothouse.app.loop import run_on_loop
from pilothouse.app.proving import Wishes, open_proof
from pilothouse.app.stores import StoreAddress
from pilothouse.cli import output
from pilothouse.cli.output import print_json
from pilothouse.cli.store_option import store_option
from pilothouse.core.case import Case
from pilothouse.prove.cases import load_cases
from pilothouse.prove.handoff import gateway_config
from pilothouse.prove.ledger import Progress
from pilothouse.prove.render import text
from pilothouse.prove.render.html import page
from pilothouse.prove.render.markdown import markdown
from pilothouse.prove.report import PublishedLabel, Report, asked_between, report, with_words
from pilothouse.prove.report_settings import report_settings
from pilothouse.prove.spec import Poc, load_poc


@click.command()
@click.argument("poc", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write report.html, .md and .json here."
)
@store_option
@click.option("--fresh", is_flag=True, help="Ask everything again, whatever is kept.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    poc: Path, out: Path | None, store: StoreAddress, fresh: bool, limit: int | None, as_json: bool
) -> int:
    """Ask every candidate of POC every case, grade, compare, and judge against its criteria.

    Exit 0: a candidate meets every criterion; 1: none does (or not yet proven); 2: bad input;
    130: interrupted, and the same command goes on where it was.

    \b
    Example:
      pilothouse prove poc.yaml --out proof
    """
    spec = load_poc(poc)
    cases = load_cases(spec.file.cases, spec.folder, exclude_tag=spec.file.exclude_tag)
    wishes = Wishes(limit=limit, is_fresh=fresh)
    try:
        made = run_on_loop(_run(spec, cases, store, wishes))
    except KeyboardInterrupt:
        click.echo("\ninterrupted: what was answered is kept; the same command goes on", err=True)
        return 130
    if made is None:
        click.echo("no answer: the budget does not allow a single one", err=True)
        return 1
    result, asked = made
    if out is not None:
        _write(spec, result, out, asked)
    if as_json:
        print_json(result)
    else:
        _print(result, out)
    return 0 if result.passed else 1


async def _run(
    spec: Poc, cases: Sequence[Case], store: StoreAddress, wishes: Wishes
) -> tuple[Report, str] | None:
    """The report, and when its answers came."""
    async with open_proof(spec, cases, store, wishes) as proof:
        expected = proof.estimate()
        rest = f" ({expected.unpriced} cannot be priced: no budget holds them back)"
        click.echo(
            f"{proof.questions} questions, about {expected.p50_usd:.2f} USD "
            f"(9 of 10 such runs cost less than {expected.p90_usd:.2f})"
            f"{rest if expected.unpriced else ''}; run {proof.opened.run_id}",
            err=True,
        )
        evidence = await proof.run(_progress())
        if not evidence.outcomes:
            return None
        made = report(report_settings(spec), evidence, _published(spec))
        return with_words(made, evidence, proof.shelf), asked_between(evidence)


def _progress() -> Callable[[Progress], None]:
    """A line on standard error: rewritten on a terminal, every ten seconds elsewhere."""
    is_terminal = sys.stderr.isatty()
    started_s = time.monotonic()
    last_s = started_s

    def show(progress: Progress) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        is_last = progress.done == progress.total
        if not is_last and now_s - last_s < (0.1 if is_terminal else 10):
            return
        last_s = now_s
        asked = progress.done - progress.kept_before
        left_s = (progress.total - progress.done) * (now_s - started_s) / max(1, asked)
        line = (
            f"{progress.done}/{progress.total} answers, {progress.spent_usd:.4f} USD, "
            f"{left_s:.0f} s left"
        )
        if progress.is_over_budget:
            line += ", budget reached"
        click.echo(f"\r{line}" if is_terminal else line, err=True, nl=not is_terminal or is_last)

    return show


def _published(spec: Poc) -> PublishedLabel:
    if not spec.file.cases.startswith(recordings.BUILTIN):
        return lambda case_id, model: None
    labels = {q.id: q.labels for q in recordings.questions(spec.file.cases)}
    return lambda case_id, model: labels.get(case_id, {}).get(model)


def _write(spec: Poc, result: Report, out: Path, asked: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(markdown(result), encoding="utf-8")
    (out / "report.html").write_text(page(result, asked), encoding="utf-8")
    encoded = msgspec.json.format(msgspec.json.encode(result), indent=2)
    (out / "report.json").write_bytes(encoded + b"\n")
    config = gateway_config(spec, result)
    if config is not None:
        (out / "pilothouse.yaml").write_text(config, encoding="utf-8")


def _print(result: Report, out: Path | None) -> None:
    text.show(result, output)
    if out is not None:
        ready = " and a ready pilothouse.yaml" if result.passed else ""
        click.echo(f"written: report.html, report.md, report.json{ready} in {out}/")
