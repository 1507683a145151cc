"""Jobs on SQLite and PostgreSQL: one code path. Every change is `core/job.py` applied to a locked row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pilothouse.core.job import Job, JobAnswer, JobRules, answered, claimed, is_held, overdue
from pilothouse.core.job import cancelled as cancelled_job
from pilothouse.core.job import put_back as put_back_job
from pilothouse.core.job import told as told_job
from pilothouse.core.job_store import Full, JobFilter, JobRequest, NewJob, Reused
from pilothouse.stores._job_rows import (
    JOB,
    Executes,
    Words,
    Write,
    from_row,
    insert,
    update,
    values,
)
from pilothouse.stores._keys import Query

_HEADERS = msgspec.json.Decoder(dict[str, str])
_DUE_AT_ONCE = 1000
_SWEPT_AT_ONCE = 500


class JobTable:
    """Implements `JobStore` on the connections of a store."""

    def __init__(self, write: Write, query: Query, words: Words) -> None:
        self._write = write
        self._query = query
        self._words = words

    def add(self, new: NewJob, most_open: int) -> Job | Full | Reused:
        """Queue one job, unless its key has `most_open` open ones already."""

        def work(db: Executes) -> Job | Full | Reused:
            job = new.job
            take_turn(db, self._words, job.key_id)
            used = self._reused(db, new)
            if used is not None:
                return used
            found = open_jobs(db, job.key_id, most_open, batches=False)
            if found >= most_open:
                return Full(found, most_open)
            insert_jobs(db, [new])
            return job

        return self._write(work)

    def claim(self, worker: str, now_us: int, rules: JobRules, limit: int) -> list[NewJob]:
        """Up to `limit` due jobs; each to one worker alone."""
        if not self._query(_HAS_WORK, (now_us,)):
            return []  # nobody's turn to write is taken for nothing

        def work(db: Executes) -> list[NewJob]:
            db.execute(_BECOME_DUE + self._words.passing_over + ")", (now_us, _DUE_AT_ONCE))
            rows = db.execute(_NEXT + self._words.passing_over, (now_us, limit)).fetchall()
            jobs = [claimed(from_row(Job, row), worker, now_us, rules) for row in rows]
            for job in jobs:
                update(db, job)
            return [NewJob(job, _request(db, job.id)) for job in jobs]

        return self._write(work)

    def renew(self, worker: str, held: Sequence[tuple[str, int]], until_us: int) -> set[str]:
        """Longer leases; the ids still held."""

        def work(db: Executes) -> set[str]:
            return {
                job_id
                for job_id, attempt in sorted(held)
                if db.execute(_RENEW, (until_us, job_id, attempt, worker)).rowcount == 1
            }

        return self._write(work) if held else set()

    def keep_answer(self, job_id: str, attempt: int, answer: JobAnswer, now_us: int) -> bool:
        """The answer and the job's end in one transaction."""

        def work(db: Executes) -> bool:
            job = self._locked(db, job_id)
            ended = answered(job, answer, now_us) if job is not None else None
            if ended is None:
                return False
            row = [job_id, attempt, answer.body, now_us]
            insert(db, "job_answers", "job_id, attempt, body, at_us", [row])
            update(db, ended)
            return True

        return self._write(work)

    def put_back(
        self,
        job_id: str,
        attempt: int,
        why: str,
        now_us: int,
        rules: JobRules,
        *,
        after_s: float = 0.0,
        counts: bool = True,
    ) -> bool:
        """The attempt came to nothing."""

        def work(db: Executes) -> bool:
            job = self._locked(db, job_id)
            if job is None or not is_held(job, attempt):
                return False
            update(db, put_back_job(job, why, now_us, rules, after_s=after_s, counts=counts))
            return True

        return self._write(work)

    def sweep(self, now_us: int, rules: JobRules) -> int:
        """Give silent workers' jobs back and end what is past its deadline."""
        swept = 0
        for found in (_SILENT, _PAST):
            while self._query(found, (now_us, 1)):
                changed = self._write(self._sweeping(found, now_us, rules))
                swept += changed
                if not changed:
                    break  # another process sweeps the same rows
        return swept

    def cancel(self, job_id: str, key_id: str | None, now_us: int) -> Job | None:
        """The job as it is then."""

        def work(db: Executes) -> Job | None:
            job = self._locked(db, job_id)
            if job is None or key_id not in (None, job.key_id):
                return None
            after = cancelled_job(job, now_us)
            if after is not job:
                update(db, after)
            return after

        return self._write(work)

    def job(self, job_id: str, key_id: str | None) -> Job | None:
        """By id."""
        rows = self._query(f"SELECT {JOB} FROM jobs WHERE id = ?", (job_id,))
        job = from_row(Job, rows[0]) if rows else None
        return job if job is not None and key_id in (None, job.key_id) else None

    def jobs(self, where: JobFilter, limit: int) -> list[Job]:
        """Newest first."""
        parts, bound = ["TRUE"], list[Any]()
        for name in ("key_id", "state", "batch_id"):
            if (value := getattr(where, name)) is not None:
                parts.append(f"{name} = ?")
                bound.append(value)
        if where.before_id is not None:
            parts.append("id < ?")
            bound.append(where.before_id)
        sql = f"SELECT {JOB} FROM jobs WHERE {' AND '.join(parts)} ORDER BY id DESC LIMIT ?"
        return [from_row(Job, row) for row in self._query(sql, (*bound, limit))]

    def answer(self, job_id: str) -> bytes | None:
        """The stored body."""
        rows = self._query("SELECT body FROM job_answers WHERE job_id = ?", (job_id,))
        return rows[0][0] if rows else None

    def due_webhooks(self, now_us: int, until_us: int, limit: int) -> list[Job]:
        """Ended jobs whose webhook is to be told now."""
        if not self._query(_TO_TELL, (now_us, 1)):
            return []

        def work(db: Executes) -> list[Job]:
            rows = db.execute(_TO_TELL + self._words.passing_over, (now_us, limit)).fetchall()
            jobs = [from_row(Job, row) for row in rows]
            for job in jobs:
                update(db, msgspec.structs.replace(job, webhook_at_us=until_us))
            return jobs

        return self._write(work)

    def told(self, job_id: str, is_delivered: bool, now_us: int, tries: int) -> None:
        """Write down how one delivery went."""

        def work(db: Executes) -> None:
            job = self._locked(db, job_id)
            if job is not None:
                update(db, told_job(job, is_delivered, now_us, tries))

        self._write(work)

    def prune(self, before_us: int, path: str | None = None) -> int:
        """Delete what is older."""
        ended, values = _ENDED, list[Any]([before_us])
        if path is not None:
            ended, values = _ENDED + _TOLD_AT, [before_us, path]
            if not self._query(f"{ended} LIMIT 1", values):
                return 0

        def work(db: Executes) -> int:
            for table in ("job_requests", "job_answers"):
                db.execute(f"DELETE FROM {table} WHERE job_id IN ({ended})", values)
            gone = db.execute(f"DELETE FROM jobs WHERE id IN ({ended})", values).rowcount
            if path is not None:
                return gone
            db.execute("DELETE FROM files WHERE created_us < ?", (before_us,))
            db.execute(
                "DELETE FROM batches WHERE created_us < ? "
                "AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch_id = batches.id)",
                (before_us,),
            )
            return gone

        return self._write(work)

    def _sweeping(self, found: str, now_us: int, rules: JobRules) -> Callable[[Executes], int]:
        def work(db: Executes) -> int:
            rows = db.execute(found + self._words.passing_over, (now_us, _SWEPT_AT_ONCE)).fetchall()
            for row in rows:
                after = overdue(from_row(Job, row), now_us, rules)
                if after is not None:
                    update(db, after)
            return len(rows)

        return work

    def _locked(self, db: Executes, job_id: str) -> Job | None:
        sql = f"SELECT {JOB} FROM jobs WHERE id = ?{self._words.locked}"
        rows = db.execute(sql, (job_id,)).fetchall()
        return from_row(Job, rows[0]) if rows else None

    def _reused(self, db: Executes, new: NewJob) -> Reused | None:
        job = new.job
        if job.idempotency_key is None:
            return None
        sql = f"SELECT {JOB} FROM jobs WHERE key_id = ? AND idempotency_key = ?"
        rows = db.execute(sql, (job.key_id, job.idempotency_key)).fetchall()
        if not rows:
            return None
        before = from_row(Job, rows[0])
        is_same = before.path == job.path and _request(db, before.id).body == new.request.body
        return Reused(before, is_same)


_HAS_WORK = "SELECT 1 FROM jobs WHERE state = 'queued' AND (is_due = 1 OR release_us <= ?) LIMIT 1"
_BECOME_DUE = (
    "UPDATE jobs SET is_due = 1 WHERE id IN (SELECT id FROM jobs WHERE state = 'queued' AND is_due = 0 "
    "AND release_us <= ? ORDER BY release_us LIMIT ?"
)
_NEXT = (
    f"SELECT {JOB} FROM jobs WHERE state = 'queued' AND is_due = 1 AND deadline_us > ? "
    "ORDER BY priority DESC, deadline_us, id LIMIT ?"
)
_RENEW = (
    "UPDATE jobs SET lease_until_us = ? "
    "WHERE id = ? AND attempt = ? AND worker = ? AND state = 'running'"
)
_SILENT = (
    f"SELECT {JOB} FROM jobs WHERE state = 'running' AND lease_until_us <= ? "
    "ORDER BY lease_until_us LIMIT ?"
)
_PAST = f"SELECT {JOB} FROM jobs WHERE state = 'queued' AND deadline_us <= ? ORDER BY deadline_us LIMIT ?"
_TO_TELL = f"SELECT {JOB} FROM jobs WHERE webhook_at_us <= ? ORDER BY webhook_at_us LIMIT ?"
_ENDED = "SELECT id FROM jobs WHERE finished_us < ?"
_TOLD_AT = " AND path = ? AND webhook_at_us IS NULL"
_OPEN = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE key_id = ? AND state IN ('queued', 'running') "
    "{only}LIMIT ?) AS counted"
)


def take_turn(db: Executes, words: Words, key_id: str) -> None:
    """Who adds for one key counts and adds alone."""
    if words.turn is not None:
        db.execute(words.turn, (f"pilothouse jobs {key_id}",)).fetchall()


def open_jobs(db: Executes, key_id: str, most: int, *, batches: bool) -> int:
    """Jobs of the key that have not ended; counted no further than `most`."""
    sql = _OPEN.replace("{only}", "" if batches else "AND batch_id IS NULL ")
    return int(db.execute(sql, (key_id, most)).fetchall()[0][0])


def insert_jobs(db: Executes, new: Sequence[NewJob]) -> None:
    """Jobs and their requests."""
    insert(db, "jobs", JOB, [values(one.job) for one in new])
    requests = [
        (one.job.id, one.request.body, msgspec.json.encode(one.request.headers)) for one in new
    ]
    insert(db, "job_requests", "job_id, body, headers_json", requests)


def _request(db: Executes, job_id: str) -> JobRequest:
    sql = "SELECT body, headers_json FROM job_requests WHERE job_id = ?"
    body, headers = db.execute(sql, (job_id,)).fetchall()[0]
    return JobRequest(bytes(body), _HEADERS.decode(headers))
