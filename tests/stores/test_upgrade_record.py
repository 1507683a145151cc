"""What upgrades leave in the record of either database, and what is read of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pilothouse.core.ids import time_ordered_id
from pilothouse.core.job import SECOND_US, Job, JobAnswer
from pilothouse.core.job_store import JobRequest, NewJob
from pilothouse.core.upgrade import PATH, Kind, Lesson, score_changed, score_unneeded
from pilothouse.watch.upgrades import read_lessons, upgrade_report

from .make import a_call

if TYPE_CHECKING:
    from .conftest import AnyStore

NOW = 1_750_000_000_000_000
KIND = Kind("support", "better", "sums", "short")


def an_id(second: int) -> str:
    return time_ordered_id(NOW + second * SECOND_US, second)


def upgraded(store: AnyStore, second: int, changed: bool, cost: str | None = "0.02") -> str:
    call = a_call(
        second,
        id=an_id(second),
        at_us=NOW + second * SECOND_US,
        source="upgrade",
        route=KIND.route,
        target=KIND.target,
        tag=KIND.tag,
        cost_usd=None if cost is None else Decimal(cost),
    )
    store.write_scored([(call, (score_changed(call.id, KIND, changed),))])
    return call.id


def skipped(store: AnyStore, second: int) -> None:
    call = a_call(second, id=an_id(second), route=KIND.route, tag=KIND.tag, source="serve")
    store.write_calls([call])
    store.write_scored([(call, (score_unneeded(call.id, KIND),))])


def test_lessons_are_those_since_a_moment_newest_first(store: AnyStore) -> None:
    ids = [upgraded(store, second, second == 2) for second in range(4)]
    skipped(store, 9)
    found = read_lessons(store, NOW + SECOND_US)
    assert found == [Lesson(KIND, ids[i], i == 2) for i in (3, 2, 1)]


def test_the_report_says_what_changed_what_it_cost_and_what_not_asking_saved(
    store: AnyStore,
) -> None:
    for second in range(100):
        upgraded(store, second, False)
    upgraded(store, 100, False, cost=None)
    for second in range(200, 230):
        skipped(store, second)
    report = upgrade_report(store, NOW, NOW, lambda route: 0.05)
    [row] = report.kinds
    assert (row.route, row.target, row.tag, row.size) == ("support", "better", "sums", "short")
    assert (row.asked, row.changed, row.skipped, row.is_stopped) == (101, 0, 30, True)
    assert (row.cost_usd, row.saved_usd) == (Decimal("2.00"), Decimal("0.60"))
    assert (report.calls, report.not_priced, report.saved_usd) == (101, 1, Decimal("0.60"))
    later = upgrade_report(store, NOW + 300 * SECOND_US, NOW, lambda route: 0.0)
    [row] = later.kinds
    assert (row.asked, row.skipped, row.is_stopped, row.saved_usd) == (0, 0, False, None)


def test_nothing_recorded_is_an_empty_report(store: AnyStore) -> None:
    report = upgrade_report(store, 0, 0, lambda route: 0.05)
    assert (report.kinds, report.calls, report.cost_usd, report.saved_usd) == ([], 0, None, None)


def a_job(number: int, path: str, **changes: object) -> NewJob:
    values: dict[str, object] = {
        "id": f"job-{number}",
        "key_id": "K1",
        "state": "running",
        "dialect": "openai_chat",
        "path": path,
        "model": "support",
        "created_us": NOW,
        "deadline_us": NOW,
        "release_us": NOW,
        "attempt": 1,
        "worker": "w",
        "lease_until_us": NOW + 60 * SECOND_US,
    }
    return NewJob(Job(**{**values, **changes}), JobRequest(b""))  # type: ignore[arg-type]


def test_only_ended_upgrades_whose_webhook_is_told_are_pruned_by_their_path(
    store: AnyStore,
) -> None:
    jobs = store.jobs
    jobs.add(a_job(1, PATH), 10)
    jobs.add(a_job(2, PATH, webhook="https://hooks.example"), 10)
    jobs.add(a_job(3, "/v1/chat/completions"), 10)
    jobs.add(a_job(4, PATH), 10)
    for number in (1, 2, 3):
        assert jobs.keep_answer(f"job-{number}", 1, JobAnswer(status=200, body=b"{}"), NOW)
    assert jobs.prune(NOW + 1, PATH) == 1
    assert [jobs.job(f"job-{n}", None) is None for n in (1, 2, 3, 4)] == [True, *[False] * 3]
    assert jobs.answer("job-1") is None and jobs.answer("job-3") == b"{}"
    jobs.told("job-2", True, NOW, 8)
    assert jobs.prune(NOW + 1, PATH) == 1
    assert jobs.prune(NOW + 1, PATH) == 0


def test_a_job_that_a_process_holds_itself_is_claimed_by_nobody_and_ends_with_its_lease(
    store: AnyStore,
) -> None:
    from pilothouse.core.job import JobRules

    rules = JobRules()
    store.jobs.add(a_job(1, PATH), 10)
    assert store.jobs.claim("another", NOW + SECOND_US, rules, 5) == []
    assert store.jobs.sweep(NOW + 59 * SECOND_US, rules) == 0
    assert store.jobs.renew("w", [("job-1", 1)], NOW + 90 * SECOND_US) == {"job-1"}
    assert store.jobs.sweep(NOW + 80 * SECOND_US, rules) == 0
    assert store.jobs.sweep(NOW + 91 * SECOND_US, rules) == 1
    assert store.jobs.claim("another", NOW + 92 * SECOND_US, rules, 5) == []
    job = store.jobs.job("job-1", None)
    assert job is not None and job.state == "expired"
