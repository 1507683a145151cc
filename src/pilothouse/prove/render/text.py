"""The report on a terminal: what decides, in an order that ends with the advice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pilothouse.prove.render import details, rows
from pilothouse.prove.render.rows import Row, Table
from pilothouse.prove.report.proof import Report

COLOURS = {"met": "green", "not met": "red", "not yet proven": "yellow"}
_VERDICT = 3
"""The column of `rows.verdicts` that has a colour."""


class Terminal(Protocol):
    """Where words go: `cli.output` has these."""

    def say(self, text: str, indent: str = "") -> None: ...
    def print_table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None: ...
    def colour(self, text: str, name: str) -> str: ...


def show(report: Report, out: Terminal) -> None:
    """The whole report in words; tags and confusion are in the files."""
    out.say(f"{report.name}: {report.cases} cases, scored by {report.scorer}")
    _table(rows.figures(report), out)
    _lines(rows.comparisons(report), out)
    verdicts = rows.verdicts(report)
    coloured: list[Row] = [
        (*r[:_VERDICT], out.colour(r[_VERDICT], COLOURS[r[_VERDICT]]), *r[_VERDICT + 1 :])
        for r in verdicts.rows
    ]
    _table(Table(title=verdicts.title, header=verdicts.header, rows=coloured), out)
    for made in (
        *(details.judges, details.speed, details.failures),
        *(details.stability, details.passes),
    ):
        found = made(report)
        if found is not None:
            _table(found, out)
    for c in report.candidates:
        lines = [f"+ {s}" for s in c.qualitative.strengths]
        lines += [f"- {w}" for w in c.qualitative.weaknesses]
        if lines:
            out.say("")
            out.say(f"{c.name}:")
            for line in lines:
                out.say(line, "  ")
    _lines([f"note: {note}" for note in rows.notes(report)], out)
    _lines([rows.conclusion(report), report.recommendation.headline], out)


def _table(found: Table, out: Terminal) -> None:
    out.say("")
    out.print_table(found.header, found.rows)


def _lines(lines: Sequence[str], out: Terminal) -> None:
    if lines:
        out.say("")
    for line in lines:
        out.say(line)
