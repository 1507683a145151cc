"""What is asked of a cell, and how messages travel: four bytes of length, then JSON."""

from __future__ import annotations

import json
import os
from typing import Any, TypedDict

LARGEST = 64 << 20
"""Bytes of one message."""


class Bounds(TypedDict):
    """Limits of one program, in bytes, seconds and counts."""

    wall_s: float
    cpu_s: int
    memory: int
    is_address_space_bound: bool
    disk: int
    inodes: int
    open_files: int
    processes: int
    head: int
    """Bytes kept of each of stdout and stderr."""
    most_output: int
    """Bytes after which a program that goes on printing is stopped."""


class Program(TypedDict):
    """One program. Without `argv` it is Python and runs in the started interpreter."""

    name: str
    """Its `__name__`."""
    source: str
    argv: list[str]
    files: dict[str, str]
    stdin: str
    is_judged: bool
    """Judge's orders follow in a message of their own, which the program never sees."""
    bounds: Bounds


class Orders(TypedDict):
    """For the judge."""

    setup: str
    tests: str
    entry_point: str | None


def send(fd: int, message: Any) -> None:
    """Raises `OSError` when the other side is gone, `ValueError` for what JSON cannot hold or is too large."""
    data = json.dumps(message).encode()
    if len(data) > LARGEST:
        raise ValueError(f"a value of {len(data) >> 20} MB is too large to hand over")
    view = memoryview(len(data).to_bytes(4, "little") + data)
    while view:
        view = view[os.write(fd, view) :]


def receive(fd: int) -> Any:
    """None at the end of the line. Raises `ValueError` for what is no message."""
    head = _exactly(fd, 4)
    if head is None:
        return None
    size = int.from_bytes(head, "little")
    if size > LARGEST:
        raise ValueError("a message that is too large")
    data = _exactly(fd, size)
    return None if data is None else json.loads(data)


def _exactly(fd: int, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
