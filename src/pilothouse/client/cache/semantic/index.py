"""Vectors of questions that were answered, by everything else about them: the nearest is found by comparing all.

Bounded in bytes; the oldest goes first. In this process alone, also when the answers are in Redis.
"""

from __future__ import annotations

from collections import OrderedDict
from importlib import import_module
from typing import Any

from pilothouse.client.cache.semantic.details import Details
from pilothouse.client.cache.semantic.embedder import Vector
from pilothouse.core.errors import InvalidInput

_OVERHEAD_BYTES = 1000


class _Group:
    """Questions that differ in their last turn alone."""

    __slots__ = ("details", "keys", "matrix", "rows")

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.rows: list[Any] = []
        self.details: list[Details] = []
        self.matrix: Any = None
        """All rows, made when they are compared."""


class NearIndex:
    """Raises `InvalidInput` when numpy is not installed."""

    def __init__(self, most_bytes: int) -> None:
        try:
            # By name, because it is an extra: who does not use it neither has nor loads it.
            self._numpy: Any = import_module("numpy")
        except ImportError:
            raise InvalidInput(
                "cache.semantic: numpy is not installed. Install it: pip install 'pilothouse[semantic]'"
            ) from None
        self._most_bytes = most_bytes
        self._groups: dict[bytes, _Group] = {}
        self._order: OrderedDict[bytes, tuple[bytes, int]] = OrderedDict()
        """Key to its group and bytes, the oldest first."""
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._order)

    def add(self, group: bytes, key: bytes, vector: Vector, marks: Details) -> None:
        """Remember a question; one that is there already stays as it is."""
        if key in self._order:
            return
        row = self._numpy.asarray(vector, dtype=self._numpy.float32)
        size = int(row.nbytes) * 2 + _OVERHEAD_BYTES  # in its list and in the matrix
        if size > self._most_bytes:
            return
        held = self._groups.get(group)
        if held is None:
            held = self._groups[group] = _Group()
        if held.rows and held.rows[0].shape != row.shape:
            return  # the embedding's model changed under its name
        held.keys.append(key)
        held.rows.append(row)
        held.details.append(marks)
        held.matrix = None
        self._order[key] = (group, size)
        self.bytes += size
        while self.bytes > self._most_bytes:
            self.drop(next(iter(self._order)))

    def nearest(
        self, group: bytes, vector: Vector, marks: Details | None, least: float
    ) -> tuple[bytes, float] | None:
        """Key and similarity of the nearest at or above `least`; with `marks`, of those that share them."""
        held = self._groups.get(group)
        if held is None:
            return None
        numpy = self._numpy
        if held.matrix is None:
            held.matrix = numpy.stack(held.rows)
        row = numpy.asarray(vector, dtype=numpy.float32)
        if held.matrix.shape[1:] != row.shape:
            return None
        similar = held.matrix @ row
        for i in map(int, numpy.argsort(-similar)):
            if similar[i] < least:
                return None
            if marks is None or held.details[i] == marks:
                return held.keys[i], float(similar[i])
        return None

    def drop(self, key: bytes) -> None:
        """Forget a question, for instance because its answer is gone."""
        found = self._order.pop(key, None)
        if found is None:
            return
        group, size = found
        held = self._groups[group]
        i = held.keys.index(key)
        del held.keys[i], held.rows[i], held.details[i]
        held.matrix = None
        self.bytes -= size
        if not held.keys:
            del self._groups[group]
