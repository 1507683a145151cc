"""Calls on disk while the database cannot take them: whole files of JSON lines, written back later.

A file appears under its name only when it is complete, and never changes after; so any process on the same
database may write any file back, and two that write the same one do no harm (a call's id is written once).
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pilothouse.core.call import Call

log = logging.getLogger("pilothouse.recorder")

_PART = ".part"


class SpillFiles:
    """The spilt files of one database: those in `base`'s folder whose names start with `base`'s.

    Raises `OSError`.
    """

    def __init__(self, base: Path, *, most_bytes: int) -> None:
        self._base = base
        self._most_bytes = most_bytes

    def write(self, calls: Sequence[Call]) -> Path:
        """Put `calls` on disk before this returns; all of them or none.

        Raises `OSError`, too, when the files hold `most_bytes` already.
        """
        data = b"".join(map(_line, calls))
        if sum(f.stat().st_size for f in self.files()) + len(data) > self._most_bytes:
            raise OSError(f"the spilt files hold {self._most_bytes} bytes already")
        number, name = tempfile.mkstemp(
            prefix=f"{self._base.name}.unwritten-", suffix=_PART, dir=self._base.parent
        )
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return Path(name).rename(name.removesuffix(_PART) + ".jsonl")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def files(self) -> list[Path]:
        """Complete files, oldest name first; one of an earlier version (`.unwritten.jsonl`), too."""
        names = [f"{self._base.name}.unwritten.jsonl"]
        start, end = f"{self._base.name}.unwritten-", ".jsonl"
        if not self._base.parent.is_dir():
            return []
        with os.scandir(self._base.parent) as entries:
            names += sorted(
                e.name for e in entries if e.name.startswith(start) and e.name.endswith(end)
            )
        return [path for name in names if (path := self._base.parent / name).is_file()]

    def read(self, path: Path) -> tuple[list[Call], int]:
        """The calls of a file and the number of lines that are none. Nothing when it is gone."""
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return [], 0
        calls: list[Call] = []
        broken = 0
        for line in lines:
            try:
                calls.append(msgspec.json.decode(line, type=Call))
            except (msgspec.DecodeError, ValueError):
                broken += 1
        return calls, broken

    def remove(self, path: Path, *, is_whole: bool) -> None:
        """The file is written back; with lines that are no calls it is kept under another name."""
        if is_whole:
            path.unlink(missing_ok=True)
        elif path.exists():
            path.rename(path.with_name(path.name + ".damaged"))


def _line(call: Call) -> bytes:
    try:
        return msgspec.json.encode(call) + b"\n"
    except ValueError as error:  # half a character; no database can hold it either
        log.error("call %s cannot be stored and is shed: %r", call.id, error)
        return b""
