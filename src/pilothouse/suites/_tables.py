"""Items as rows: a publisher's Parquet, CSV or JSON lines, whichever lies there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pilothouse.core.errors import InvalidInput
from pilothouse.suites._json_lines import find_file, read_items

_PATTERNS = ("*.parquet", "**/*.parquet", "*.jsonl.gz", "*.jsonl", "*.json", "*.csv")


def rows(path: Path, stem: str, hint: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, row) of the file whose name begins with `stem` (`test`, `validation`), else of the first there is."""
    patterns = tuple(p.replace("*.", f"{stem}*.", 1) if p[0] == "*" else p for p in _PATTERNS)
    file = find_file(path, (*(p for p in patterns if stem in p), *_PATTERNS), hint)
    if file.suffix == ".parquet":
        yield from _parquet(file)
    elif file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            for row in reader:
                yield f"{file}:{reader.line_num}", dict(row)
    else:
        for number, row in read_items(file, dict[str, Any]):
            yield f"{file}:{number}", row


def field(row: dict[str, Any], place: str, *names: str) -> Any:
    """The first of `names` that the row has. Raises `InvalidInput`."""
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise InvalidInput(f"{place}: no field {' or '.join(names)} (there are: {', '.join(row)})")


def _parquet(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        from pyarrow import parquet  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise InvalidInput(
            f"{file}: Parquet needs pyarrow: pip install 'pilothouse[prove]'"
        ) from None
    number = 0
    opened: Any = parquet.ParquetFile(file)
    for batch in opened.iter_batches():
        for row in batch.to_pylist():
            number += 1
            yield f"{file} row {number}", row
