"""Runs a proof of concept: every case to every candidate, each answer kept before it counts.

Stop it anyhow (Ctrl-C, SIGKILL) and start it again, or start it twice, on one machine or on several: what is
kept is not asked for again. Work goes by parts (`questions.Parts`): a process takes a few, reads what is kept
of them, takes over what an earlier run had paid for, and asks the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal

from msgspec import Struct, structs

from pilothouse.client.caller import Client
from pilothouse.core.answer import Usage
from pilothouse.core.errors import PilothouseError
from pilothouse.core.ports import NowUs
from pilothouse.core.proof_store import PaidAnswer, ProofStore
from pilothouse.core.request import Request
from pilothouse.prove import lease
from pilothouse.prove.asking import Asking
from pilothouse.prove.early import early_stops
from pilothouse.prove.evidence import Outcome, Stopped
from pilothouse.prove.grading import Grader
from pilothouse.prove.ledger import Ledger, Progress, may_pass
from pilothouse.prove.memory import Memory
from pilothouse.prove.purse import Purse
from pilothouse.prove.questions import PART_CASES, Asker, Parts, Question, in_part
from pilothouse.prove.schedule import due_in_s
from pilothouse.prove.spec import Poc

_LOOK_AGAIN_S = 0.5
"""Between looks at parts that others hold."""


class Ran(Struct, kw_only=True):
    """What a run has come to, here. `outcomes` has None where nothing was asked (budget, stopped)."""

    outcomes: list[Outcome | None]
    reused: int
    spent_usd: Decimal
    slowed: dict[str, int]
    is_over_budget: bool
    stopped: tuple[Stopped, ...] = ()


class _Part:
    """A part that this process holds."""

    __slots__ = ("left", "number")

    def __init__(self, number: int, left: int) -> None:
        self.number = number
        self.left = left


class _Job(Struct, frozen=True, gc=False):
    question: Question
    request: Request
    key: str
    part: _Part


class Engine:
    """One process's work on one run."""

    def __init__(
        self,
        poc: Poc,
        run_id: str,
        cases: int,
        client: Client,
        store: ProofStore,
        grader: Grader,
        now_us: NowUs,
        show: Callable[[Progress], None],
        *,
        owner: str,
        may_reuse: bool = True,
        may_wait: bool = True,
    ) -> None:
        """`cases`: how many of the run's cases, from the first. `may_wait`: for hours of the schedule."""
        file = poc.file
        self._poc = poc
        self._run_id = run_id
        self._client = client
        self._store = store
        self._is_late = grader.is_late
        self._now_us = now_us
        self._owner = owner
        self._may_wait = may_wait
        self._asker = Asker(poc)
        self._asking = Asking(poc, client, self._asker, run_id)
        self._memory = Memory(store, run_id)
        self._parts = Parts(cases, file.repeats)
        self._names = [c.name for c in file.candidates]
        self._ledger = Ledger(run_id, self._parts, self._names, store, grader, show)
        self._purse = Purse(file.budget_usd, store.spent_usd(run_id))
        self._progress = self._ledger.progress
        self._progress.spent_usd = self._purse.spent_usd
        self._reuses = may_reuse and store.has_others(run_id)
        self._early = early_stops(poc, cases)
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._finished: list[int] = []
        self._open_parts = 0
        self._room = asyncio.Event()

    async def run(self) -> Ran:
        """Until everything is answered, or the budget, or the hour, allows no more."""
        await asyncio.to_thread(lease.free_the_dead, self._store, self._run_id)
        renewing = asyncio.create_task(
            lease.keep_renewed(self._store, self._run_id, self._owner, self._now_us)
        )
        workers = self._poc.file.concurrency * len(self._poc.file.providers)
        if self._is_late:
            workers *= 2  # while some are being graded, others are asked
        workers = min(workers, self._progress.total)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
                unseen = await self._feed()
                for _ in range(workers):
                    self._jobs.put_nowait(None)
            await self._ledger.read_kept(unseen)
        except BaseExceptionGroup as failures:
            said = failures.subgroup(PilothouseError)
            raise (_first(said) if said is not None else failures) from None
        finally:
            renewing.cancel()
            self._ledger.keeper.keep_the_rest()
            with suppress(PilothouseError):
                self._store.give_back(self._run_id, self._owner)
        return Ran(
            outcomes=self._ledger.outcomes,
            reused=self._progress.reused,
            spent_usd=max(self._purse.spent_usd, self._store.spent_usd(self._run_id)),
            slowed=self._asking.slowed,
            is_over_budget=self._purse.is_empty,
            stopped=() if self._early is None else self._early.stopped(self._ledger.outcomes),
        )

    async def _feed(self) -> list[int]:
        """Takes parts as there is room for their questions, until all are done; gives those it did not take."""
        todo = list(range(self._parts.count))
        low = max(1, self._poc.file.concurrency)
        at_a_time = 1 + low // (PART_CASES * len(self._names))
        while todo and not self._purse.is_empty:
            due, wait_s = self._due(todo)
            if not due:
                if not self._may_wait:
                    break
                self._progress.waits_s = wait_s
                self._ledger.show()
                await asyncio.sleep(min(wait_s, 30.0))
                continue
            self._progress.waits_s = None
            taken = await asyncio.to_thread(self._take, due[:at_a_time])
            if not taken and len(due) > at_a_time:  # others are at the first ones
                taken = await asyncio.to_thread(self._take, due)
            for number in taken:
                await self._begin(number)
            todo = [number for number in todo if number not in taken] if taken else todo
            if not taken:
                await asyncio.sleep(_LOOK_AGAIN_S)
            while self._jobs.qsize() > low and not self._purse.is_empty:
                self._room.clear()
                await self._room.wait()
        while self._open_parts and not self._purse.is_empty:
            self._room.clear()
            await self._room.wait()
        return todo

    def _due(self, todo: Sequence[int]) -> tuple[list[int], float]:
        """Parts whose repeat may be asked now, and how long until some other may."""
        schedule = self._poc.file.schedule
        if schedule is None:
            return list(todo), 0.0
        now_us = self._now_us()
        waits = {r: due_in_s(schedule, r, now_us) for r in {self._parts.repeat(p) for p in todo}}
        due = [part for part in todo if waits[self._parts.repeat(part)] == 0]
        return due, min(waits.values())

    def _take(self, numbers: Sequence[int]) -> list[int]:
        if self._finished:
            finished, self._finished = self._finished, []
            self._store.give_back(self._run_id, self._owner, finished)
        now_us = self._now_us()
        return self._store.take(self._run_id, numbers, self._owner, now_us + lease.LEASE_US, now_us)

    async def _begin(self, number: int) -> None:
        """Reads what is kept of the part, and queues the rest."""
        first, _ = self._parts.span(number)
        cases, kept = await self._ledger.read(number)
        part = _Part(number, 1)
        self._open_parts += 1
        jobs: list[_Job] = []
        for question in in_part(cases, first, len(self._names), self._parts.repeat(number)):
            answer = kept.get((question.case.id, self._names[question.candidate]))
            if answer is not None and not may_pass(answer):
                self._progress.kept_before += 1
                await self._settle(question, answer)
                continue
            request = self._asker.request(question)
            jobs.append(_Job(question, request, self._asker.key(question, request), part))
        if self._reuses and jobs:
            jobs = await self._without_reused(jobs)
        part.left += len(jobs)
        for job in jobs:
            self._jobs.put_nowait(job)
        self._done_one(part)

    async def _without_reused(self, jobs: list[_Job]) -> list[_Job]:
        """What another run has paid for is taken over."""
        found = await asyncio.to_thread(self._store.found, [job.key for job in jobs])
        if not found:
            return jobs
        taken: list[tuple[_Job, PaidAnswer]] = []
        for job in jobs:
            answer = found.get(job.key)
            if answer is not None:
                question = job.question
                ours = structs.replace(
                    answer,
                    run_id=self._run_id,
                    case_id=question.case.id,
                    target=self._names[question.candidate],
                    repeat=question.repeat,
                )
                taken.append((job, ours))
        await asyncio.to_thread(self._store.keep_answers, [answer for _, answer in taken])
        for job, answer in taken:
            self._progress.reused += 1
            await self._settle(job.question, answer)
        return [job for job in jobs if job.key not in found]

    async def _work(self) -> None:
        while (job := await self._jobs.get()) is not None:
            if self._jobs.qsize() <= self._poc.file.concurrency:
                self._room.set()
            question = job.question
            if self._early is not None and self._early.has_stopped(question.candidate):
                self._progress.total -= 1
                self._done_one(job.part)
                continue
            expected = self._expected(job)
            if not await self._purse.set_aside(expected):
                self._progress.is_over_budget = True
                self._ledger.show()
                self._room.set()
                continue
            paid = Decimal(0)
            try:
                answer, paid = await self._asking.answer(
                    question, job.request, job.key, self._memory
                )
            finally:
                self._purse.settle(expected, paid)
            self._progress.spent_usd = self._purse.spent_usd
            await self._settle(question, answer, is_new=True)
            self._done_one(job.part)

    async def _settle(
        self, question: Question, answer: PaidAnswer, *, is_new: bool = False
    ) -> None:
        await self._ledger.settle(question, answer, is_new=is_new)
        if self._early is not None:
            self._early.look(question.candidate, self._ledger.outcomes)

    def _expected(self, job: _Job) -> Decimal:
        """What the answer will about cost; nothing is set aside without a cap."""
        if self._purse.cap_usd is None:
            return Decimal(0)
        file = self._poc.file
        usage = Usage(
            input_tokens=sum([len(m.text) for m in job.request.messages]) // 4 + 1,
            output_tokens=file.max_output_tokens or file.expected_output_tokens,
        )
        target = file.candidates[job.question.candidate].target
        return self._client.price(target, usage, self._now_us())[0] or Decimal(0)

    def _done_one(self, part: _Part) -> None:
        part.left -= 1
        if part.left == 0:
            self._finished.append(part.number)
            self._open_parts -= 1
            self._room.set()


def _first(group: BaseExceptionGroup[PilothouseError]) -> PilothouseError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
