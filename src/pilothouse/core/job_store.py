"""What a store of jobs, files and batches promises. Types only; `stores/_jobs.py` keeps it on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from pilothouse.core.batch import Batch, LineAnswer, StoredFile, Tally
from pilothouse.core.job import Job, JobAnswer, JobRules


class JobRequest(Struct, frozen=True):
    """What is asked: the body as its caller wrote it, and the few headers that mean something later."""

    body: bytes
    headers: dict[str, str] = {}


class NewJob(Struct, frozen=True):
    """A job and its request."""

    job: Job
    request: JobRequest


class Full(Struct, frozen=True):
    """A key has as many open jobs as it may."""

    open: int
    most: int


class Reused(Struct, frozen=True):
    """The idempotency key was used before. `job` is what it made; `is_same` whether the body was this one."""

    job: Job
    is_same: bool


class JobFilter(Struct, frozen=True, kw_only=True):
    """Which jobs. Every field given must match; `key_id` None = everybody's (for operators)."""

    key_id: str | None = None
    state: str | None = None
    batch_id: str | None = None
    before_id: str | None = None
    """Only older ones: the last of the page before."""


class JobStore(Protocol):
    """Durable when a method returns. Any number of processes share it. Raises `StoreError`."""

    def add(self, new: NewJob, most_open: int) -> Job | Full | Reused:
        """Queue one job, unless its key has `most_open` open ones already."""
        ...

    def claim(self, worker: str, now_us: int, rules: JobRules, limit: int) -> list[NewJob]:
        """Up to `limit` due jobs, highest priority first, then the nearest deadline; each to one worker alone."""
        ...

    def renew(self, worker: str, held: Sequence[tuple[str, int]], until_us: int) -> set[str]:
        """Longer leases for (job, attempt); the ids still held. The others were cancelled, or given away."""
        ...

    def keep_answer(self, job_id: str, attempt: int, answer: JobAnswer, now_us: int) -> bool:
        """The answer and the job's end in one transaction; False when the job had ended before."""
        ...

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
        """The attempt came to nothing; False when it is not the one under way any more."""
        ...

    def sweep(self, now_us: int, rules: JobRules) -> int:
        """Give silent workers' jobs back and end what is past its deadline; how many that were."""
        ...

    def cancel(self, job_id: str, key_id: str | None, now_us: int) -> Job | None:
        """The job as it is then; None when the key has no such job."""
        ...

    def job(self, job_id: str, key_id: str | None) -> Job | None: ...

    def jobs(self, where: JobFilter, limit: int) -> list[Job]:
        """Newest first."""
        ...

    def answer(self, job_id: str) -> bytes | None:
        """The stored body."""
        ...

    def due_webhooks(self, now_us: int, until_us: int, limit: int) -> list[Job]:
        """Ended jobs whose webhook is to be told now; nobody else is given them before `until_us`."""
        ...

    def told(self, job_id: str, is_delivered: bool, now_us: int, tries: int) -> None:
        """Write down how one delivery went."""
        ...

    def prune(self, before_us: int, path: str | None = None) -> int:
        """Delete jobs that ended before then, and batches and files made before then; how many jobs.

        `path`: only jobs of that endpoint whose webhook has been told, and no batches or files."""
        ...


class BatchStore(Protocol):
    """Files and batches; promises as above."""

    def add_file(self, file: StoredFile, content: bytes) -> None: ...

    def file(self, file_id: str, key_id: str | None) -> StoredFile | None: ...

    def files(self, key_id: str, limit: int, before_id: str | None) -> list[StoredFile]:
        """Newest first."""
        ...

    def content(self, file_id: str) -> bytes: ...

    def delete_file(self, file_id: str, key_id: str | None) -> bool: ...

    def add_batch(self, batch: Batch, jobs: Sequence[NewJob], most_open: int) -> Full | None:
        """The batch and all its jobs, or nothing."""
        ...

    def batch(self, batch_id: str, key_id: str | None) -> Batch | None: ...

    def batches(self, key_id: str, limit: int, before_id: str | None) -> list[Batch]:
        """Newest first."""
        ...

    def tally(self, batch_id: str) -> Tally: ...

    def cancel_batch(self, batch_id: str, now_us: int) -> None:
        """Cancel every job of it that has not ended."""
        ...

    def lines(self, batch_id: str, after: int, limit: int) -> list[LineAnswer]:
        """Jobs with their answers in the order of the input file, after a line."""
        ...

    def delete_output(self, batch_id: str, which: str) -> None:
        """Its output or error file is not given out any more."""
        ...
