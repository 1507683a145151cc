"""Which reader reads a file: by what is said, else by its name and first record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases.csv_cases import csv_rows, read_csv
from pilothouse.prove.cases.found import Found, Note, Reader
from pilothouse.prove.cases.hugging_face import read_folder
from pilothouse.prove.cases.inspect_dataset import read_inspect
from pilothouse.prove.cases.jsonl import read_jsonl
from pilothouse.prove.cases.opening import lines, opened, stem_suffix
from pilothouse.prove.cases.parquet import read_parquet
from pilothouse.prove.cases.promptfoo import read_promptfoo

Format = Literal["jsonl", "csv", "parquet", "hugging_face", "promptfoo", "inspect"]
_TABLES = (".csv", ".tsv", ".tab")


def reader_of(path: Path, form: Format | None, fields: dict[str, str], split: str | None) -> Reader:
    """Raises `InvalidInput` when the file is not there or cannot be told."""
    if not path.exists():
        raise InvalidInput(f"{path}: there is no such file")
    form = form or guess(path)
    if split is not None and form != "hugging_face":
        raise InvalidInput(f"cases.split: {path} is no Hugging Face folder, so it has no splits")
    if fields and form in ("promptfoo", "inspect"):
        raise InvalidInput(
            f"cases.fields: the form {form} has fixed names; say `format:` if it is not"
        )
    if form == "hugging_face":
        if not path.is_dir():
            raise InvalidInput(f"{path}: not a folder, as a Hugging Face data set is")
        return lambda note: read_folder(path, split, fields, note)
    if path.is_dir():
        raise InvalidInput(f"{path}: this is a folder, not a file")
    if form in ("promptfoo", "inspect"):
        return partial(read_promptfoo if form == "promptfoo" else read_inspect, path)
    table = {"jsonl": read_jsonl, "csv": read_csv, "parquet": read_parquet}[form]

    def read(note: Note) -> Iterator[Found]:
        return table(path, fields, note)

    return read


def guess(path: Path) -> Format:
    """The form of a file or folder. What cannot be told is read as JSON lines, whose errors are the plainest."""
    if path.is_dir():
        return "hugging_face"
    match stem_suffix(path):
        case ".parquet":
            return "parquet"
        case ".yaml" | ".yml":
            return "promptfoo"
        case suffix if suffix in _TABLES:
            row = next((row for _, row in csv_rows(path)), None)
            return _by_names(list(row)) or "csv" if isinstance(row, dict) else "csv"
        case ".json":
            return _of_document(path)
        case _:
            return _of_line(path)


def _by_names(names: list[str]) -> Format | None:
    if "prompt" in names:
        return None
    if "vars" in names or "assert" in names or any(name.startswith("__expected") for name in names):
        return "promptfoo"
    return "inspect" if {"input", "target"} <= set(names) else None


def _of_line(path: Path) -> Format:
    for _, line in lines(path):
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return "jsonl"
        return _of_record(record) or "jsonl"
    return "jsonl"


def _of_document(path: Path) -> Format:
    with opened(path) as file:
        data = file.read()
    try:
        value: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: not JSON: {error}") from None
    if isinstance(value, dict) and "tests" in value:
        return "promptfoo"
    listed = cast("list[Any]", value) if isinstance(value, list) else [cast("Any", value)]
    form = _of_record(listed[0]) if listed else None
    if form is None:
        raise InvalidInput(
            f"{path}: neither promptfoo tests nor Inspect samples; our own cases are JSON lines (.jsonl)"
        )
    return form


def _of_record(record: Any) -> Format | None:
    if not isinstance(record, dict):
        return None
    names = list(cast("dict[str, Any]", record))
    if "prompt" in names or "messages" in names:
        return None
    return _by_names(names) or ("inspect" if "input" in names else None)
