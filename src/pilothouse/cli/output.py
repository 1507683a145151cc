"""Tables and JSON for people and pipes. Plain when piped or when NO_COLOR is set."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from pilothouse.core.errors import InvalidInput


def write(path: Path, data: bytes) -> None:
    """The bytes to a file. Raises `InvalidInput` when it cannot be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be written: {error.strerror}") from None


def print_json(value: Any) -> None:
    """`value` as indented JSON on standard output (Decimal as string, structs as objects)."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def width() -> int | None:
    """Columns of the terminal; None when piped, where nothing is wrapped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say(text: str, indent: str = "") -> None:
    """A paragraph, wrapped on a terminal; its second line on is indented by `indent` and two more."""
    columns = width()
    whole = indent + text
    if columns is not None:
        whole = textwrap.fill(
            whole, max(40, columns), subsequent_indent=indent + "  ", break_on_hyphens=False
        )
    click.echo(whole)


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, may_drop: str | None = None
) -> None:
    """Aligned columns; cells that look like numbers go right.

    On a terminal that is too narrow the column `may_drop` goes first, then the last one is wrapped.
    """
    columns = width()
    at = header.index(may_drop) if may_drop is not None and may_drop in header else None
    if columns is not None and at is not None and _is_too_wide(table(header, rows), columns):
        header = [h for i, h in enumerate(header) if i != at]
        rows = [[c for i, c in enumerate(row) if i != at] for row in rows]
    click.echo(table(header, rows, columns))


def _is_too_wide(text: str, columns: int) -> bool:
    return any(len(click.unstyle(line)) > columns for line in text.splitlines())


def table(
    header: Sequence[str], rows: Sequence[Sequence[object]], columns: int | None = None
) -> str:
    """The text of `print_table`, without the last newline; with `columns` the last cell is wrapped."""
    cells = [[_cell(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in [list(header), *cells]) for i in range(len(header))]
    is_right = [bool(cells) and all(_is_number(r[i]) for r in cells) for i in range(len(header))]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = None if columns is None else columns - before
    is_wrapped = room is not None and widths[-1] > room >= _LEAST_ROOM

    def line(row: Sequence[str]) -> str:
        parts = [
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, is_right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    def lines(row: Sequence[str]) -> str:
        if room is None or not is_wrapped or len(row[-1]) <= room:
            return line(row)
        first, *more = textwrap.wrap(row[-1], room, break_on_hyphens=False)
        return "\n".join([line([*row[:-1], first]), *(" " * before + part for part in more)])

    return "\n".join([bold(line(header)), *(lines(r) for r in cells)])


_LEAST_ROOM = 24
"""A column narrower than this is not worth wrapping into."""


def bold(text: str) -> str:
    """`text` in bold on a terminal that wants it."""
    return click.style(text, bold=True) if _has_colour() else text


def colour(text: str, name: str) -> str:
    """`text` in a colour (click's names) on a terminal that wants it."""
    return click.style(text, fg=name) if _has_colour() else text


def _has_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text == "-" or text.lstrip("-+$").replace(",", "").replace(".", "").rstrip("%").isdigit()
