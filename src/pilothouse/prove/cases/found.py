"""What a reader hands on: a record that may become a case, or why it cannot, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from pilothouse.prove.cases.case_line import CaseLine

Unit = Literal["line", "row", "test", "sample"]
"""What a number counts, from 1: lines of a text file, rows of a table, tests or samples of a document."""


class Found(Struct, frozen=True, kw_only=True, gc=False):
    """One record. Exactly one of `given` and `problem` is there."""

    file: str
    number: int
    unit: Unit = "line"
    given: CaseLine | None = None
    problem: str | None = None
    folder: Path | None = None
    """Where its relative image paths start; None = beside the file that was opened."""

    @property
    def place(self) -> str:
        """`file:3`, or `file: row 3` where lines mean nothing."""
        return place(self.file, self.unit, self.number)


Note = Callable[[str], None]
"""Told what a person should know though it stops nothing: an assertion that no scorer grades."""
Reader = Callable[[Note], Iterator[Found]]
"""Reads its file anew each time it is called."""


def place(file: str, unit: Unit, number: int) -> str:
    """A record's place in words."""
    return f"{file}:{number}" if unit == "line" else f"{file}: {unit} {number}"
