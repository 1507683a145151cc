"""Workers without Redis: together no more than the limit, and money is not divided."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from pilothouse.client.limits.local import LocalLimiter
from pilothouse.client.limits.port import Ask
from pilothouse.client.limits.purse import Purses
from pilothouse.client.limits.shared import SharedLimiter
from pilothouse.core.limits import Budget, Limits, Refused, Scope, scope_of
from pilothouse.stores.sqlite import SqliteStore


def workers_of(tmp_path: Path, count: int) -> list[SharedLimiter]:
    store = SqliteStore(tmp_path / "p.db")

    def now_us() -> int:
        return 1_790_000_010_000_000

    return [
        SharedLimiter(
            LocalLimiter(Purses(store.budgets, now_us, f"w{n}"), now_us, time.monotonic_ns), count
        )
        for n in range(count)
    ]


def passed(workers: list[SharedLimiter], scope: Scope) -> int:
    verdicts = [
        worker.admit(Ask(scopes=(scope,), hold_id=f"{n}-{i}"))
        for n, worker in enumerate(workers)
        for i in range(20)
    ]
    return len([v for v in verdicts if v is not None and not isinstance(v, Refused)])


def test_all_workers_together_let_no_more_through_than_the_limit(tmp_path: Path) -> None:
    workers = workers_of(tmp_path, 3)
    assert passed(workers, scope_of("route", "a", Limits(requests_per_minute=10))) == 9
    assert passed(workers, scope_of("route", "b", Limits(concurrency=12))) == 12


def test_a_limit_below_the_number_of_workers_is_one_in_each(tmp_path: Path) -> None:
    assert passed(workers_of(tmp_path, 3), scope_of("team", "a", Limits(concurrency=1))) == 3


def test_a_refusal_says_that_it_is_one_workers_share(tmp_path: Path) -> None:
    worker = workers_of(tmp_path, 4)[0]
    scope = scope_of("route", "fast", Limits(requests_per_minute=4))
    worker.admit(Ask(scopes=(scope,), hold_id="1"))
    refused = worker.admit(Ask(scopes=(scope,), hold_id="2"))
    assert isinstance(refused, Refused)
    assert "in one of 4 workers" in refused.message


def test_a_changed_limit_counts_at_once_and_what_is_under_way_goes_on_counting(
    tmp_path: Path,
) -> None:
    worker = workers_of(tmp_path, 2)[0]
    assert passed([worker], scope_of("key", "k", Limits(concurrency=4))) == 2
    wider = scope_of("key", "k", Limits(concurrency=8))
    later = [worker.admit(Ask(scopes=(wider,), hold_id=f"later-{n}")) for n in range(20)]
    assert len([v for v in later if not isinstance(v, Refused)]) == 2


def test_budgets_stay_whole(tmp_path: Path) -> None:
    scope = scope_of("key", "k", Limits(concurrency=8), (Budget(usd=Decimal(5), per="day"),))
    share = workers_of(tmp_path, 4)[0]._share(scope)  # pyright: ignore[reportPrivateUsage]
    assert share.budgets == scope.budgets
    assert share.id == scope.id, "the account is the same one in every worker"
    assert share.limits.concurrency == 2
