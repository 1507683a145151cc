"""What the store of jobs promises, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from make_jobs import NOW, RULES, SECOND, a_new
from queue_tables import Tables

from pilothouse.core.job import Job, JobAnswer
from pilothouse.core.job_store import Full, JobFilter, Reused

ANSWER = JobAnswer(status=200, body=b'{"ok":1}', target="small", cost_pico_usd=7)


def _claimed(tables: Tables, worker: str = "w1", now_us: int = NOW, limit: int = 1) -> list[Job]:
    return [new.job for new in tables.jobs.claim(worker, now_us, RULES, limit)]


def test_a_job_comes_back_with_its_request(tables: Tables) -> None:
    new = a_new(1, b'{"a":"\xc3\xa9"}')
    tables.jobs.add(new, 10)
    [claimed] = tables.jobs.claim("w1", NOW, RULES, 5)
    assert claimed.request == new.request
    assert (claimed.job.state, claimed.job.attempt, claimed.job.worker) == ("running", 1, "w1")


def test_the_highest_priority_goes_first_then_the_nearest_deadline(tables: Tables) -> None:
    tables.jobs.add(a_new(1, deadline_us=NOW + 900 * SECOND), 10)
    tables.jobs.add(a_new(2, deadline_us=NOW + 100 * SECOND), 10)
    tables.jobs.add(a_new(3, priority=5), 10)
    assert [job.id for job in _claimed(tables, limit=9)] == [
        "job_000003",
        "job_000002",
        "job_000001",
    ]


def test_a_job_waits_for_its_release(tables: Tables) -> None:
    tables.jobs.add(a_new(1, release_us=NOW + 5 * SECOND), 10)
    assert _claimed(tables) == []
    assert len(_claimed(tables, now_us=NOW + 5 * SECOND)) == 1


def test_an_answered_job_is_done_and_keeps_its_first_answer(tables: Tables) -> None:
    tables.jobs.add(a_new(1, webhook="https://example.com/"), 10)
    _claimed(tables)
    assert tables.jobs.keep_answer("job_000001", 1, ANSWER, NOW + 1)
    late = JobAnswer(status=200, body=b"another")
    assert not tables.jobs.keep_answer("job_000001", 2, late, NOW + 2)
    job = tables.jobs.job("job_000001", "K1")
    assert job is not None
    assert (job.state, job.http_status, job.target, job.cost_pico_usd) == ("done", 200, "small", 7)
    assert job.webhook_at_us == NOW + 1
    assert tables.jobs.answer("job_000001") == ANSWER.body


def test_an_answer_of_a_worker_taken_for_dead_ends_the_job_before_it_is_paid_twice(
    tables: Tables,
) -> None:
    tables.jobs.add(a_new(1), 10)
    _claimed(tables)
    assert tables.jobs.sweep(NOW + 31 * SECOND, RULES) == 1
    assert tables.jobs.keep_answer("job_000001", 1, ANSWER, NOW + 32 * SECOND)
    assert _claimed(tables, "w2", NOW + 60 * SECOND) == []


def test_a_silent_workers_job_goes_to_another_after_its_lease(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)
    _claimed(tables)
    assert tables.jobs.sweep(NOW + 29 * SECOND, RULES) == 0
    assert tables.jobs.sweep(NOW + 30 * SECOND, RULES) == 1
    [job] = _claimed(tables, "w2", NOW + 40 * SECOND)
    assert (job.attempt, job.worker) == (2, "w2")
    assert "w1 fell silent" in (job.error or "")


def test_a_renewed_lease_is_not_taken(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)
    _claimed(tables)
    held = [("job_000001", 1)]
    assert tables.jobs.renew("w1", held, NOW + 60 * SECOND) == {"job_000001"}
    assert tables.jobs.sweep(NOW + 59 * SECOND, RULES) == 0
    assert tables.jobs.renew("w2", held, NOW + 99 * SECOND) == set()


def test_a_job_that_kills_its_workers_fails_after_so_many(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)
    at = NOW
    for _ in range(RULES.attempts):
        assert len(_claimed(tables, now_us=at)) == 1
        at += 100 * SECOND
        tables.jobs.sweep(at, RULES)
        at += 100 * SECOND
    job = tables.jobs.job("job_000001", None)
    assert job is not None and job.state == "failed"


def test_a_cancelled_job_takes_no_answer_and_its_worker_hears_of_it(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)
    _claimed(tables)
    job = tables.jobs.cancel("job_000001", "K1", NOW + 1)
    assert job is not None and job.state == "cancelled"
    assert tables.jobs.renew("w1", [("job_000001", 1)], NOW + 60 * SECOND) == set()
    assert not tables.jobs.keep_answer("job_000001", 1, ANSWER, NOW + 2)


def test_another_keys_job_is_not_there(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)
    assert tables.jobs.job("job_000001", "K2") is None
    assert tables.jobs.cancel("job_000001", "K2", NOW) is None
    assert tables.jobs.jobs(JobFilter(key_id="K2"), 10) == []


def test_a_full_queue_refuses_and_another_keys_does_not(tables: Tables) -> None:
    for number in range(3):
        assert isinstance(tables.jobs.add(a_new(number), 3), Job)
    assert tables.jobs.add(a_new(9), 3) == Full(3, 3)
    assert isinstance(tables.jobs.add(a_new(8, key_id="K2"), 3), Job)
    tables.jobs.cancel("job_000000", "K1", NOW)
    assert isinstance(tables.jobs.add(a_new(9), 3), Job)


def test_many_adders_at_once_do_not_pass_the_bound(open_tables: Callable[[], Tables]) -> None:
    open_tables()
    done: list[object] = []

    def add(base: int, tables: Tables) -> None:
        done.extend(tables.jobs.add(a_new(base + i), 10) for i in range(10))

    threads = [Thread(target=add, args=(100 * n, open_tables())) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Job) for one in done) == 10


def test_an_idempotency_key_makes_one_job(tables: Tables) -> None:
    first = tables.jobs.add(a_new(1, idempotency_key="i"), 10)
    again = tables.jobs.add(a_new(2, idempotency_key="i"), 10)
    other = tables.jobs.add(a_new(3, b'{"other":1}', idempotency_key="i"), 10)
    assert isinstance(first, Job)
    assert again == Reused(first, True)
    assert other == Reused(first, False)
    assert isinstance(tables.jobs.add(a_new(4, key_id="K2", idempotency_key="i"), 10), Job)


def test_a_job_past_its_deadline_expires(tables: Tables) -> None:
    tables.jobs.add(a_new(1, deadline_us=NOW + SECOND), 10)
    assert _claimed(tables, now_us=NOW + SECOND) == []
    assert tables.jobs.sweep(NOW + SECOND, RULES) == 1
    job = tables.jobs.job("job_000001", None)
    assert job is not None and job.state == "expired"


def test_two_workers_never_run_one_job_at_once(open_tables: Callable[[], Tables]) -> None:
    tables = open_tables()
    for number in range(60):
        tables.jobs.add(a_new(number), 100)
    claims: list[str] = []

    def work(worker: str, mine: Tables) -> None:
        while found := mine.jobs.claim(worker, NOW, RULES, 4):
            claims.extend(new.job.id for new in found)

    threads = [Thread(target=work, args=(f"w{n}", open_tables())) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Skipping locked rows may end a worker early; nobody got what another had.
    claims.extend(job.id for job in _claimed(tables, limit=100))
    assert sorted(claims) == [f"job_{n:06d}" for n in range(60)]


def test_a_webhook_is_told_by_one_and_again_later_when_that_failed(tables: Tables) -> None:
    tables.jobs.add(a_new(1, webhook="https://example.com/"), 10)
    _claimed(tables)
    tables.jobs.keep_answer("job_000001", 1, ANSWER, NOW)
    until = NOW + 60 * SECOND
    assert len(tables.jobs.due_webhooks(NOW, until, 5)) == 1
    assert tables.jobs.due_webhooks(NOW, until, 5) == []
    tables.jobs.told("job_000001", False, NOW, 3)
    assert len(tables.jobs.due_webhooks(NOW + SECOND, until, 5)) == 1
    tables.jobs.told("job_000001", True, NOW, 3)
    assert tables.jobs.due_webhooks(NOW + 999 * SECOND, until, 5) == []


def test_jobs_are_listed_newest_first_a_page_at_a_time(tables: Tables) -> None:
    for number in range(5):
        tables.jobs.add(a_new(number), 10)
    first = tables.jobs.jobs(JobFilter(key_id="K1"), 2)
    assert [job.id for job in first] == ["job_000004", "job_000003"]
    after = tables.jobs.jobs(JobFilter(key_id="K1", before_id=first[-1].id), 2)
    assert [job.id for job in after] == ["job_000002", "job_000001"]


def test_ended_jobs_are_pruned_with_all_that_belongs_to_them(tables: Tables) -> None:
    for number in (1, 2):
        tables.jobs.add(a_new(number), 10)
    [job] = _claimed(tables)
    tables.jobs.keep_answer(job.id, 1, ANSWER, NOW)
    assert tables.jobs.prune(NOW + 1) == 1
    assert [j.id for j in tables.jobs.jobs(JobFilter(), 9)] == ["job_000002"]
    assert tables.jobs.answer(job.id) is None


@pytest.mark.parametrize("limit", [1, 7])
def test_a_claim_gives_no_more_than_asked_for(tables: Tables, limit: int) -> None:
    for number in range(10):
        tables.jobs.add(a_new(number), 20)
    assert len(_claimed(tables, limit=limit)) == limit


def test_a_worker_taken_for_dead_does_not_give_back_its_successors_attempt(tables: Tables) -> None:
    tables.jobs.add(a_new(1), 10)
    _claimed(tables)
    tables.jobs.sweep(NOW + 31 * SECOND, RULES)
    assert len(_claimed(tables, "w2", NOW + 40 * SECOND)) == 1
    assert not tables.jobs.put_back("job_000001", 1, "late", NOW + 41 * SECOND, RULES)
    job = tables.jobs.job("job_000001", None)
    assert job is not None and (job.state, job.worker, job.attempt) == ("running", "w2", 2)
