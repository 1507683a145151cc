"""Opens a case file, packed or not, and says in words what the system says in numbers."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pilothouse.core.errors import InvalidInput

BOM = b"\xef\xbb\xbf"


@contextmanager
def opened(path: Path) -> Generator[IO[bytes]]:
    """The bytes of `path`, unpacked when its name ends in `.gz`. Raises `InvalidInput`, also while reading."""
    try:
        if path.is_dir():
            raise InvalidInput(f"{path}: this is a folder, not a file")
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # pyright: ignore[reportReturnType] - GzipFile is a binary file
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path}: not a whole gzip file: {error}") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror or error}") from None


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Its lines from 1 on, blank ones left out, one in memory at a time."""
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                line = line.removeprefix(BOM)
            if not line.isspace() and line:
                yield number, line


def whole_text(path: Path) -> str:
    """All of it. Raises `InvalidInput` when it is not UTF-8."""
    with opened(path) as file:
        data = file.read().removeprefix(BOM)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{path}:{line}: not UTF-8 text (byte {error.start})") from None


def stem_suffix(path: Path) -> str:
    """Its ending in small letters without `.gz`: `.jsonl` of `cases.jsonl.gz`."""
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
