"""Tables and JSON for people and pipes. Plain when piped or when NO_COLOR is set."""

from __future__ import annotations

import os
import sys
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


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns; cells that look like numbers go right."""
    click.echo(table(header, rows))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The text of `print_table`, without the last newline."""
    cells = [[_cell(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in [list(header), *cells]) for i in range(len(header))]
    is_right = [bool(cells) and all(_is_number(r[i]) for r in cells) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        parts = [
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, is_right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return "\n".join([bold(line(header)), *(line(r) for r in cells)])


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
