"""`pilothouse cases`: case files from live traffic, and a look at those that are there."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import msgspec

from pilothouse.app.compose import now_us
from pilothouse.app.stores import StoreAddress, open_store
from pilothouse.cli.output import print_json, print_table
from pilothouse.cli.store_option import store_option
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.core.sample_store import Sample
from pilothouse.prove.cases import load_cases
from pilothouse.prove.cases.source import is_benchmark
from pilothouse.prove.overlap import Overlap, shared_words
from pilothouse.watch.when import when_us

_SHARED = "sharing words with benchmarks"
"""Case id to the benchmark."""


@click.group()
def command() -> None:
    """Test sets: sample them from live traffic, and look whether a file can be used.

    \b
    Example:
      pilothouse cases sample --route support --since 7d --limit 200 --out cases.jsonl
    """


@command.command("sample")
@click.option("--route", help="Only questions to this route.")
@click.option("--since", default="7d", show_default=True, help="An age (1h, 7d), or a date.")
@click.option("--until", help="As --since; now when not said.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed, another sample.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file; standard output if not said."
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
def sample(
    route: str | None,
    since: str,
    until: str | None,
    limit: int,
    seed: int,
    out: Path | None,
    store: StoreAddress,
    as_json: bool,
) -> int:
    """A case file from questions that the gateway kept (`sampling:` in its configuration).

    Personal data was taken out before they were kept. The same question twice is one case. Nothing is
    expected yet: add `expected` by hand, or grade with a judge or rules.

    \b
    Example:
      pilothouse cases sample --route support --since 7d --limit 200 --out cases.jsonl
    """
    now = now_us()
    with closing(open_store(store, must_exist=True)) as opened:
        kept = opened.samples.samples(
            route, when_us(since, now), when_us(until, now) if until else now + 1
        )
    lines = [_line(s) for s in _drawn(kept, limit, seed)]
    if not lines:
        raise InvalidInput(
            "no question was kept then: `sampling: {share: 0.01}` in the gateway's configuration keeps some"
        )
    written = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    if out is None:
        sys.stdout.buffer.write(written)
        return 0
    out.write_bytes(written)
    if as_json:
        print_json({"file": str(out), "cases": len(lines), "kept": len(kept)})
    else:
        click.echo(f"{len(lines)} cases of {len(kept)} kept questions in {out}")
    return 0


@command.command("check")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def check(file: str, as_json: bool) -> int:
    """Read FILE as `poc.yaml` would, and say what is in it.

    \b
    Example:
      pilothouse cases check builtin:gsm8k
    """
    found = load_cases(file, Path())
    overlap = Overlap()
    if not is_benchmark(file):
        for case in found:
            overlap.see(case)
    figures = _figures(found, overlap.found)
    if as_json:
        print_json(figures)
        return 0
    print_table(
        ("what", "cases"), [(k, str(v)) for k, v in figures.items() if k not in ("tags", _SHARED)]
    )
    if figures["tags"]:
        click.echo()
        print_table(("tag", "cases"), [(k, str(v)) for k, v in figures["tags"].items()])
    if overlap.found:
        words = shared_words(overlap.found, overlap.found, len(found))
        click.echo(
            f"\nnote: contamination suspected: {words}: a model may have seen them in training"
        )
    return 0


def _figures(cases: list[Case], overlaps: dict[str, str]) -> dict[str, Any]:
    return {
        "cases": len(cases),
        "with an expected answer": sum(bool(c.right_answers) for c in cases),
        "with tools": sum(bool(c.tools) for c in cases),
        "with several turns": sum(bool(c.then or c.messages) for c in cases),
        "with documents": sum(bool(c.context) for c in cases),
        "synthetic": sum(c.is_synthetic for c in cases),
        "clusters": len({c.cluster for c in cases if c.cluster is not None}),
        _SHARED: overlaps,
        "tags": dict(Counter(tag for c in cases for tag in c.tags).most_common()),
    }


def _drawn(kept: list[Sample], limit: int, seed: int) -> Iterator[Sample]:
    """A sample that stays the same while more is kept: by a digest of seed and question."""
    by_digest = {sha256(b"%d\n" % seed + s.body).digest(): s for s in kept}
    for digest in sorted(by_digest)[:limit]:
        yield by_digest[digest]


def _line(sample: Sample) -> dict[str, Any]:
    body = msgspec.json.decode(sample.body)
    messages = body["messages"]
    line: dict[str, Any] = {"id": sample.request_id}
    last = messages[-1]
    if last["role"] == "user" and isinstance(last["content"], str):
        line["prompt"] = last["content"]
        messages = messages[:-1]
    if messages:
        line["messages"] = messages
    if body.get("tools"):
        line["tools"] = body["tools"]
    line["tags"] = [sample.tag] if sample.tag else []
    return line
