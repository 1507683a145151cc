"""Budgets spent from memory over one SQLite file: never passed, and what a SIGKILL forgets."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from pilothouse.client.limits.local import LocalAdmission, LocalLimiter
from pilothouse.core.limits import Account, Refused, Spent, scope_of
from pilothouse.core.pico import PICO
from pilothouse.stores.sqlite import SqliteStore

from .make import (
    Away,
    Clock,
    a_local,
    a_scope,
    admitted,
    an_ask,
    asked,
    refused,
    settle,
)

LIMIT = 1000
ACCOUNT = Account("key:k", "total")


class TwoProcesses(RuleBasedStateMachine):
    """Two limiters on one file, in any order of admissions, settlements, bookings, deaths and pauses."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.store = SqliteStore(Path(self.folder.name) / "t.db")
        self.clock = Clock()
        self.scope = a_scope(usd=f"0.{LIMIT:012d}")
        self.born = 0
        self.limiters = [self.limiter(), self.limiter()]
        self.spent = 0
        self.booked = [0, 0]
        """Spent by each and not yet booked."""

    def limiter(self) -> LocalLimiter:
        self.born += 1
        return a_local(self.clock, self.store.budgets, f"p{self.born}")

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @rule(target=held, who=st.integers(0, 1), pico=st.integers(0, 400))
    def admit(self, who: int, pico: int) -> tuple[int, LocalLimiter, LocalAdmission] | None:
        ask = an_ask(self.scope)
        ask.pico_usd = pico
        got = self.run(asked(self.limiters[who], ask))
        return None if isinstance(got, Refused) else (who, self.limiters[who], got)

    @rule(one=consumes(held), part=st.floats(0, 1))
    def settle(self, one: tuple[int, LocalLimiter, LocalAdmission] | None, part: float) -> None:
        if one is None or self.limiters[one[0]] is not one[1]:
            return  # refused, or its process is dead
        pico = int(one[2].pico_usd * part)
        one[1].settle(one[2], input_tokens=0, output_tokens=0, pico_usd=pico)
        self.spent += pico
        self.booked[one[0]] += pico

    @rule(who=st.integers(0, 1))
    def tend(self, who: int) -> None:
        self.run(self.limiters[who].tend())
        self.booked[who] = 0

    @rule(seconds=st.sampled_from([0.2, 2, 6, 15]))
    def time_passes(self, seconds: float) -> None:
        self.clock.forward(seconds)
        for who in (0, 1):  # each books every 0.2 s, so never pauses as long as its lease
            self.tend(who)

    @rule(who=st.integers(0, 1))
    def a_process_is_killed_and_its_lease_ends(self, who: int) -> None:
        self.spent -= self.booked[who]  # what is forgotten: settled since the last booking
        self.booked[who] = 0
        self.limiters[who] = self.limiter()
        for _ in range(2):
            self.time_passes(15)

    @rule(who=st.integers(0, 1))
    def a_process_stops(self, who: int) -> None:
        limiter = self.limiters[who]
        for admission in list(limiter._live.values()):  # pyright: ignore[reportPrivateUsage]
            limiter.release(admission)
        self.run(limiter.close())
        self.booked[who] = 0
        self.limiters[who] = self.limiter()

    @invariant()
    def spent_and_held_never_pass_the_limit(self) -> None:
        held = sum(
            a.pico_usd
            for limiter in self.limiters
            for a in limiter._live.values()  # pyright: ignore[reportPrivateUsage]
        )
        assert self.spent + held <= LIMIT

    @invariant()
    def the_books_are_equal(self) -> None:
        assert self.store.budgets.spent(ACCOUNT) + sum(self.booked) == self.spent

    def teardown(self) -> None:
        for limiter in self.limiters:
            for admission in list(limiter._live.values()):  # pyright: ignore[reportPrivateUsage]
                limiter.release(admission)
            self.run(limiter.close())
        last = self.limiter()
        ask = an_ask(self.scope)
        ask.pico_usd = LIMIT - self.spent
        assert not isinstance(self.run(asked(last, ask)), Refused), "something is stranded"
        self.run(last.close())
        self.store.close()
        self.loop.close()
        self.folder.cleanup()


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_after_the_first_draw_admissions_need_no_waiting(tmp_path: Path) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        limiter, scope = a_local(Clock(), store.budgets), a_scope(usd="10")
        assert limiter.admit(an_ask(scope, usd="0.001")) is None
        await admitted(limiter, an_ask(scope, usd="0.001"))
        for _ in range(1000):
            assert isinstance(limiter.admit(an_ask(scope, usd="0.001")), LocalAdmission)
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_a_caller_that_leaves_while_money_is_drawn_strands_none(tmp_path: Path) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        limiter, scope = a_local(Clock(), store.budgets), a_scope(usd="1")
        waiting = asyncio.ensure_future(limiter.admit_waiting(an_ask(scope, usd="1")))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await admitted(limiter, an_ask(scope, usd="1"))
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_run_books_what_was_spent_until_it_is_stopped(tmp_path: Path) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        booked = asyncio.Event()
        loop = asyncio.get_running_loop()

        class Watched:
            def __getattr__(self, name: str) -> Any:
                return getattr(store.budgets, name)

            def report(self, holder: str, spent: Sequence[Spent], *, until_us: int) -> None:
                store.budgets.report(holder, spent, until_us=until_us)
                loop.call_soon_threadsafe(booked.set)

        limiter, scope = a_local(Clock(), Watched()), a_scope(usd="1")  # type: ignore[arg-type]
        running = asyncio.create_task(limiter.run())
        settle(limiter, await admitted(limiter, an_ask(scope, usd="0.5")), usd="0.25")
        async with asyncio.timeout(30):
            await booked.wait()
        assert store.budgets.spent(ACCOUNT) == PICO // 4
        running.cancel()
        await asyncio.wait([running])
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_idle_money_goes_back_and_idle_scopes_are_forgotten(tmp_path: Path) -> None:
    async def body() -> None:
        store, clock = SqliteStore(tmp_path / "t.db"), Clock()
        limiter, other = a_local(clock, store.budgets, "a"), a_local(clock, store.budgets, "b")
        scopes = [a_scope(f"k{n}", usd="1", requests_per_minute=5) for n in range(600)]
        for scope in scopes:
            limiter.release(await admitted(limiter, an_ask(scope, usd="0.9")))
        assert (await refused(other, an_ask(scopes[0], usd="0.5"))).by == "budget"
        for seconds in (6, 1, 66, 6, 1):
            clock.forward(seconds)
            for _ in range(3):
                await limiter.tend()
        await admitted(other, an_ask(scopes[0], usd="1"))
        assert len(limiter._meters) == 0  # pyright: ignore[reportPrivateUsage]
        assert len(limiter._purses._purses) == 0  # pyright: ignore[reportPrivateUsage]
        await limiter.close()
        await other.close()
        store.close()

    asyncio.run(body())


@pytest.mark.parametrize(("limit", "free"), [("0.5", "0.1"), ("2", "1.6"), ("0.3", "0")])
def test_a_budget_changed_while_it_is_drawn_holds_at_once(
    tmp_path: Path, limit: str, free: str
) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        limiter, before, after = (
            a_local(Clock(), store.budgets),
            a_scope(usd="1"),
            a_scope(usd=limit),
        )
        held = await admitted(limiter, an_ask(before, usd="0.5"))
        settle(limiter, await admitted(limiter, an_ask(before, usd="0.3")), usd="0.3")
        settle(limiter, held, usd="0.1")
        limiter.admit(
            an_ask(after, usd="9")
        )  # it is seen: what was drawn for the old one goes back
        await limiter.tend()
        no = await refused(limiter, an_ask(after, usd=str(float(free) + 0.01)))
        assert no.by == "budget"
        await admitted(limiter, an_ask(after, usd=free))
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_a_month_that_was_only_booked_gets_a_budget_and_what_was_spent_counts(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        limiter, before, after = (
            a_local(Clock(), store.budgets),
            a_scope(),
            a_scope(usd="1", per="month"),
        )
        settle(limiter, await admitted(limiter, an_ask(before, usd="0.4")), usd="0.4")
        in_flight = await admitted(limiter, an_ask(before, usd="0.1"))
        await limiter.tend()
        assert (await refused(limiter, an_ask(after, usd="0.6"))).by == "budget"
        await admitted(limiter, an_ask(after, usd="0.5"))
        settle(limiter, in_flight, usd="0.1")
        assert (await refused(limiter, an_ask(after, usd="0.1"))).by == "budget"
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_keys_and_teams_without_a_budget_have_their_months_booked(tmp_path: Path) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        limiter = a_local(Clock(), store.budgets)
        scopes = (a_scope("k"), scope_of("team", "t"), scope_of("route", "r"))
        settle(limiter, await admitted(limiter, an_ask(*scopes, usd="1")), usd="0.5")
        await limiter.close()
        half = PICO // 2
        assert store.budgets.spending() == [
            (Account("key:k", "2026-09"), half),
            (Account("team:t", "2026-09"), half),
        ]
        store.close()

    asyncio.run(body())


def test_while_the_database_is_away_what_was_drawn_is_spent_and_booked_later(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        clock, away = Clock(), Away(store.budgets)
        limiter, scope = a_local(clock, away), a_scope(usd="8")  # type: ignore[arg-type]
        first = await admitted(limiter, an_ask(scope, usd="0.5"))
        away.is_away = True
        settle(limiter, first, usd="0.5")
        settle(limiter, await admitted(limiter, an_ask(scope, usd="0.5")), usd="0.5")
        await limiter.tend()
        no = await refused(limiter, an_ask(scope, usd="5"))
        assert (no.by, no.retry_after_s) == ("limiter", 1.0)
        assert "the database does not answer" in no.message
        assert store.budgets.spent(ACCOUNT) == 0
        away.is_away = False
        await limiter.tend()
        assert store.budgets.spent(ACCOUNT) == PICO
        clock.forward(1)
        await admitted(limiter, an_ask(scope, usd="5"))
        await limiter.close()
        store.close()

    asyncio.run(body())


def test_a_process_that_slept_past_its_lease_does_not_spend_what_others_have_taken(
    tmp_path: Path,
) -> None:
    async def body() -> None:
        store = SqliteStore(tmp_path / "t.db")
        clock, scope = Clock(), a_scope(usd="1")
        sleeper, other = a_local(clock, store.budgets, "a"), a_local(clock, store.budgets, "b")
        limiter_release = await admitted(sleeper, an_ask(scope, usd="1"))
        sleeper.release(limiter_release)
        clock.forward(31)
        taken = await admitted(other, an_ask(scope, usd="1"))
        assert (await refused(sleeper, an_ask(scope, usd="0.1"))).by == "budget"
        settle(other, taken, usd="0.4")
        await other.close()
        clock.forward(2)
        await admitted(sleeper, an_ask(scope, usd="0.6"))
        await refused(sleeper, an_ask(scope, usd="0.1"))
        await sleeper.close()
        store.close()

    asyncio.run(body())
