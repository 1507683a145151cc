"""Copies of live traffic: a sample, within bounds of number, money and time, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scripted import (
    PRICE,
    QUESTION,
    SILENT,
    Rows,
    Scripted,
    client_of,
    route,
    says,
    targets,
    turns,
)

from pilothouse.client.daily_purse import DailyPurse
from pilothouse.client.shadow import Shadows
from pilothouse.core.ask import Ask
from pilothouse.core.errors import ProviderError
from pilothouse.core.ports import Priced
from pilothouse.core.route import RouteSpec, Shadow, Target
from pilothouse.core.route_settings import ShadowLimits
from pilothouse.dialects.openai_chat import plugin as chat

DAY_US = 86_400_000_000
ALL = ShadowLimits(share=1.0)


class Clock:
    now_us = 20_000 * DAY_US + 5

    def __call__(self) -> int:
        return self.now_us


def spec(limits: ShadowLimits = ALL, *names: str) -> RouteSpec:
    shadow = Shadow(targets=targets(*(names or ("b",))), limits=limits)
    return RouteSpec(name="route", policy="fallback", targets=targets("a"), shadow=shadow)


def shadows_of(
    rows: Rows,
    clock: Clock | None = None,
    price: Callable[[Target], Priced] = lambda target: Priced(PRICE),
    **providers: Scripted,
) -> Shadows:
    now_us = clock or Clock()
    client = client_of(providers, rows, price=price, now_us=now_us)
    return Shadows(client, lambda t, u, at: price(t), now_us)


def ask() -> Ask:
    return Ask.of_request(QUESTION)


async def ended(shadows: Shadows) -> None:
    await shadows.close(60.0)


def test_a_copy_is_recorded_as_a_shadow_under_the_same_request() -> None:
    async def body() -> None:
        rows, b = Rows(), Scripted(says("from b"))
        shadows = shadows_of(rows, b=b)
        shadows.start(ask(), route("a"), spec(), "request-1")
        assert not b.asks, "nothing has happened when the live request goes on"
        await ended(shadows)
        [call] = rows.calls
        assert (call.source, call.request_id, call.target) == ("shadow", "request-1", "b")
        assert (call.route, call.arm, call.status) == ("route", "shadow", "ok")
        counts = shadows.counts()["route"]
        assert (counts.started, counts.answered, counts.in_flight) == (1, 1, 0)
        assert counts.spent_today_usd == PRICE

    asyncio.run(body())


def test_a_streamed_request_is_copied_whole() -> None:
    async def body() -> None:
        rows, b = Rows(), Scripted(says("from b"))
        body_ = (
            b'{"model":"route","stream":true,"stream_options":{"include_usage":true},'
            b'"seed":7,"messages":[{"role":"user","content":"x"}]}'
        )
        live = Ask(chat, body_, chat.read_envelope(body_))
        shadows = shadows_of(rows, b=b)
        shadows.start(live, route("a"), spec(), "r")
        await ended(shadows)
        sent = b.asks[0].written(chat).body
        assert b'"stream' not in sent and b'"seed":7' in sent
        assert not rows.calls[0].is_stream

    asyncio.run(body())


def test_who_is_sampled_is_decided_by_the_requests_id_and_keeps_to_the_share() -> None:
    async def body() -> None:
        limits = ShadowLimits(share=0.3, most_in_flight=10_000)
        taken: list[list[str]] = []
        for _ in range(2):
            rows = Rows()
            shadows = shadows_of(rows, b=Scripted(says("b")))
            for i in range(1000):
                shadows.start(ask(), route("a"), spec(limits), f"request-{i}")
            await ended(shadows)
            taken.append(sorted(call.request_id for call in rows.calls))
            counts = shadows.counts()["route"]
            assert counts.requests == 1000
            assert counts.not_sampled + counts.started == 1000
        assert taken[0] == taken[1]
        assert 250 < len(taken[0]) < 350

    asyncio.run(body())


def test_copies_beyond_the_number_allowed_are_shed_and_counted_never_queued() -> None:
    async def body() -> None:
        b = Scripted([SILENT, *says("b")])
        shadows = shadows_of(Rows(), b=b)
        for i in range(5):
            shadows.start(
                ask(), route("a"), spec(ShadowLimits(share=1.0, most_in_flight=2)), f"{i}"
            )
        await turns()
        counts = shadows.counts()["route"]
        assert (counts.started, counts.full, counts.in_flight) == (2, 3, 2)
        b.go_on.set()
        await ended(shadows)
        assert len(b.asks) == 2

    asyncio.run(body())


def test_the_days_budget_is_held_before_and_settled_after_and_new_the_next_day() -> None:
    async def body() -> None:
        rows, clock, b = Rows(), Clock(), Scripted(says("b"))
        shadows = shadows_of(rows, clock, b=b)
        limits = ShadowLimits(share=1.0, budget_usd_per_day=PRICE * 3)
        for i in range(5):
            shadows.start(ask(), route("a"), spec(limits), f"{i}")
        assert shadows.counts()["route"].budget == 2, "what is held counts before it is spent"
        await turns()
        assert shadows.counts()["route"].spent_today_usd == PRICE * 3
        shadows.start(ask(), route("a"), spec(limits), "late")
        assert shadows.counts()["route"].budget == 3
        clock.now_us += DAY_US
        shadows.start(ask(), route("a"), spec(limits), "tomorrow")
        await ended(shadows)
        assert len(b.asks) == 4
        assert shadows.counts()["route"].spent_today_usd == PRICE

    asyncio.run(body())


def test_what_was_spent_before_a_restart_counts() -> None:
    async def body() -> None:
        rows = Rows()
        before = shadows_of(rows, b=Scripted(says("b")))
        limits = ShadowLimits(share=1.0, budget_usd_per_day=PRICE)
        before.start(ask(), route("a"), spec(limits), "1")
        await ended(before)
        after = shadows_of(Rows(), b=Scripted(says("b")))
        live = replace(rows.calls[0], source="serve")
        after.remember([*rows.calls, live])
        after.start(ask(), route("a"), spec(limits), "2")
        counts = after.counts()["route"]
        assert (counts.budget, counts.spent_today_usd) == (1, PRICE)

    asyncio.run(body())


def test_each_of_several_workers_has_an_equal_part_of_the_budget_and_of_what_was_spent() -> None:
    async def body() -> None:
        clock, rows = Clock(), Rows()
        old = shadows_of(rows, clock, b=Scripted(says("Four.")))
        limits = ShadowLimits(share=1.0, budget_usd_per_day=PRICE * 8)
        for i in range(4):
            old.start(ask(), route("a"), spec(limits), f"request-{i}")
        await old.close(5)
        client = client_of({"b": Scripted(says("Four."))}, rows, now_us=clock)
        worker = Shadows(client, lambda t, u, at: Priced(PRICE), clock, workers=4)
        worker.remember(rows.calls)
        for i in range(4, 8):
            worker.start(ask(), route("a"), spec(limits), f"request-{i}")
        await worker.close(5)
        counts = worker.counts()["route"]
        assert (counts.started, counts.budget) == (1, 3)
        assert counts.spent_today_usd == PRICE * 2

    asyncio.run(body())


def test_whoever_replaces_another_has_its_budget_its_room_and_its_counts() -> None:
    async def body() -> None:
        clock, rows = Clock(), Rows()
        slow = Scripted([SILENT, *says("Four.")])
        old = shadows_of(rows, clock, b=slow)
        old.remember([])
        limits = ShadowLimits(share=1.0, budget_usd_per_day=PRICE * 3, most_in_flight=1)
        old.start(ask(), route("a"), spec(limits), "request-1")
        await turns()
        client = client_of({"b": Scripted(says("Four."))}, rows, now_us=clock)
        new = Shadows(client, lambda t, u, at: Priced(PRICE), clock, before=old)
        assert new.remembers
        new.start(ask(), route("a"), spec(limits), "request-2")
        assert new.counts()["route"].full == 1
        slow.go_on.set()
        await old.close(None)
        for i in range(3, 6):
            new.start(ask(), route("a"), spec(limits), f"request-{i}")
            await turns()
        await new.close(None)
        counts = new.counts()["route"]
        assert (counts.answered, counts.budget, counts.in_flight) == (3, 1, 0)

    asyncio.run(body())


def test_a_close_that_is_cancelled_leaves_no_copy_under_way() -> None:
    async def body() -> None:
        rows = Rows()
        shadows = shadows_of(rows, b=Scripted([SILENT]))
        shadows.start(ask(), route("a"), spec(), "request-1")
        await turns()
        closing = asyncio.create_task(shadows.close(None))
        await turns()
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert [(c.source, c.error_class) for c in rows.calls] == [("shadow", "cancelled")]

    asyncio.run(body())


def test_a_target_without_a_price_is_not_asked_under_a_budget() -> None:
    async def body() -> None:
        def price(target: Target) -> Priced:
            return Priced(None, "not priced")

        b = Scripted(says("b"))
        shadows = shadows_of(Rows(), price=price, b=b)
        limits = ShadowLimits(share=1.0, budget_usd_per_day=Decimal(1))
        shadows.start(ask(), route("a"), spec(limits), "1")
        assert shadows.counts()["route"].no_price == 1
        shadows.start(ask(), route("a"), spec(), "2")
        await ended(shadows)
        assert len(b.asks) == 1, "without a budget nobody asks for a price"

    asyncio.run(body())


@pytest.mark.parametrize(
    ("kind", "spent"), [("timeout", PRICE), ("provider_down", Decimal(0)), ("cut", PRICE)]
)
def test_a_failed_copy_is_paid_for_where_the_vendor_may_ask_for_money(
    kind: str, spent: Decimal
) -> None:
    async def body() -> None:
        error = ProviderError(kind, "no")  # type: ignore[arg-type]
        shadows = shadows_of(Rows(), b=Scripted([error]))
        limits = ShadowLimits(share=1.0, budget_usd_per_day=Decimal(1))
        shadows.start(ask(), route("a"), spec(limits), "1")
        await ended(shadows)
        counts = shadows.counts()["route"]
        assert (counts.failed, counts.spent_today_usd) == (1, spent)

    asyncio.run(body())


def test_each_shadow_target_gets_a_copy_and_one_that_fails_does_not_touch_the_other() -> None:
    async def body() -> None:
        rows = Rows()
        bad = Scripted([ProviderError("auth", "a bad key")])
        shadows = shadows_of(rows, b=bad, c=Scripted(says("c")))
        shadows.start(ask(), route("a"), spec(ALL, "b", "c"), "1")
        await ended(shadows)
        assert {(c.target, c.status) for c in rows.calls} == {("b", "error"), ("c", "ok")}

    asyncio.run(body())


@pytest.mark.parametrize("kind", ["auth", "rate_limited", "provider_down"])
def test_a_shadow_that_fails_leaves_no_mark_on_live_traffic(kind: str) -> None:
    async def body() -> None:
        error = ProviderError(kind, "no")  # type: ignore[arg-type]
        rows, b = Rows(), Scripted([error])
        live = client_of({"b": b}, rows)
        before = b.keys.states
        shadows = Shadows(live.apart(), lambda t, u, at: Priced(PRICE), Clock())
        for i in range(20):
            shadows.start(ask(), route("a"), spec(ShadowLimits(share=1, most_in_flight=99)), f"{i}")
        await ended(shadows)
        assert len(rows.calls) == 20
        assert live.health == {}
        assert b.keys.states == before

    asyncio.run(body())


def test_at_shutdown_copies_may_end_until_the_deadline_then_they_are_cancelled() -> None:
    async def body() -> None:
        rows, b = Rows(), Scripted([SILENT])
        shadows = shadows_of(rows, b=b)
        shadows.start(ask(), route("a"), spec(), "1")
        await b.was_asked.wait()
        await shadows.close(0.0)
        assert b.was_cancelled
        assert rows.calls[0].error_class == "cancelled"
        shadows.start(ask(), route("a"), spec(), "2")
        counts = shadows.counts()["route"]
        assert (counts.closing, counts.in_flight) == (1, 0)

    asyncio.run(body())


def test_a_copy_has_a_deadline_of_its_own() -> None:
    async def body() -> None:
        b = Scripted(says("b"))
        shadows = shadows_of(Rows(), b=b)
        shadows.start(ask(), route("a"), spec(ShadowLimits(share=1.0, timeout_s=7.0)), "1")
        await ended(shadows)
        assert b.limits[0] is not None and b.limits[0].total_s == 7.0

    asyncio.run(body())


def test_a_route_without_shadows_counts_nothing() -> None:
    shadows = shadows_of(Rows())
    bare = RouteSpec(name="route", policy="fallback", targets=targets("a"))
    shadows.start(ask(), route("a"), bare, "1")
    assert not shadows.counts()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)), max_size=60))
def test_a_purse_never_holds_more_than_its_limit_and_forgets_with_the_day(
    steps: list[tuple[int, int, int]],
) -> None:
    purse, limit, day, spent = DailyPurse(), Decimal(10), 0, Decimal(0)
    for days, asked, used in steps:
        if days == 3:
            day, spent = day + 1, Decimal(0)
        reserved = purse.reserve(day * DAY_US, Decimal(asked), limit)
        assert (reserved is not None) == (spent + asked <= limit)
        if reserved is not None:
            purse.settle(reserved, Decimal(min(used, asked)))
            spent += min(used, asked)
        assert purse.spent(day * DAY_US) == spent


def test_what_was_held_yesterday_does_not_touch_today() -> None:
    purse = DailyPurse()
    held = purse.reserve(0, Decimal(5), Decimal(5))
    assert held is not None
    assert purse.reserve(DAY_US, Decimal(5), Decimal(5)) is not None
    purse.settle(held, Decimal(5))
    assert purse.spent(DAY_US) == 0
