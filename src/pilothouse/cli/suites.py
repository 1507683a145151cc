"""`pilothouse suites`: standard benchmarks, their protocols, items and what their scores mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import click
import msgspec
import yaml

from pilothouse import registry
from pilothouse.cli.output import print_json, print_table, say
from pilothouse.core.case import Case
from pilothouse.suites._open import open_suite
from pilothouse.suites._suite import CAVEATS, Suite

_json = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
_path = click.option("--path", type=click.Path(path_type=Path), help="Where the items are.")


@click.group()
def command() -> None:
    """Standard benchmarks. A score says less than your own cases do.

    \b
    Example:
      pilothouse suites list
    """


@command.command("list")
@_json
def list_suites(as_json: bool) -> int:
    """All of them.

    \b
    Example:
      pilothouse suites list
    """
    rows = [
        {
            "suite": name,
            "title": suite.title,
            "protocol": suite.protocol.name,
            "items": "shipped" if suite.bundled else "yours (--path)",
            "licence": suite.licence,
        }
        for name in registry.names("suites")
        for suite in [_suite(name)]
    ]
    if as_json:
        print_json({"suites": rows})
    else:
        print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    return 0


@command.command("show")
@click.argument("name")
@_json
def show(name: str, as_json: bool) -> int:
    """What NAME measures, under which protocol, and what was published.

    \b
    Example:
      pilothouse suites show bbh
    """
    suite = _suite(name)
    if as_json:
        print_json(_facts(name, suite))
        return 0
    click.echo(f"{suite.title}: {suite.about}")
    say(f"Measures: {suite.measures}")
    click.echo(f"Protocol: {suite.protocol.name}; read: {suite.protocol.extraction}")
    click.echo(f"Items: {suite.source} ({suite.licence})")
    if suite.bundled is None and suite.fetch_hint:
        say(f"Not shipped. {suite.fetch_hint}")
    for one in suite.published:
        click.echo(
            f"Published: {one.model} {one.score:.1%} ({one.protocol or suite.protocol.name}; {one.source})"
        )
    for caveat in CAVEATS:
        click.echo(f"Mind: {caveat}")
    return 0


@command.command("cases")
@click.argument("name")
@_path
@click.option("--limit", type=click.IntRange(1), help="Only the first N.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file; standard output if not said."
)
@_json
def cases(name: str, path: Path | None, limit: int | None, out: Path | None, as_json: bool) -> int:
    """The items of NAME as a case file, with the protocol's words around them.

    \b
    Example:
      pilothouse suites cases gsm8k --limit 5
    """
    lines = [_line(case) for case in islice(open_suite(name, path).cases(), limit)]
    written = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    if out is None:
        sys.stdout.buffer.write(written)
        return 0
    out.write_bytes(written)
    if as_json:
        print_json({"file": str(out), "cases": len(lines)})
    else:
        click.echo(f"{len(lines)} cases in {out}")
    return 0


@command.command("poc")
@click.argument("name")
@_path
@_json
def poc(name: str, path: Path | None, as_json: bool) -> int:
    """A `poc.yaml` for NAME to fill in: your providers, candidates and criteria.

    \b
    Example:
      pilothouse suites poc gsm8k > poc.yaml
    """
    suite = _suite(name)
    (main_name, main), *others = suite.scorers.items()
    del main_name
    source: Any = f"suite:{name}" if path is None else {"suite": name, "path": str(path)}
    file: dict[str, Any] = {
        "name": name,
        "cases": source,
        "providers": {"vendor": {"kind": "openai", "key_env": "OPENAI_API_KEY"}},
        "candidates": [{"name": "first", "provider": "vendor", "model": "gpt-4.1-mini"}],
        "scorer": main,
        "criteria": {"accuracy": ">= 0.80", "failure_rate": "<= 0.02"},
    }
    if others:
        file["scorers"] = dict(others)
    if suite.max_output_tokens:
        file["max_output_tokens"] = suite.max_output_tokens
    if "judge" in main:
        file["judges"] = {"judge": {"provider": "vendor", "model": "gpt-4.1"}}
    if as_json:
        print_json(file)
    else:
        click.echo(f"# {suite.title}: {suite.protocol.name}")
        click.echo(yaml.safe_dump(file, sort_keys=False, allow_unicode=True), nl=False)
    return 0


def _suite(name: str) -> Suite:
    return cast(Suite, registry.plugin("suites", name))


def _facts(name: str, suite: Suite) -> dict[str, Any]:
    facts: dict[str, Any] = {"suite": name}
    for field in ("title", "about", "measures", "licence", "source", "scorers", "bundled"):
        facts[field] = getattr(suite, field)
    facts["protocol"] = msgspec.to_builtins(suite.protocol)
    facts["published"] = msgspec.to_builtins(suite.published)
    facts["caveats"] = list(CAVEATS)
    return facts


def _line(case: Case) -> dict[str, Any]:
    """In the form of a case file; what is empty is left out."""
    return dict(_fields(case))


def _fields(case: Case) -> Iterator[tuple[str, Any]]:
    yield "id", case.id
    yield "prompt", case.prompt
    for name in ("expected", "cluster"):
        if (value := getattr(case, name)) is not None:
            yield name, value
    for name in ("accepted", "choices", "context", "then", "tags"):
        if value := getattr(case, name):
            yield name, list(value)
    for name in ("variables", "details"):
        if value := getattr(case, name):
            yield name, value
