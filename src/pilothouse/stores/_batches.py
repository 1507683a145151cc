"""Uploaded files and batches of jobs, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.batch import Batch, LineAnswer, StoredFile, Tally
from pilothouse.core.job import Job, cancelled
from pilothouse.core.job_store import Full, NewJob
from pilothouse.stores._job_rows import (
    BATCH,
    FILE,
    JOB,
    Executes,
    Words,
    Write,
    from_row,
    insert,
    update,
    values,
)
from pilothouse.stores._jobs import insert_jobs, open_jobs, take_turn
from pilothouse.stores._keys import Query

_LAST = "\U0010ffff"
"""Sorts after every id."""
_OUTPUTS = {"output": "is_output_deleted", "error": "is_error_deleted"}


class BatchTable:
    """Implements `BatchStore` on the connections of a store."""

    def __init__(self, write: Write, query: Query, words: Words) -> None:
        self._write = write
        self._query = query
        self._words = words

    def add_file(self, file: StoredFile, content: bytes) -> None:
        """Keep an uploaded file."""
        row = [*values(file), content]
        self._write(lambda db: insert(db, "files", f"{FILE}, content", [row]))

    def file(self, file_id: str, key_id: str | None) -> StoredFile | None:
        """By id."""
        rows = self._query(f"SELECT {FILE} FROM files WHERE id = ?", (file_id,))
        file = from_row(StoredFile, rows[0]) if rows else None
        return file if file is not None and key_id in (None, file.key_id) else None

    def files(self, key_id: str, limit: int, before_id: str | None) -> list[StoredFile]:
        """Newest first."""
        sql = f"SELECT {FILE} FROM files WHERE key_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
        rows = self._query(sql, (key_id, before_id or _LAST, limit))
        return [from_row(StoredFile, row) for row in rows]

    def content(self, file_id: str) -> bytes:
        """Empty when it is gone."""
        rows = self._query("SELECT content FROM files WHERE id = ?", (file_id,))
        return bytes(rows[0][0]) if rows else b""

    def delete_file(self, file_id: str, key_id: str | None) -> bool:
        """False when the key has no such file."""
        if self.file(file_id, key_id) is None:
            return False
        sql = "DELETE FROM files WHERE id = ?"
        return self._write(lambda db: db.execute(sql, (file_id,)).rowcount == 1)

    def add_batch(self, batch: Batch, jobs: Sequence[NewJob], most_open: int) -> Full | None:
        """The batch and all its jobs, or nothing."""

        def work(db: Executes) -> Full | None:
            take_turn(db, self._words, batch.key_id)
            found = open_jobs(db, batch.key_id, most_open, batches=True)
            if found + len(jobs) > most_open:
                return Full(found, most_open)
            insert(db, "batches", BATCH, [values(batch)])
            insert_jobs(db, jobs)
            return None

        return self._write(work)

    def batch(self, batch_id: str, key_id: str | None) -> Batch | None:
        """By id."""
        rows = self._query(f"SELECT {BATCH} FROM batches WHERE id = ?", (batch_id,))
        batch = _batch(rows[0]) if rows else None
        return batch if batch is not None and key_id in (None, batch.key_id) else None

    def batches(self, key_id: str, limit: int, before_id: str | None) -> list[Batch]:
        """Newest first."""
        sql = f"SELECT {BATCH} FROM batches WHERE key_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
        return [_batch(row) for row in self._query(sql, (key_id, before_id or _LAST, limit))]

    def tally(self, batch_id: str) -> Tally:
        """How its jobs stand."""
        rows = self._query(
            "SELECT state, COUNT(*), MAX(finished_us) FROM jobs WHERE batch_id = ? GROUP BY state",
            (batch_id,),
        )
        ended = [row[2] for row in rows if row[2] is not None]
        counts = {row[0]: int(row[1]) for row in rows}
        return Tally(counts=counts, ended_us=max(ended, default=None))

    def cancel_batch(self, batch_id: str, now_us: int) -> None:
        """Cancel every job of it that has not ended."""

        def work(db: Executes) -> None:
            db.execute(
                "UPDATE batches SET cancelled_us = ? WHERE id = ? AND cancelled_us IS NULL",
                (now_us, batch_id),
            )
            sql = (
                f"SELECT {JOB} FROM jobs WHERE batch_id = ? AND state IN ('queued', 'running') "
                f"ORDER BY line{self._words.locked}"
            )
            for row in db.execute(sql, (batch_id,)).fetchall():
                update(db, cancelled(from_row(Job, row), now_us))

        self._write(work)

    def lines(self, batch_id: str, after: int, limit: int) -> list[LineAnswer]:
        """Jobs with their answers in the order of the input file, after a line."""
        rows = self._query(_LINES, (batch_id, after, limit))
        return [
            LineAnswer(from_row(Job, row[:-1]), None if row[-1] is None else bytes(row[-1]))
            for row in rows
        ]

    def delete_output(self, batch_id: str, which: str) -> None:
        """Its output or error file is not given out any more."""
        sql = f"UPDATE batches SET {_OUTPUTS[which]} = 1 WHERE id = ?"
        self._write(lambda db: db.execute(sql, (batch_id,)).rowcount)


_LINES = (
    f"SELECT {', '.join(f'jobs.{name}' for name in JOB.split(', '))}, job_answers.body "
    "FROM jobs LEFT JOIN job_answers ON job_answers.job_id = jobs.id "
    "WHERE batch_id = ? AND line > ? ORDER BY line LIMIT ?"
)


def _batch(row: Sequence[object]) -> Batch:
    return from_row(Batch, row)
