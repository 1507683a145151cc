"""A request that may wait: its states, its leases and its attempts, as pure functions from one job to the next.

queued -> running -> done | failed, queued | running -> cancelled | expired, running -> queued again. The four
ends are final. Stores apply these functions under a lock, so that no second state machine is written in SQL.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.upgrade import PATH as UPGRADES

JobState = Literal["queued", "running", "done", "failed", "cancelled", "expired"]
ENDS: frozenset[str] = frozenset({"done", "failed", "cancelled", "expired"})
SECOND_US = 1_000_000


class JobRules(Struct, frozen=True, kw_only=True):
    """What the queue promises and what it bears."""

    lease_s: float = 30.0
    """A worker that says nothing for so long is taken for dead."""
    attempts: int = 5
    """After so many failed or dead attempts a job has failed."""
    backoff_s: float = 5.0
    """Before the second attempt; doubles, up to `backoff_cap_s`."""
    backoff_cap_s: float = 600.0
    deadline_s: float = 86_400.0
    """When a caller says nothing."""
    longest_s: float = 7 * 86_400.0
    """The furthest a deadline may be away."""
    queued_per_key: int = 10_000
    """Open jobs of one key, batches left out."""
    lines_per_key: int = 100_000
    """Open jobs of one key, batches included."""
    kept_s: float = 30 * 86_400.0
    """How long ended jobs, batches and files are kept."""


class Job(Struct, frozen=True, kw_only=True):
    """One queued request without its body. Times are Unix microseconds."""

    id: str
    key_id: str
    """Whose it is: the virtual key's id; empty where nobody needs a key."""
    state: JobState = "queued"
    dialect: str
    path: str
    """The endpoint it was meant for."""
    model: str
    """The route it names."""
    created_us: int
    deadline_us: int
    release_us: int
    """Not before: what the caller said, a cheaper hour, or the wait before another attempt."""
    priority: int = 0
    """-100 to 100; higher goes first."""
    batch_id: str | None = None
    line: int = 0
    """Its place in the batch's file, from 1."""
    custom_id: str | None = None
    idempotency_key: str | None = None
    webhook: str | None = None
    webhook_at_us: int | None = None
    """When to tell the webhook next; None = nothing to tell."""
    webhook_tries: int = 0
    attempt: int = 0
    """Attempts begun so far."""
    failures: int = 0
    """Attempts that count against `JobRules.attempts`."""
    worker: str | None = None
    lease_until_us: int | None = None
    http_status: int | None = None
    """Of the answer, once there is one."""
    error: str | None = None
    """Why the last attempt failed."""
    target: str | None = None
    cost_pico_usd: int | None = None
    """Of the attempts of the worker that ended it; None = not priced."""
    finished_us: int | None = None

    @property
    def attempt_id(self) -> str:
        """Names the attempt under way in every record: `<job>-<number>`."""
        return f"{self.id}-{self.attempt}"

    @property
    def is_upgrade(self) -> bool:
        """Whether it is a better answer after a first one, asked by the process that gave that one."""
        return self.path == UPGRADES

    @property
    def result_path(self) -> str:
        """Where its state and its result are asked for."""
        return f"{UPGRADES if self.is_upgrade else '/v1/jobs'}/{self.id}"

    @property
    def is_ended(self) -> bool:
        """Whether nothing can change it any more."""
        return self.state in ENDS


class JobAnswer(Struct, frozen=True, kw_only=True):
    """What the caller gets: a body in the caller's own dialect. An error is an answer too."""

    status: int
    body: bytes
    target: str | None = None
    cost_pico_usd: int | None = None


def claimed(job: Job, worker: str, now_us: int, rules: JobRules) -> Job:
    """The job in a worker's hands, under a new attempt and a lease."""
    assert job.state == "queued"
    return replace(
        job,
        state="running",
        attempt=job.attempt + 1,
        worker=worker,
        lease_until_us=now_us + round(rules.lease_s * SECOND_US),
    )


def is_held(job: Job, attempt: int) -> bool:
    """Whether that attempt is the one under way."""
    return job.state == "running" and job.attempt == attempt


def answered(job: Job, answer: JobAnswer, now_us: int) -> Job | None:
    """The job ended by an answer; None when it had ended before, and the answer comes too late.

    It need not come from the attempt under way: an answer of a worker that was taken for dead is paid for
    like any other, and the sooner it counts, the less is paid for a second one.
    """
    if job.is_ended:
        return None
    return _ended(
        replace(
            job,
            http_status=answer.status,
            target=answer.target,
            cost_pico_usd=answer.cost_pico_usd,
            error=None if answer.status < 400 else job.error,
        ),
        "done" if answer.status < 400 else "failed",
        now_us,
    )


def put_back(
    job: Job, why: str, now_us: int, rules: JobRules, *, after_s: float = 0.0, counts: bool = True
) -> Job:
    """The attempt under way has come to nothing: queued again after its wait, or the end.

    `after_s` is the least wait, e.g. what `Retry-After` said. `counts` False: nobody's failure (a worker that
    stops, a limit without room).
    """
    failures = job.failures + counts
    job = replace(job, failures=failures, error=why)
    if now_us >= job.deadline_us:
        return _ended(job, "expired", now_us)
    if failures >= rules.attempts:
        return _ended(job, "failed", now_us)
    wait_s = max(after_s, backoff_s(failures, rules) if counts else 0.0)
    # A last try just before the end is better than waiting past it.
    last_us = max(now_us, job.deadline_us - 2 * round(rules.lease_s * SECOND_US))
    release_us = min(now_us + round(wait_s * SECOND_US), last_us)
    return replace(
        job, state="queued", worker=None, lease_until_us=None, release_us=max(release_us, now_us)
    )


def backoff_s(failures: int, rules: JobRules) -> float:
    """The wait after so many failures."""
    return min(rules.backoff_cap_s, rules.backoff_s * 2.0 ** min(failures - 1, 30))


def overdue(job: Job, now_us: int, rules: JobRules) -> Job | None:
    """What time alone makes of a job: its deadline passed, or its worker fell silent. None = nothing."""
    if job.state == "queued":
        return _ended(job, "expired", now_us) if now_us >= job.deadline_us else None
    if job.state != "running" or now_us < (job.lease_until_us or 0):
        return None
    why = f"worker {job.worker} fell silent during attempt {job.attempt}"
    return put_back(job, why, now_us, rules)


def cancelled(job: Job, now_us: int) -> Job:
    """Not wanted any more; as it is when it had ended before."""
    return job if job.is_ended else _ended(job, "cancelled", now_us)


def told(job: Job, is_delivered: bool, now_us: int, tries: int) -> Job:
    """After one delivery of its webhook: done with it, or the next one later (1 s, 4 s, 16 s ... an hour)."""
    made = job.webhook_tries + 1
    if is_delivered or made >= tries:
        return replace(job, webhook_tries=made, webhook_at_us=None)
    wait_s = min(3600, 4 ** min(made - 1, 10))
    return replace(job, webhook_tries=made, webhook_at_us=now_us + wait_s * SECOND_US)


def _ended(job: Job, state: JobState, now_us: int) -> Job:
    return replace(
        job,
        state=state,
        finished_us=now_us,
        worker=None,
        lease_until_us=None,
        webhook_at_us=now_us if job.webhook is not None else None,
    )
