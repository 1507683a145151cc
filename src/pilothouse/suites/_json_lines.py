"""Items of a benchmark as its publisher lays them out: JSON Lines, plain or gzipped, or one JSON list."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from pilothouse.core.errors import InvalidInput

Item = TypeVar("Item")


def find_file(path: Path, patterns: tuple[str, ...], hint: str) -> Path:
    """`path` itself, or the first file in it that fits the earliest of `patterns`. Raises `InvalidInput`."""
    if path.is_file():
        return path
    for pattern in patterns:
        found = sorted(path.glob(pattern))
        if found:
            return found[0]
    raise InvalidInput(f"{path}: there is no {' or '.join(patterns)} here. {hint}")


def read_items(path: Path, kind: type[Item]) -> Iterator[tuple[int, Item]]:
    """(line, item). Raises `InvalidInput` with file and line."""
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError) as error:
        raise InvalidInput(f"{path}: {error}") from None
    if data.lstrip()[:1] == b"[":
        yield from enumerate(_decoded(data, list[kind], str(path)), 1)
        return
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield number, _decoded(line, kind, f"{path}:{number}")


def _decoded(data: bytes, kind: type[Item], where: str) -> Item:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{where}: {error}") from None
