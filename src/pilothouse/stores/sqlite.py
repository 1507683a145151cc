"""Calls, runs, rollouts, keys and budgets in one SQLite file (WAL).

Two connections: telemetry is written with synchronous=NORMAL (a power cut may lose the last commits,
a SIGKILL loses none), what must never be lost with FULL. A lock each, so any thread may call.
Money is kept as whole pico-dollars (1e-12 USD) in an integer: exact, and summed by SQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import msgspec

from pilothouse.core.call import Call, Score
from pilothouse.core.errors import StoreError
from pilothouse.core.ports import AuditEntry, StoredRollout
from pilothouse.core.proof_store import PaidAnswer
from pilothouse.stores._batches import BatchTable
from pilothouse.stores._budgets import BudgetTable
from pilothouse.stores._job_rows import SQLITE, Executes
from pilothouse.stores._jobs import JobTable
from pilothouse.stores._keys import KeyTable
from pilothouse.stores._proofs import ProofTable, answer_row
from pilothouse.stores._reading import Reading
from pilothouse.stores._reviews import ReviewTable
from pilothouse.stores._rows import CALL_COLUMNS, row_from_call
from pilothouse.stores._samples import SampleTable
from pilothouse.stores._schema import connect, explained, upgrade
from pilothouse.stores._scores import SCORE_COLUMNS, score_row

T = TypeVar("T")
_INSERT_CALL = (
    f"INSERT OR IGNORE INTO calls ({', '.join(CALL_COLUMNS)}) "
    f"VALUES ({', '.join('?' * len(CALL_COLUMNS))})"
)
_ROWS_A_STATEMENT = 64
_INSERT_SCORE = f"INSERT OR REPLACE INTO scores ({', '.join(SCORE_COLUMNS)}) VALUES (?, ?, ?, ?, ?)"
_INSERT_ANSWER = (
    "INSERT OR REPLACE INTO answers "
    "(run_id, case_id, target, repeat, call_id, text, attempts, question_key, more_json) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class SqliteStore(Reading):
    """Implements `CallStore` and `RolloutStore`; `keys`, `budgets`, `jobs`, `batches`, `proofs` the stores of that name.

    Raises `StoreError`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._durable = connect(self.path, durable=True)
        try:
            upgrade(self._durable, self.path)
            self._telemetry = connect(self.path, durable=False)
        except StoreError:
            self._durable.close()
            raise
        self._durable_lock = Lock()
        self._telemetry_lock = Lock()
        self.keys = KeyTable(self._durably, self.query)
        self.budgets = BudgetTable(self._durably, self.query)
        self.jobs = JobTable(self._write, self.query, SQLITE)
        self.batches = BatchTable(self._write, self.query, SQLITE)
        self.proofs = ProofTable(self._write, self.query, _keep_answers, _keep_scores)
        self.samples = SampleTable(self._write, self.query)
        self.reviews = ReviewTable(self._write, self.query)

    @property
    def spill_path(self) -> Path:
        """What the names of files with calls that could not be written start with."""
        return self.path

    def close(self) -> None:
        """Close the file. Idempotent."""
        with self._telemetry_lock, self._durable_lock:
            self._telemetry.close()
            self._durable.close()

    # Calls

    def write_calls(self, calls: Sequence[Call]) -> None:
        """Append rows in one transaction; a row whose id is there already is left as it is."""
        with self._transaction(self._telemetry, self._telemetry_lock) as db:
            # Many rows a statement: the interpreter's lock is given up once for all of them instead of
            # once a row, which under load costs the event loop more than the insert itself.
            for start in range(0, len(calls), _ROWS_A_STATEMENT):
                rows = [row_from_call(call) for call in calls[start : start + _ROWS_A_STATEMENT]]
                _insert_calls(db, rows)

    def write_scored(self, scored: Sequence[tuple[Call, tuple[Score, ...]]]) -> None:
        """Append calls with their scores in one transaction (graded traffic, rehearsals)."""
        with self._transaction(self._telemetry, self._telemetry_lock) as db:
            db.executemany(_INSERT_CALL, [row_from_call(call) for call, _ in scored])
            db.executemany(_INSERT_SCORE, [score_row(s) for _, scores in scored for s in scores])

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one SELECT, parameters bound; for the statements kept beside their readers."""
        try:
            with self._telemetry_lock:
                return self._telemetry.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise explained(self.path, error) from None

    # Rollouts

    def save_rollout(self, rollout: StoredRollout, entries: Sequence[AuditEntry]) -> bool:
        """Compare-and-swap on the version, with its audit entries; False = somebody was faster."""
        with self._transaction(self._durable, self._durable_lock) as db:
            state = (rollout.route, rollout.status, rollout.version, rollout.state_json)
            if rollout.version == 1:
                done = db.execute(
                    "INSERT OR IGNORE INTO rollouts "
                    "(route, status, version, state_json, id, saved_order) VALUES "
                    "(?, ?, ?, ?, ?, (SELECT COALESCE(MAX(saved_order), 0) + 1 FROM rollouts))",
                    (*state, rollout.id),
                )
            else:
                done = db.execute(
                    "UPDATE rollouts SET route = ?, status = ?, version = ?, state_json = ? "
                    "WHERE id = ? AND version = ?",
                    (*state, rollout.id, rollout.version - 1),
                )
            if done.rowcount != 1:
                return False
            db.executemany(
                "INSERT INTO audit (rollout_id, at_us, who, what, why, evidence_json) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (rollout.id, e.at_us, e.who, e.what, e.why, msgspec.json.encode(e.evidence))
                    for e in entries
                ],
            )
            return True

    def _write(self, work: Callable[[Executes], T]) -> T:
        with self._durably() as db:
            return work(db)

    def _durably(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction(self._durable, self._durable_lock)

    @contextmanager
    def _transaction(self, db: sqlite3.Connection, lock: Lock) -> Generator[sqlite3.Connection]:
        with lock:
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except sqlite3.Error as error:
                _roll_back(db)
                raise explained(self.path, error) from None
            except BaseException:
                _roll_back(db)
                raise


def _insert_calls(db: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    # Most calls leave a dozen columns empty; binding those takes as long as writing all the others.
    empty = len(rows)
    used = [
        (column, values)
        for column, values in zip(CALL_COLUMNS, zip(*rows, strict=True), strict=True)
        if values.count(None) < empty
    ]
    sql = _insert_calls_sql(tuple([column for column, _ in used]), len(rows))
    db.execute(sql, list(chain.from_iterable(zip(*[values for _, values in used], strict=True))))


@lru_cache(maxsize=256)
def _insert_calls_sql(columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT OR IGNORE INTO calls ({', '.join(columns)}) VALUES {', '.join([row] * count)}"


def _keep_answers(db: Executes, answers: Sequence[PaidAnswer]) -> None:
    assert isinstance(db, sqlite3.Connection)
    db.executemany(_INSERT_CALL, [row_from_call(a.call) for a in answers])
    db.executemany(_INSERT_ANSWER, [answer_row(a) for a in answers])
    db.executemany(_INSERT_SCORE, [score_row(s) for a in answers for s in a.scores])


def _keep_scores(db: Executes, scores: Sequence[Score]) -> None:
    assert isinstance(db, sqlite3.Connection)
    db.executemany(_INSERT_SCORE, [score_row(s) for s in scores])


def _roll_back(db: sqlite3.Connection) -> None:
    try:
        if db.in_transaction:
            db.execute("ROLLBACK")
    except sqlite3.Error:
        pass  # the connection is gone; the transaction is gone with it


plugin = SqliteStore
