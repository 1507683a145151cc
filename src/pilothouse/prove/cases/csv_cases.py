"""Comma- or tab-separated cases with a header line."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from pathlib import Path

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases.columns import Columns
from pilothouse.prove.cases.found import Found, Note
from pilothouse.prove.cases.opening import opened, stem_suffix

MAX_CELL = 10_000_000
"""Characters; a quote that is never closed would else take the rest of the file into one cell."""


def read_csv(path: Path, fields: dict[str, str], note: Note) -> Iterator[Found]:
    """A row's number is the line it starts on, though quoted cells may hold line breaks."""
    columns: Columns | None = None
    for number, row in csv_rows(path):
        if isinstance(row, str):
            yield Found(file=str(path), number=number, problem=row)
            continue
        try:
            if columns is None:
                columns = Columns(list(row), fields)
                columns.tell(str(path), note)
        except InvalidInput as error:
            raise InvalidInput(f"{path}:1: {error}") from None
        try:
            yield Found(file=str(path), number=number, given=columns.line(row))
        except InvalidInput as error:
            yield Found(file=str(path), number=number, problem=str(error))


def csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str] | str]]:
    """(line, its cells by column, or what is wrong with it), one in memory at a time."""
    delimiter = "\t" if stem_suffix(path) in (".tsv", ".tab") else ","
    with opened(path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        try:
            yield from _rows(text, path, delimiter)
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path}: not UTF-8 text: {error.reason}") from None
        finally:
            text.detach()


def _rows(
    text: io.TextIOWrapper, path: Path, delimiter: str
) -> Generator[tuple[int, dict[str, str] | str]]:
    before = csv.field_size_limit()
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        header = [name.strip() for name in header]
        _check_header(path, header)
        start = reader.line_num + 1
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                if len(cells) == len(header):
                    yield start, dict(zip(header, cells, strict=True))
                else:
                    yield (
                        start,
                        f"{len(cells)} cells under {len(header)} columns: is a quote missing?",
                    )
            start = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(f"{path}:{reader.line_num}: not a table: {error}") from None
    finally:
        csv.field_size_limit(before)


def _check_header(path: Path, header: list[str]) -> None:
    for i, name in enumerate(header):
        if not name:
            raise InvalidInput(f"{path}:1: column {i + 1} has no name")
        if name in header[:i]:
            raise InvalidInput(f'{path}:1: two columns are named "{name}"')
