"""The queue in PostgreSQL over plain psycopg connections: for a process that needs nothing else of a store.

`PostgresStore` has connections of its own; it joins `JobTable` and `BatchTable` to those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import resources
from threading import Lock
from typing import Any, TypeVar

import psycopg
from psycopg.raw_cursor import RawCursor

from pilothouse.core.errors import StoreError
from pilothouse.stores._batches import BatchTable
from pilothouse.stores._job_rows import POSTGRES, Executes
from pilothouse.stores._jobs import JobTable

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
Connect = Callable[[], Connection]
"""Opens a connection whose search_path is the store's schema. Raises `psycopg.Error`."""
_TRIES = 3
_AGAIN = ("40001", "40P01")
"""A failed serialisation, a deadlock: the server asks for another try."""


class PgJobs:
    """`jobs` and `batches` on two connections, each opened when first used and again when lost."""

    def __init__(self, connect: Connect) -> None:
        self._writes = _Link(connect)
        self._reads = _Link(connect)
        self.jobs = JobTable(self._writes.write, self._reads.rows, POSTGRES)
        self.batches = BatchTable(self._writes.write, self._reads.rows, POSTGRES)

    def create_tables(self) -> None:
        """Make the queue's tables, for a database that has no schema of Pilothouse."""
        sql = resources.files("pilothouse.stores").joinpath("migrations_pg", "0004_jobs.sql")
        self._writes.write(lambda db: db.execute(sql.read_text(encoding="utf-8")).rowcount)

    def close(self) -> None:
        """Let the connections go. Idempotent."""
        self._writes.close()
        self._reads.close()


class _Link:
    """One connection for one caller at a time."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = Lock()
        self._connection: Connection | None = None

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one SELECT."""
        return self.write(lambda db: db.execute(sql, values).fetchall())

    def write(self, work: Callable[[Executes], T]) -> T:
        """`work` in one transaction. Run again after a deadlock; a lost connection raises `StoreError`.

        A connection lost at COMMIT leaves open whether the change was made. Every change of a job says what it
        expects of the row (the attempt, an end not reached), so asking for it again is safe.
        """
        with self._lock:
            for left in reversed(range(_TRIES)):
                try:
                    connection = self._open()
                    with connection.transaction():
                        return work(_Db(connection))
                except psycopg.Error as error:
                    if error.sqlstate not in _AGAIN or not left:
                        self._drop_broken()
                        raise _explained(error) from None
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Let it go."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _drop_broken(self) -> None:
        if self._connection is not None and self._connection.broken:
            self._connection.close()
            self._connection = None


class _Db:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        return RawCursor(self._connection).execute(_numbered(sql), values or None)


_TOKEN = re.compile(r"'(?:[^']|'')*'|\?")


@lru_cache(maxsize=256)
def _numbered(sql: str) -> bytes:
    """`?` outside of quotes as `$1`, `$2`, ..."""
    number = 0

    def dollar(found: re.Match[str]) -> str:
        nonlocal number
        if found[0] != "?":
            return found[0]
        number += 1
        return f"${number}"

    return _TOKEN.sub(dollar, sql).encode()


def _explained(error: psycopg.Error) -> StoreError:
    said = error.diag.message_primary or str(error).strip().partition("\n")[0]
    return StoreError(f"the queue's PostgreSQL: {said or type(error).__name__}")
