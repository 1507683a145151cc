"""`pilothouse runs`: proofs that are kept, read again, compared, and passed on to others' tools."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from pilothouse.app.proving import ReadRun, published_labels, read_run
from pilothouse.app.routing_table import table_of_run
from pilothouse.app.stores import Store, StoreAddress, open_store
from pilothouse.cli import output
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.report_files import write_report
from pilothouse.cli.store_option import store_option
from pilothouse.core.errors import InvalidInput
from pilothouse.prove.diff import diff
from pilothouse.prove.export.imported import Imported
from pilothouse.prove.export.inspect_import import read_inspect_log
from pilothouse.prove.export.inspect_log import inspect_log
from pilothouse.prove.export.promptfoo_import import read_promptfoo_json
from pilothouse.prove.export.promptfoo_json import promptfoo_json
from pilothouse.prove.render import diff as diff_words
from pilothouse.prove.render import text
from pilothouse.prove.report import Report, asked_between, report, with_words
from pilothouse.prove.report_settings import report_settings

_json = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


@click.group()
def command() -> None:
    """Proofs of concept that are kept. A run is named by its id, the beginning of it, or `last`.

    \b
    Example:
      pilothouse runs list
    """


@command.command("list")
@store_option
@_json
def list_runs(store: StoreAddress, as_json: bool) -> int:
    """All runs, newest first.

    \b
    Example:
      pilothouse runs list
    """
    with _opened(store) as opened:
        rows = [
            {
                "run": row.id,
                "name": _name(row.spec_json),
                "at": _time(row.at_us),
                "cases": row.cases,
                "answers": row.answers,
                "spent_usd": str(opened.proofs.spent_usd(row.id)),
            }
            for row in opened.proofs.runs()
            if row.at_us  # what judges' calibrations keep is dated 0
        ]
    if as_json:
        print_json({"runs": rows})
    elif not rows:
        click.echo("no runs yet: pilothouse prove makes one")
    else:
        print_table(tuple(rows[0]), [tuple(str(v) for v in row.values()) for row in rows])
    return 0


@command.command("show")
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), help="Write the report's files here.")
@store_option
@_json
def show(run: str, out: Path | None, store: StoreAddress, as_json: bool) -> int:
    """The report of RUN, made again from what is kept: nobody is asked, nothing is paid.

    Exit 0: a candidate meets every criterion; 1: none does.

    \b
    Example:
      pilothouse runs show last --out proof
    """
    with _opened(store) as opened:
        read = read_run(opened.proofs, run)
        made = _report(read)
        if out is not None:
            asked = asked_between(read.evidence)
            write_report(read.poc, made, out, asked, lambda: table_of_run(read))
    if as_json:
        print_json(made)
    else:
        text.show(made, output)
    return 0 if made.passed else 1


@command.command("diff")
@click.argument("before")
@click.argument("after")
@click.option(
    "--as", "names", multiple=True, metavar="OLD=NEW", help="A candidate under another name."
)
@click.option("--markdown", is_flag=True, help="As Markdown.")
@store_option
@_json
def diff_runs(
    before: str,
    after: str,
    names: tuple[str, ...],
    markdown: bool,
    store: StoreAddress,
    as_json: bool,
) -> int:
    """Where AFTER is worse or better than BEFORE, case by case, with the paired difference.

    Exit 1 when a candidate is worse and the difference is more than chance.

    \b
    Example:
      pilothouse runs diff poc-1a2b poc-3c4d --as gpt-4=gpt-4.1
    """
    with _opened(store) as opened:
        old, new = read_run(opened.proofs, before), read_run(opened.proofs, after)
    found = diff(old.evidence, new.evidence, renamed(names))
    if as_json:
        print_json(found)
    elif markdown:
        click.echo(diff_words.markdown(found))
    else:
        diff_words.show(found, output)
    worse = [c for c in found.candidates if c.change.interval.high < 0]
    return 1 if worse else 0


@command.command("export")
@click.argument("run")
@click.option("--format", "form", type=click.Choice(["inspect", "promptfoo"]), required=True)
@click.option("--candidate", help="Inspect knows one model a log; the first when not said.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file.")
@store_option
@_json
def export(
    run: str, form: str, candidate: str | None, out: Path, store: StoreAddress, as_json: bool
) -> int:
    """RUN as an Inspect log or as promptfoo's results.

    \b
    Example:
      pilothouse runs export last --format inspect --candidate gpt-4 --out log.json
    """
    with _opened(store) as opened:
        read = read_run(opened.proofs, run)
        names = read.evidence.candidates
        if candidate is not None and candidate not in names:
            raise InvalidInput(f'no candidate "{candidate}" (there are: {", ".join(names)})')
        name = read.poc.file.name
        if form == "inspect":
            dataset = str(read.poc.file.cases)
            made = inspect_log(
                read.evidence, read.shelf, candidate or names[0], task=name, dataset=dataset
            )
        else:
            made = promptfoo_json(read.evidence, read.shelf, name=name)
    output.write(out, made)
    if as_json:
        print_json({"file": str(out), "run": read.evidence.run_id})
    else:
        click.echo(f"written: {out}")
    return 0


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["inspect", "promptfoo"]), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A folder.")
@_json
def import_run(file: Path, form: str, out: Path, as_json: bool) -> int:
    """An Inspect log or promptfoo's results as cases and a recording, to be graded again here.

    \b
    Example:
      pilothouse runs import log.json --format inspect --out imported
    """
    read: Imported = read_inspect_log(file) if form == "inspect" else read_promptfoo_json(file)
    out.mkdir(parents=True, exist_ok=True)
    output.write(out / "cases.jsonl", read.case_file())
    output.write(out / "answers.jsonl", read.replay_file())
    for note in read.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json({"cases": len(read.cases), "answers": len(read.recorded), "folder": str(out)})
        return 0
    click.echo(
        f"{len(read.cases)} cases and {len(read.recorded)} answers in {out}/: name cases.jsonl under "
        "`cases:` and answers.jsonl as the `recording:` of a provider of kind replay"
    )
    return 0


def renamed(names: tuple[str, ...]) -> dict[str, str]:
    """`OLD=NEW` pairs. Raises `InvalidInput`."""
    found: dict[str, str] = {}
    for pair in names:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise InvalidInput(f'--as: "{pair}" is not OLD=NEW')
        found[old] = new
    return found


def _report(read: ReadRun) -> Report:
    made = report(report_settings(read.poc), read.evidence, published_labels(read.poc))
    return with_words(made, read.evidence, read.shelf)


@contextmanager
def _opened(at: StoreAddress) -> Generator[Store]:
    with closing(open_store(at, must_exist=True)) as store:
        yield store


def _name(spec_json: bytes) -> str:
    try:
        spec: dict[str, Any] = msgspec.json.decode(spec_json, type=dict[str, Any])
    except msgspec.DecodeError:
        return ""
    return str(spec.get("file", spec).get("name", ""))


def _time(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, tz=UTC):%Y-%m-%d %H:%M}"
