"""Takes due jobs when there is room, asks for their answers, and keeps each before it counts.

A job is held by a lease that this renews; a process that dies loses its leases, and another takes over. Any
number of runners on any machines share one store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import Struct

from pilothouse.core.errors import StoreError
from pilothouse.core.job import SECOND_US, Job, JobAnswer, JobRules
from pilothouse.core.job_store import JobRequest, JobStore, NewJob
from pilothouse.core.ports import NowUs

log = logging.getLogger("pilothouse.jobs")


class Again(Struct, frozen=True):
    """No answer this time."""

    why: str
    after_s: float = 0.0
    """The least wait before the next attempt."""
    counts: bool = True
    """Whether it was a failure at all."""


Answerer = Callable[[Job, JobRequest], Awaitable[JobAnswer | Again]]
"""Gets one answer. Raises nothing; cancelled when the job is not wanted any more."""
Sleep = Callable[[float], Awaitable[None]]


class Pace(Struct, frozen=True, kw_only=True):
    """How hard a runner works."""

    concurrency: int = 8
    """Jobs at once."""
    poll_s: float = 1.0
    """How often it looks for work that nobody told it of."""
    grace_s: float = 20.0
    """How long answers under way may take once it is told to stop."""


class JobRunner:
    """One worker. `spare` says how many more requests the process can bear now: live traffic goes first."""

    def __init__(
        self,
        store: JobStore,
        answer: Answerer,
        rules: JobRules,
        now_us: NowUs,
        worker: str,
        *,
        pace: Pace | None = None,
        spare: Callable[[], int] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.worker = worker
        self._store = store
        self._answer = answer
        self._rules = rules
        self._now_us = now_us
        self._pace = pace or Pace()
        self._spare = spare
        self._sleep = sleep
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._gone: set[str] = set()
        """Jobs under way that are not ours any more."""
        self._keeping: set[str] = set()
        """Jobs whose answer is here and being written: never cancelled."""
        self._wake = asyncio.Event()
        self._is_stopping = False

    @property
    def running(self) -> int:
        """Jobs under way."""
        return len(self._running)

    def wake(self) -> None:
        """There is new work, or new room."""
        self._wake.set()

    def stop(self) -> None:
        """Take no more; `run` returns once what is under way has ended, after `Pace.grace_s` at the latest."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped or cancelled. Nothing is lost either way."""
        beat = asyncio.create_task(self._keep_leases())
        try:
            while not self._is_stopping:
                self._wake.clear()
                if not await self._take():
                    await self._rest()
            await self._wait(self._pace.grace_s)
        finally:
            await self._let_go()
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)

    async def _take(self) -> int:
        room = self._pace.concurrency - len(self._running)
        if self._spare is not None:
            room = min(room, self._spare())
        if room <= 0:
            return 0
        try:
            found = await asyncio.to_thread(
                self._store.claim, self.worker, self._now_us(), self._rules, room
            )
        except StoreError as error:
            log.error("no job can be taken: %s", error)
            return 0
        for new in found:
            task = asyncio.create_task(self._one(new))
            self._running[new.job.id] = (new.job, task)
        return len(found)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._pace.poll_s)

    async def _one(self, new: NewJob) -> None:
        job = new.job
        try:
            verdict = await self._asked(new)
            if isinstance(verdict, JobAnswer):
                await self._keep(job, verdict)
            elif job.id not in self._gone:
                await self._put_back(job, verdict)
        finally:
            self._running.pop(job.id, None)
            self._gone.discard(job.id)
            self._wake.set()

    async def _asked(self, new: NewJob) -> JobAnswer | Again:
        left_s = (new.job.deadline_us - self._now_us()) / SECOND_US
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                return await self._answer(new.job, new.request)
        except TimeoutError:
            return Again("the deadline passed while it was being answered")
        except asyncio.CancelledError:
            return Again("the worker stopped", counts=False)
        except Exception as error:
            log.exception("job %s failed in a way nobody foresaw", new.job.attempt_id)
            return Again(f"internal error: {type(error).__name__}")

    async def _keep(self, job: Job, answer: JobAnswer) -> None:
        """A paid answer is written, whatever it takes while this process lives."""
        self._keeping.add(job.id)
        try:
            await self._kept(job, answer)
        finally:
            self._keeping.discard(job.id)

    async def _kept(self, job: Job, answer: JobAnswer) -> None:
        wait_s = 1.0
        while True:
            try:
                counts = await asyncio.to_thread(
                    self._store.keep_answer, job.id, job.attempt, answer, self._now_us()
                )
            except StoreError as error:
                log.error("the answer of %s waits to be kept: %s", job.attempt_id, error)
                if self._is_stopping and wait_s > 8.0:
                    log.error("the answer of %s is lost; the job is tried again", job.attempt_id)
                    return
                await self._sleep(wait_s)
                wait_s = min(30.0, wait_s * 2)
                continue
            if not counts:
                log.warning("the answer of %s came too late: the job had ended", job.attempt_id)
            return

    async def _put_back(self, job: Job, again: Again) -> None:
        try:
            await asyncio.to_thread(
                self._store.put_back,
                job.id,
                job.attempt,
                again.why,
                self._now_us(),
                self._rules,
                after_s=again.after_s,
                counts=again.counts,
            )
        except StoreError as error:
            log.error("%s stays leased until its lease ends: %s", job.attempt_id, error)

    async def _keep_leases(self) -> None:
        """Renew what is held, cancel what was taken away, give back what others let fall."""
        while True:
            await self._sleep(self._rules.lease_s / 3)
            try:
                await self.beat()
            except StoreError as error:
                log.error("leases cannot be renewed: %s", error)

    async def beat(self) -> None:
        """One round of the above. Raises `StoreError`."""
        held = [(job.id, job.attempt) for job, _ in self._running.values()]
        now_us = self._now_us()
        until_us = now_us + round(self._rules.lease_s * SECOND_US)
        kept = await asyncio.to_thread(self._store.renew, self.worker, held, until_us)
        for job_id, attempt in held:
            found = self._running.get(job_id)
            if job_id in kept or job_id in self._keeping:
                continue
            if found is None or found[0].attempt != attempt:
                continue
            self._gone.add(job_id)
            found[1].cancel()
        await asyncio.to_thread(self._store.sweep, now_us, self._rules)

    async def _wait(self, seconds: float) -> None:
        tasks = [task for _, task in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def _let_go(self) -> None:
        self._is_stopping = True
        tasks = [task for _, task in self._running.values()]
        for job, task in self._running.values():
            if job.id not in self._keeping:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
