"""Whatever workers, callers and the clock do in whatever order: a job ends once, and nothing is lost or paid for twice."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from make_jobs import NOW, SECOND, a_new
from queue_tables import Tables, drop_schema, made_schema, of_postgres, of_sqlite

from pilothouse.core.job import ENDS, Job, JobAnswer, JobRules
from pilothouse.core.job_store import JobFilter, Reused

RULES = JobRules(lease_s=10, attempts=3, backoff_s=1, backoff_cap_s=4)
WORKERS = st.sampled_from(["w1", "w2", "w3"])


class JobMachine(RuleBasedStateMachine):
    """Compares the store with what may be, after every step."""

    tables: Tables

    def __init__(self) -> None:
        super().__init__()
        self.now_us = NOW
        self.added: dict[str, Job] = {}
        self.holders: dict[str, tuple[str, int, int]] = {}
        """Job to its worker, attempt, and the end of its lease."""
        self.attempts: list[tuple[str, int]] = []
        """Every attempt that was ever begun."""
        self.ended: dict[str, str] = {}
        self.answers: dict[str, bytes] = {}
        self.empty()

    def empty(self) -> None:
        for job in self.tables.jobs.jobs(JobFilter(), 1000):
            self.tables.jobs.cancel(job.id, None, NOW)
        self.tables.jobs.prune(NOW * 2)

    @rule(
        wait_s=st.integers(0, 20),
        left_s=st.integers(15, 90),
        priority=st.integers(-1, 1),
        again=st.sampled_from([None, "i", "j"]),
    )
    def add(self, wait_s: int, left_s: int, priority: int, again: str | None) -> None:
        new = a_new(
            len(self.added) + 1,
            priority=priority,
            created_us=self.now_us,
            release_us=self.now_us + wait_s * SECOND,
            deadline_us=self.now_us + left_s * SECOND,
            idempotency_key=again,
        )
        made = self.tables.jobs.add(new, 1000)
        before = [j for j in self.added.values() if again and j.idempotency_key == again]
        assert isinstance(made, Reused) == bool(before)
        if isinstance(made, Job):
            self.added[made.id] = made

    @rule(worker=WORKERS, limit=st.integers(1, 3))
    def claim(self, worker: str, limit: int) -> None:
        given = self.tables.jobs.claim(worker, self.now_us, RULES, limit)
        assert len(given) <= limit
        order = [(-n.job.priority, n.job.deadline_us, n.job.id) for n in given]
        assert order == sorted(order)
        for new in given:
            job = new.job
            assert job.id not in self.ended and job.id not in self.holders
            assert (job.id, job.attempt) not in self.attempts
            assert job.release_us <= self.now_us < job.deadline_us
            self.attempts.append((job.id, job.attempt))
            assert job.lease_until_us is not None
            self.holders[job.id] = (worker, job.attempt, job.lease_until_us)

    @rule(seconds=st.integers(1, 12))
    def time_passes(self, seconds: int) -> None:
        self.now_us += seconds * SECOND

    @rule()
    def sweep(self) -> None:
        self.tables.jobs.sweep(self.now_us, RULES)
        self._follow_time()

    @precondition(lambda self: self.holders)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.holders)))
        worker, attempt, _ = self.holders[job_id]
        until_us = self.now_us + 10 * SECOND
        assert self.tables.jobs.renew(worker, [(job_id, attempt)], until_us) == {job_id}
        self.holders[job_id] = (worker, attempt, until_us)

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), status=st.sampled_from([200, 200, 400]))
    def answer(self, data: st.DataObject, status: int) -> None:
        """By any attempt that was ever begun, also by one that was taken for dead."""
        job_id, attempt = data.draw(st.sampled_from(self.attempts))
        body = uuid.uuid4().bytes
        answer = JobAnswer(status=status, body=body)
        counts = self.tables.jobs.keep_answer(job_id, attempt, answer, self.now_us)
        assert counts == (job_id not in self.ended)
        if counts:
            self._end(job_id, "done" if status == 200 else "failed")
            self.answers[job_id] = body

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), counts=st.booleans(), after_s=st.integers(0, 5))
    def put_back(self, data: st.DataObject, counts: bool, after_s: int) -> None:
        job_id, attempt = data.draw(st.sampled_from(self.attempts))
        is_held = self.holders.get(job_id, ("", 0, 0))[1] == attempt
        done = self.tables.jobs.put_back(
            job_id, attempt, "no", self.now_us, RULES, after_s=after_s, counts=counts
        )
        assert done == is_held
        if done:
            del self.holders[job_id]
            self._note_end(job_id)

    @precondition(lambda self: self.added)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.added)))
        job = self.tables.jobs.cancel(job_id, "K1", self.now_us)
        assert job is not None
        assert job.state == self.ended.get(job_id, "cancelled")
        self._end(job_id, job.state)

    @invariant()
    def nothing_is_lost_and_every_end_is_final(self) -> None:
        found = {job.id: job for job in self.tables.jobs.jobs(JobFilter(), 1000)}
        assert set(found) == set(self.added)
        for job in found.values():
            assert job.failures <= RULES.attempts
            assert job.is_ended == (job.finished_us is not None)
            if job.id in self.ended:
                assert job.state == self.ended[job.id]
            elif job.id in self.holders:
                worker, attempt, until_us = self.holders[job.id]
                assert (job.state, job.worker, job.attempt, job.lease_until_us) == (
                    "running",
                    worker,
                    attempt,
                    until_us,
                )
            else:
                assert job.state == "queued"
            assert self.tables.jobs.answer(job.id) == self.answers.get(job.id)

    def _follow_time(self) -> None:
        for job_id, (_, _, until_us) in list(self.holders.items()):
            if until_us <= self.now_us:
                del self.holders[job_id]
        for job_id in self.added:
            if job_id not in self.holders:
                self._note_end(job_id)

    def _note_end(self, job_id: str) -> None:
        job = self.tables.jobs.job(job_id, None)
        assert job is not None
        if job.state in ENDS and job_id not in self.ended:
            assert job.state == "expired" or (job.state, job.failures) == ("failed", RULES.attempts)
            assert job.state != "expired" or self.now_us >= job.deadline_us
            self._end(job_id, job.state)

    def _end(self, job_id: str, state: str) -> None:
        self.ended.setdefault(job_id, state)
        self.holders.pop(job_id, None)


def _check(tables: Tables, examples: int) -> None:
    class Machine(JobMachine):
        pass

    Machine.tables = tables
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_the_state_machine_holds_on_sqlite(tmp_path: Path) -> None:
    tables = of_sqlite(tmp_path / "q.db")
    try:
        _check(tables, 40)
    finally:
        tables.close()


@pytest.mark.slow
def test_the_state_machine_holds_on_postgres(postgres: str) -> None:
    schema = f"q_{uuid.uuid4().hex}"
    made_schema(postgres, schema)
    tables = of_postgres(postgres, schema)
    try:
        _check(tables, 25)
    finally:
        tables.close()
        drop_schema(postgres, schema)
