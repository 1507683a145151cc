"""Opens a list that somebody else wrote: bounded, exact, and never trusted.

Numbers are read as `Decimal` from their text, so a price keeps its digits. What cannot be read is an
`InvalidInput` with the file and, where JSON breaks, the line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeGuard

import yaml

from pilothouse.catalog.snapshot import Skipped
from pilothouse.core.errors import InvalidInput

if TYPE_CHECKING:
    from yaml import SafeLoader as _Loader
else:  # twenty times as fast, where PyYAML was built with it
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Json: TypeAlias = Any
"""A value as read; every importer checks what it takes from it."""

MAX_BYTES = 64 * 1024 * 1024
"""The largest list known is 6 MB."""


def read_text(path: Path) -> str:
    """The file as UTF-8. Raises `InvalidInput` when it is missing, too large or not text."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise InvalidInput(f"{path}: is a folder, and a file is wanted")
        if size > MAX_BYTES:
            raise InvalidInput(
                f"{path}: {size:,} bytes, more than the {MAX_BYTES:,} a list may have"
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None


def read_json(path: Path) -> Json:
    """The file as JSON. Twice the same key in one object is an error: one of them would be lost."""
    text = read_text(path)

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found and found[key] != value:
                raise InvalidInput(f'{path}: the key "{key[:80]}" is there twice')
            found[key] = value
        return found

    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=distinct
        )
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"{path}:{error.lineno}: not JSON: {error.msg} (is the file cut off?)"
        ) from None
    except _NotANumber as error:
        raise InvalidInput(f"{path}: {error} is not a number that JSON allows") from None
    except RecursionError:
        raise InvalidInput(f"{path}: nested deeper than any list is") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise InvalidInput(f"{path}: {str(error).partition(';')[0]}") from None


def read_yaml(path: Path) -> Json:
    """The file as YAML without tags."""
    try:
        return yaml.load(read_text(path), Loader=_DistinctKeys)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path}: not YAML: {error}") from None
    except RecursionError:
        raise InvalidInput(f"{path}: nested deeper than any list is") from None
    except ValueError as error:  # a day or number that is none
        raise InvalidInput(f"{path}: {str(error).partition(';')[0]}") from None


def read_csv(path: Path, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and row of a CSV file with a header. Raises `InvalidInput`, also while it is read."""
    reader = csv.DictReader(io.StringIO(read_text(path)), restval="")
    try:
        missing = set(columns) - set(reader.fieldnames or [])
        if missing:
            raise InvalidInput(f"{path}:1: no column {', '.join(sorted(missing))}")
        for line, row in enumerate(reader, 2):
            yield line, {k: v for k, v in row.items() if isinstance(v, str)}
    except csv.Error as error:
        raise InvalidInput(f"{path}: not CSV: {error}") from None


def is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[list[Json]]:
    """Whether it is a JSON list."""
    return isinstance(value, list)


def part(value: Json, *keys: str) -> Mapping[str, Json]:
    """The object under the keys; empty when something else is there."""
    for key in keys:
        value = value.get(key) if is_object(value) else None
    return value if is_object(value) else {}


def items(value: Mapping[str, Json], key: str) -> list[Json]:
    """The list under a key; empty when something else is there."""
    found = value.get(key)
    return found if is_list(found) else []


def as_object(value: Json, where: str) -> Mapping[str, Json]:
    """A JSON object. Raises `InvalidInput`."""
    if not is_object(value):
        raise InvalidInput(f"{where}: an object is wanted, and this is {_kind(value)}")
    return value


def as_list(value: Json, where: str) -> list[Json]:
    """A JSON list. Raises `InvalidInput`."""
    if not is_list(value):
        raise InvalidInput(f"{where}: a list is wanted, and this is {_kind(value)}")
    return value


def brief(value: Json) -> str:
    """What it is, for a message. A list is not written out: YAML can hide a billion lines in one."""
    return _kind(value) if isinstance(value, dict | list) else repr(str(value)[:60])


def objects(
    value: Json, where: str, skipped: list[Skipped], needs: str
) -> Iterator[tuple[str, dict[str, Json]]]:
    """Of a list: where each stands, and the object; those without the key `needs` are skipped.

    Raises `InvalidInput` when it is no list.
    """
    for i, one in enumerate(as_list(value, where)):
        place = f"{where}[{i}]"
        if is_object(one) and isinstance(one.get(needs), str) and one[needs]:
            yield place, one
        else:
            skipped.append(Skipped(where=place, why=f'no object with a text "{needs}"'))


class _DistinctKeys(_Loader):
    """YAML without tags, and with every key once: of two one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            text = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if text in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f'line {line}: the key "{text[:80]}" is there twice')
            if text:
                seen.add(text)
        return super().construct_mapping(node, deep=deep)


class _NotANumber(ValueError):
    pass


def _no_number(text: str) -> NoReturn:
    raise _NotANumber(text)


def _kind(value: Json) -> str:
    names = {"dict": "an object", "list": "a list", "str": "text", "bool": "yes or no"}
    return "null" if value is None else names.get(type(value).__name__, "a number")
