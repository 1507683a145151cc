"""Parquet files, a batch of rows in memory at a time. Needs pyarrow, which a base install lacks."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases.columns import Columns
from pilothouse.prove.cases.found import Found, Note

_BATCH = 512
"""Rows; a row may hold whole documents."""


def read_parquet(path: Path, fields: dict[str, str], note: Note) -> Iterator[Found]:
    """Only the columns that a case can hold are read."""
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise InvalidInput(
            f'{path}: reading Parquet needs pyarrow: pip install "pilothouse[prove]"'
        ) from None
    if path.is_dir():
        raise InvalidInput(f"{path}: this is a folder, not a file")
    try:
        opened: Any = parquet.ParquetFile(path, memory_map=False)
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (arrow.ArrowException, OSError) as error:
        raise InvalidInput(f"{path}: not a Parquet file: {_first_line(error)}") from None
    with opened as file:
        try:
            columns = Columns(list(file.schema_arrow.names), fields)
        except InvalidInput as error:
            raise InvalidInput(f"{path}: {error}") from None
        columns.tell(str(path), note)
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield _found(str(path), number, columns, row)
        except (arrow.ArrowException, OSError) as error:
            raise InvalidInput(f"{path}: broken after row {number}: {_first_line(error)}") from None


def _found(file: str, number: int, columns: Columns, row: dict[str, Any]) -> Found:
    try:
        return Found(file=file, number=number, unit="row", given=columns.line(row))
    except InvalidInput as error:
        return Found(file=file, number=number, unit="row", problem=str(error))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
