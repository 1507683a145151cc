"""`pilothouse regress`: is the current model worse than the baseline? For CI and for every week."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
from msgspec import structs

from pilothouse.app.compose import now_us
from pilothouse.app.loop import run_on_loop
from pilothouse.app.proving import Wishes, open_proof, read_run
from pilothouse.app.stores import StoreAddress, open_store
from pilothouse.cli import output
from pilothouse.cli.output import print_json
from pilothouse.cli.progress import progress_line
from pilothouse.cli.runs import renamed
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.rollout import decide
from pilothouse.migrate.runner import change
from pilothouse.prove.evidence import Evidence
from pilothouse.prove.junit import junit
from pilothouse.prove.regress import Margins, Regression, regress
from pilothouse.prove.render import regress as words
from pilothouse.prove.spec import Poc, load_poc


@click.command()
@click.argument("baseline")
@click.argument("current", required=False)
@click.option(
    "--accuracy", type=float, default=0.02, show_default=True, help="May be lost (share)."
)
@click.option(
    "--failures", type=float, default=0.02, show_default=True, help="May be added (share)."
)
@click.option(
    "--cost-ratio", type=float, help="Current over baseline, e.g. 1.1; not guarded if not said."
)
@click.option("--latency-p50-ratio", type=float, help="Likewise.")
@click.option("--latency-p95-ratio", type=float, help="Likewise.")
@click.option("--as", "names", multiple=True, metavar="OLD=NEW", help="A candidate's new name.")
@click.option(
    "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML here."
)
@click.option("--summary", type=click.Path(path_type=Path), help="Append Markdown here.")
@click.option(
    "--roll-back", metavar="ROLLOUT", help="Roll this rollout back when it has regressed."
)
@click.option("--fresh", is_flag=True, help="Ask everything again, whatever is kept.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def command(
    baseline: str,
    current: str | None,
    accuracy: float,
    failures: float,
    cost_ratio: float | None,
    latency_p50_ratio: float | None,
    latency_p95_ratio: float | None,
    names: tuple[str, ...],
    junit_path: Path | None,
    summary: Path | None,
    roll_back: str | None,
    fresh: bool,
    store: StoreAddress,
    as_json: bool,
) -> int:
    """Compare two runs, or the candidates of a `poc.yaml` with its baseline.

    With one argument that is a file, its questions are asked (what is kept is not asked again) and every
    other candidate is compared with `baseline`. With two, they are runs: ids, or `last`.
    Exit 0: not worse within the margins; 1: regressed; 3: not yet proven; 2: bad input.

    \b
    Example:
      pilothouse regress weekly.yaml --junit regress.xml --summary "$GITHUB_STEP_SUMMARY"
      pilothouse regress poc-1a2b last --roll-back support-gpt-4.1
    """
    margins = Margins(
        accuracy=accuracy,
        failure_rate=failures,
        cost_ratio=cost_ratio,
        latency_p50_ratio=latency_p50_ratio,
        latency_p95_ratio=latency_p95_ratio,
    )
    if current is None:
        try:
            found = _within(Path(baseline), store, margins, fresh=fresh)
        except KeyboardInterrupt:
            click.echo("\ninterrupted: the same command goes on where it was", err=True)
            return 130
    else:
        with closing(open_store(store, must_exist=True)) as opened:
            old = read_run(opened.proofs, baseline).evidence
            new = read_run(opened.proofs, current).evidence
        found = regress(old, new, margins, renamed(names))
    _tell(found, junit_path, summary, as_json=as_json)
    if roll_back is not None and found.verdict == "regressed":
        _roll_back(roll_back, store, words.conclusion(found))
    return found.exit_code


def _within(path: Path, store: StoreAddress, margins: Margins, *, fresh: bool) -> Regression:
    poc = load_poc(path)
    others = [c.name for c in poc.file.candidates if c.name != poc.baseline]
    if len(others) != 1:
        raise InvalidInput(
            f"{path}: a baseline and one current candidate are compared; it has {len(others)} besides the baseline"
        )
    evidence = run_on_loop(_asked(poc, store, fresh=fresh))
    return regress(only(evidence, poc.baseline), only(evidence, others[0]), margins)


async def _asked(poc: Poc, store: StoreAddress, *, fresh: bool) -> Evidence:
    async with open_proof(poc, store, Wishes(is_fresh=fresh)) as proof:
        return await proof.run(progress_line())


def only(evidence: Evidence, candidate: str) -> Evidence:
    """The evidence on one candidate."""
    if candidate not in evidence.candidates:
        hint = did_you_mean(candidate, evidence.candidates)
        raise InvalidInput(f'no candidate "{candidate}".{hint}')
    at = evidence.candidates.index(candidate)
    kept = [structs.replace(o, candidate=0) for o in evidence.outcomes if o.candidate == at]
    return structs.replace(evidence, candidates=(candidate,), outcomes=kept)


def _tell(
    found: Regression, junit_path: Path | None, summary: Path | None, *, as_json: bool
) -> None:
    if junit_path is not None:
        output.write(junit_path, junit(found).encode())
    if summary is not None:
        with summary.open("a", encoding="utf-8") as file:
            file.write(words.markdown(found))
    if as_json:
        print_json(found)
    else:
        words.show(found, output)


def _roll_back(rollout_id: str, store: StoreAddress, why: str) -> None:
    with closing(open_store(store, must_exist=True)) as opened:
        after = change(
            opened,
            rollout_id,
            lambda r: decide(
                r, now_us(), "rolled_back", "roll back", who="pilothouse regress", why=why
            ),
        )
    click.echo(f"rollout {after.id}: {after.status}", err=True)
