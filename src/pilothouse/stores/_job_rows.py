"""SQL of the queue that runs on SQLite and PostgreSQL alike, and its structs as rows.

The two differ in one thing: how somebody else's locked rows are passed over. SQLite has one writer and needs
no words for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from pilothouse.core.batch import Batch, StoredFile
from pilothouse.core.job import Job

T = TypeVar("T")
S = TypeVar("S", bound=Struct)


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[Any]: ...


class Executes(Protocol):
    """A connection inside a transaction; `?` for parameters."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows: ...


class Write(Protocol):
    """Runs work in one transaction that is on disk when this returns."""

    def __call__(self, work: Callable[[Executes], T], /) -> T: ...


class Words(Struct, frozen=True):
    """What is said differently."""

    passing_over: str = ""
    """After a SELECT: lock its rows, without those that others hold."""
    locked: str = ""
    """After a SELECT: lock its rows, and wait for those that others hold."""
    turn: str | None = None
    """Makes transactions about one key (`?`) take turns; None = they do."""


SQLITE = Words()
POSTGRES = Words(
    passing_over=" FOR UPDATE SKIP LOCKED",
    locked=" FOR UPDATE",
    turn="SELECT pg_advisory_xact_lock(hashtextextended(?, 0))",
)

JOB = ", ".join(Job.__struct_fields__)
FILE = ", ".join(StoredFile.__struct_fields__)
BATCH = ", ".join(Batch.__struct_fields__)
_FIXED = {
    *("id", "key_id", "dialect", "path", "model", "created_us", "deadline_us", "priority"),
    *("batch_id", "line", "custom_id", "idempotency_key", "webhook"),
}
_CHANGING = tuple(name for name in Job.__struct_fields__ if name not in _FIXED)
_UPDATE = f"UPDATE jobs SET is_due = 0, {', '.join(f'{n} = ?' for n in _CHANGING)} WHERE id = ?"
_ROWS_A_STATEMENT = 50


def from_row(kind: type[S], row: Sequence[Any]) -> S:
    """A struct from the columns named as its fields."""
    return kind(**dict(zip(kind.__struct_fields__, row, strict=True)))


def values(value: Struct) -> list[Any]:
    """The row of a struct."""
    return [getattr(value, name) for name in value.__struct_fields__]


def update(db: Executes, job: Job) -> None:
    """Write what may change of a job."""
    db.execute(_UPDATE, [*(getattr(job, name) for name in _CHANGING), job.id])


def insert(db: Executes, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    """Many rows a statement."""
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        some = rows[start : start + _ROWS_A_STATEMENT]
        sql = _insert(table, columns, len(some), len(some[0]))
        db.execute(sql, [value for row in some for value in row])


@cache
def _insert(table: str, columns: str, rows: int, width: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * rows)}"
