"""A target's own limits: held around each attempt, so that a full one is passed by and not asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path

from scripted import PRICE, QUESTION, SILENT, Rows, Scripted, Step, client_of, route, says, turns

from pilothouse.client.admission import AdmissionRules, Admissions
from pilothouse.client.caller import Client
from pilothouse.client.limits.local import LocalLimiter
from pilothouse.client.limits.purse import Purses
from pilothouse.core.answer import Usage
from pilothouse.core.limits import Budget, Limits, Scope, scope_of
from pilothouse.core.ports import Priced
from pilothouse.core.route import Target
from pilothouse.stores.sqlite import SqliteStore


def now_us() -> int:
    return time.time_ns() // 1000


def price(target: Target, usage: Usage, at_us: int) -> Priced:
    return Priced(PRICE)


def run(
    folder: Path,
    scope: Scope,
    body: Callable[[Client, Scripted, Scripted, Rows], Awaitable[None]],
    *scripts: Sequence[Step],
) -> None:
    """Two targets, `one` and `two`; the first has limits (and does what `scripts` say)."""

    async def main() -> None:
        store = SqliteStore(folder / "t.db")
        limiter = LocalLimiter(Purses(store.budgets, now_us, "t"), now_us, time.monotonic_ns)
        one, two, rows = Scripted(*scripts or [says("one")]), Scripted(says("two")), Rows()
        client = client_of({"one": one, "two": two}, rows, now_us=now_us)
        client.limit_targets(
            Admissions(limiter, {}, price, now_us, AdmissionRules(), {"one": scope})
        )
        await body(client, one, two, rows)
        await limiter.close()
        store.close()

    asyncio.run(main())


def test_a_full_target_is_passed_by_unasked_and_its_health_is_not_blamed(tmp_path: Path) -> None:
    async def body(client: Client, one: Scripted, two: Scripted, rows: Rows) -> None:
        for _ in range(3):
            outcome = await client.call(QUESTION, route("one", "two"))
            assert outcome.answer is not None
        assert (len(one.asks), len(two.asks)) == (1, 2)
        assert [c.error_class for c in rows.calls] == [
            *(None, "target_limited", None, "target_limited", None)
        ]
        assert client.health["one"].breaker.until_s is None
        assert client.health["one"].in_flight == 0

    run(tmp_path, scope_of("target", "one", Limits(requests_per_minute=1)), body)


def test_without_another_target_the_caller_is_told_when_to_come_back(tmp_path: Path) -> None:
    async def body(client: Client, one: Scripted, two: Scripted, rows: Rows) -> None:
        await client.call(QUESTION, route("one"))
        outcome = await client.call(QUESTION, route("one"))
        assert outcome.error is not None
        assert outcome.error.kind == "target_limited"
        assert 0 < (outcome.error.retry_after_s or 0) <= 70
        assert "one" in str(outcome.error)

    run(tmp_path, scope_of("target", "one", Limits(requests_per_minute=1)), body)


def test_places_are_given_back_when_an_attempt_ends_streamed_or_cancelled(tmp_path: Path) -> None:
    async def body(client: Client, one: Scripted, two: Scripted, rows: Rows) -> None:
        live = await client.stream(QUESTION, route("one"))
        outcome = await client.call(QUESTION, route("one", "two"))
        assert outcome.calls[-1].target == "two"
        while await live.next() is not None:
            pass
        waiting = asyncio.create_task(client.call(QUESTION, route("one")))
        await turns()
        assert len(one.asks) == 2, "it waits for its answer"
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await client.call(QUESTION, route("one", "two"))).calls[-1].target == "one"

    scope = scope_of("target", "one", Limits(concurrency=1))
    run(tmp_path, scope, body, says("one"), [SILENT], says("one"))


def test_a_target_has_a_budget_and_what_it_cost_is_taken_from_it(tmp_path: Path) -> None:
    budget = Budget(usd=Decimal("0.025"), per="day")

    async def body(client: Client, one: Scripted, two: Scripted, rows: Rows) -> None:
        for _ in range(4):
            await client.call(QUESTION, route("one", "two"))
        assert (len(one.asks), len(two.asks)) == (2, 2)

    run(tmp_path, scope_of("target", "one", Limits(), (budget,)), body)
