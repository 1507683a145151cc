"""One connection to PostgreSQL that is opened again when it was lost, for one caller at a time.

A transaction whose connection was lost before COMMIT is run again: the server has undone it. Lost at COMMIT,
the server is asked what became of it, so nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Any, TypeVar, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.raw_cursor import RawCursor

from pilothouse.core.errors import StoreError
from pilothouse.stores._pg_address import PgAddress
from pilothouse.stores._pg_errors import explained
from pilothouse.stores._pg_sql import numbered

T = TypeVar("T")
Row = tuple[Any, ...]
RESOLVE_S = 5.0
"""How long the fate of a lost COMMIT is asked for: a server restarts in less."""
_TRIES = 4
_AGAIN = {"40001", "40P01"}
"""Deadlock or a failed serialisation: the server asks for another try."""
_DEFAULTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "fallback_application_name": "pilothouse",
}
# A writer that stands still in mid-transaction (a stopped process, a machine gone) frees its locks in ten
# seconds, as a waiting one gives up. A server that does not wait for the disk is told to, for us.
_SESSION = """
SET search_path = "{schema}"; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s';
SET default_transaction_isolation = 'read committed'; SET TimeZone = 'UTC'; SET client_encoding = 'UTF8';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""


class InDoubt(StoreError):
    """The connection was lost at COMMIT and the server cannot be asked. `PgLink.fate(xid)` may know later."""

    def __init__(self, message: str, xid: str) -> None:
        super().__init__(message)
        self.xid = xid


class Db:
    """A connection inside a transaction: `?` for parameters, as in SQLite."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = ()) -> psycopg.Cursor[Row]:
        """Run one statement. Raises `psycopg.Error`."""
        return self._connection.execute(numbered(sql), values or None)


class PgLink:
    """Connects when first used. Any thread may call; they take turns. Raises `StoreError`."""

    def __init__(self, address: PgAddress) -> None:
        self._address = address
        self._lock = Lock()
        self._closed = Event()
        self._connection: psycopg.Connection[Row] | None = None

    def close(self) -> None:
        """Let the connection go. Idempotent."""
        self._closed.set()
        with self._lock:
            self._drop()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Rows of one SELECT."""
        return self._tried(lambda db: db.execute(sql, values).fetchall())

    def alone(self, work: Callable[[psycopg.Connection[Row]], T]) -> T:
        """`work` with the connection itself (autocommit), for what must not be tried twice."""
        with self._lock:
            connection = self._open()
            try:
                return work(connection)
            except psycopg.Error as error:
                self._drop()
                raise explained(self._address, error) from None

    def write(self, work: Callable[[Db], T]) -> T:
        """`work` in one transaction, on disk when this returns, and done once. `work` may be run again."""

        def transaction(db: Db) -> tuple[T, str]:
            db.execute("BEGIN")
            done = work(db)
            (xid,) = db.execute("SELECT pg_current_xact_id()::text").fetchall()[0]
            return done, xid

        with self._lock:
            for _ in range(_TRIES):
                done, xid = self._tried_locked(transaction)
                if self._is_committed(xid):
                    return done
            raise StoreError(f"{self._address}: the connection was lost at each of {_TRIES} tries")

    def fate(self, xid: str) -> bool | None:
        """Whether a transaction was committed; None when the server cannot say."""
        with self._lock:
            return self._fate(xid)

    def _tried(self, work: Callable[[Db], T]) -> T:
        with self._lock:
            return self._tried_locked(work)

    def _tried_locked(self, work: Callable[[Db], T]) -> T:
        for is_last in (*(False for _ in range(_TRIES - 1)), True):
            connection = self._open()
            try:
                return work(Db(connection))
            except psycopg.Error as error:
                self._roll_back(connection)
                is_passing = connection.closed or error.sqlstate in _AGAIN
                if is_last or not is_passing:
                    raise explained(self._address, error) from None
            except BaseException:
                self._roll_back(connection)
                raise
        raise AssertionError("the last try returns or raises")

    def _is_committed(self, xid: str) -> bool:
        assert self._connection is not None
        connection = self._connection
        try:
            connection.execute(b"COMMIT")
            return True
        except psycopg.Error as error:
            self._roll_back(connection)
            if not connection.closed:
                raise explained(self._address, error) from None
        except BaseException:
            self._drop()
            raise
        give_up_s = time.monotonic() + RESOLVE_S
        while True:
            fate = self._fate(xid)
            if fate is not None:
                return fate
            if time.monotonic() > give_up_s or self._closed.wait(0.1):
                raise InDoubt(
                    f"{self._address}: the connection was lost while a change was being written; whether "
                    "it was written is not known",
                    xid,
                )

    def _fate(self, xid: str) -> bool | None:
        try:
            found = self._open().execute(b"SELECT pg_xact_status($1::xid8)", [xid]).fetchall()
        except psycopg.DataError:
            return False  # a transaction this server never saw: it took over from one that did
        except (psycopg.Error, StoreError):
            self._drop()
            return None
        return {"committed": True, "aborted": False}.get(found[0][0])

    def _open(self) -> psycopg.Connection[Row]:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        if self._closed.is_set():
            raise StoreError(f"{self._address}: this store is closed")
        try:
            self._connection = _connected(self._address)
        except psycopg.Error as error:
            raise explained(self._address, error) from None
        return self._connection

    def _roll_back(self, connection: psycopg.Connection[Row]) -> None:
        try:
            if not connection.closed:
                connection.execute(b"ROLLBACK")
        except psycopg.Error:
            connection.close()
        if connection.closed:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _connected(address: PgAddress) -> psycopg.Connection[Row]:
    defaults = cast(
        dict[str, Any], {k: v for k, v in _DEFAULTS.items() if k not in address.options}
    )
    connection = psycopg.connect(
        address.url.reveal(),
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=RawCursor,
        **defaults,
    )
    try:
        connection.adapters.register_loader("numeric", _Number)
        connection.execute(_SESSION.format(schema=address.schema).encode())
    except BaseException:
        connection.close()
        raise
    return connection


class _Number(Loader):
    """Numbers as SQLite gives them: SUM of whole numbers is whole, an average is a float."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)
