"""What every limiter promises, whoever counts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from pilothouse.client.limits.messages import rate_lines, refusal_lines
from pilothouse.client.limits.port import Limiter
from pilothouse.core.limits import Refused, scope_of
from pilothouse.core.pico import PICO

from .make import Body, Clock, a_scope, admitted, an_ask, asked, refused, settle, settled

Counted = Callable[[Body], None]


def test_a_hundred_and_first_request_in_a_minute_is_refused(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(requests_per_minute=100)
        for _ in range(100):
            limiter.release(await admitted(limiter, an_ask(scope)))
        no = await refused(limiter, an_ask(scope))
        assert (no.by, no.limit, no.remaining) == ("requests_per_minute", 100, 0)
        assert no.scope == 'key "k"'
        assert 'key "k": 100 requests a minute: 0 left' in no.message

    counted(body)


def test_who_waits_as_long_as_told_is_admitted_and_not_before(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(requests_per_minute=3)
        for _ in range(3):
            await admitted(limiter, an_ask(scope))
            clock.forward(7)
        no = await refused(limiter, an_ask(scope))
        assert no.retry_after_s is not None
        assert 39 <= no.retry_after_s <= 44  # the first was 21 s ago; a slot is 5 s
        clock.forward(no.retry_after_s - 0.001)
        await refused(limiter, an_ask(scope))
        clock.forward(0.001)
        await admitted(limiter, an_ask(scope))

    counted(body)


def test_a_refused_request_consumes_nothing_anywhere(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        key = a_scope("k", usd="10", requests_per_minute=2, tokens_per_minute=1000, concurrency=2)
        full = a_scope("t", concurrency=1)
        first = await admitted(limiter, an_ask(full))
        for _ in range(5):
            no = await refused(limiter, an_ask(key, full, usd="10", input=1000))
            assert (no.by, no.scope) == ("concurrency", 'key "t"')
        settle(limiter, first)
        await settled(limiter)
        await admitted(limiter, an_ask(key, full, usd="10", input=1000))

    counted(body)


def test_tokens_are_held_as_estimated_and_settled_to_what_was_used(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(tokens_per_minute=1000, output_tokens_per_minute=500)
        first = await admitted(limiter, an_ask(scope, input=400, output=500))
        no = await refused(limiter, an_ask(scope, input=1, output=1))
        assert no.by == "output_tokens_per_minute"
        settle(limiter, first, input=300, output=100)
        await settled(limiter)
        second = await admitted(limiter, an_ask(scope, input=200, output=400))
        no = await refused(limiter, an_ask(scope, input=1))
        assert (no.by, no.remaining) == ("tokens_per_minute", 0)
        settle(limiter, second, input=500, output=400)  # more than was held counts too
        await settled(limiter)
        no = await refused(limiter, an_ask(scope, input=1))
        assert no.remaining == 0

    counted(body)


def test_an_estimate_above_the_whole_limit_passes_when_nothing_else_counts(
    counted: Counted,
) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(tokens_per_minute=1000)
        first = await admitted(limiter, an_ask(scope, input=500, output=4096))
        no = await refused(limiter, an_ask(scope, input=500, output=4096))
        assert no.retry_after_s is not None
        settle(limiter, first, input=500, output=100)
        await settled(limiter)
        await admitted(limiter, an_ask(scope, input=400))

    counted(body)


def test_input_above_the_whole_limit_never_passes_and_says_so(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        no = await refused(limiter, an_ask(a_scope(tokens_per_minute=1000), input=1001))
        assert no.retry_after_s is None
        assert "never fits" in no.message
        assert refusal_lines(no).startswith("x-ratelimit-limit-tokens: ")

    counted(body)


def test_places_are_free_when_a_request_ends_however_it_ends(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(concurrency=2)
        first, second = [await admitted(limiter, an_ask(scope)) for _ in range(2)]
        assert (await refused(limiter, an_ask(scope))).by == "concurrency"
        settle(limiter, first)
        limiter.release(second)
        await settled(limiter)
        for _ in range(2):
            await admitted(limiter, an_ask(scope))
        await refused(limiter, an_ask(scope))

    counted(body)


def test_a_budget_holds_the_most_and_charges_the_actual(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1")
        first = await admitted(limiter, an_ask(scope, usd="0.7"))
        no = await refused(limiter, an_ask(scope, usd="0.4"))
        assert no.by == "budget"
        assert (str(no.limit_usd), str(no.remaining_usd)) == ("1", "0.3")
        assert no.retry_after_s is None  # a total budget does not come back
        assert "budget of 1 USD in total has 0.3 USD free" in no.message
        settle(limiter, first, usd="0.1")
        await settled(limiter)
        second = await admitted(limiter, an_ask(scope, usd="0.9"))
        limiter.release(second)
        await settled(limiter)
        await admitted(limiter, an_ask(scope, usd="0.900000000000"))
        await refused(limiter, an_ask(scope, usd="0.000000000001"))

    counted(body)


def test_money_is_exact_to_the_pico_dollar_at_nine_million_dollars(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="9000000")
        first = await admitted(limiter, an_ask(scope, usd="8999999.999999999998"))
        settle(limiter, first, usd="8999999.999999999997")
        await settled(limiter)
        no = await refused(limiter, an_ask(scope, usd="0.000000000004"))
        assert no.remaining == 3
        await admitted(limiter, an_ask(scope, usd="0.000000000003"))

    counted(body)


def test_a_price_above_what_was_held_is_charged_in_full(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1")
        first = await admitted(limiter, an_ask(scope, usd="0.5"))
        settle(limiter, first, usd="1.5")
        await settled(limiter)
        no = await refused(limiter, an_ask(scope, usd="0.1"))
        assert no.remaining == 0

    counted(body)


@pytest.mark.parametrize(("per", "wait_s"), [("day", 35190), ("month", 35190 + 9 * 86400)])
def test_a_budget_is_whole_again_in_the_next_period(
    counted: Counted, per: str, wait_s: int
) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1", per=per)
        settle(limiter, await admitted(limiter, an_ask(scope, usd="1")), usd="1")
        await settled(limiter)
        no = await refused(limiter, an_ask(scope, usd="1"))
        assert no.retry_after_s == wait_s
        clock.forward(wait_s - 1)
        late = await refused(limiter, an_ask(scope, usd="1"))
        assert late.retry_after_s == 1
        clock.forward(1)
        await still_here(limiter)
        await admitted(limiter, an_ask(scope, usd="1"))

    counted(body)


async def passes(limiter: Limiter, clock: Clock, seconds: float) -> None:
    """Time goes by, and a replica says that it lives as often as it should."""
    while seconds > 0:
        clock.forward(min(seconds, 9))
        seconds -= 9
        await still_here(limiter)


async def still_here(limiter: Limiter) -> None:
    beat = getattr(limiter, "beat", None)
    if beat is not None:
        await beat()


def test_what_was_held_before_midnight_is_charged_to_that_day(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1", per="day")
        clock.forward(35190 - 1)
        await still_here(limiter)
        held = await admitted(limiter, an_ask(scope, usd="1"))
        clock.forward(2)
        await admitted(limiter, an_ask(scope, usd="0.6"))
        settle(limiter, held, usd="1")
        await settled(limiter)
        await admitted(limiter, an_ask(scope, usd="0.4"))

    counted(body)


def test_the_same_attempt_holds_once_and_may_come_again_when_it_has_ended(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1", concurrency=5, requests_per_minute=5)
        first = await admitted(limiter, an_ask(scope, usd="0.4", id="req.1"))
        no = await refused(limiter, an_ask(scope, usd="0.4", id="req.1"))
        assert (no.by, no.retry_after_s) == ("duplicate", 1.0)
        settle(limiter, first, usd="0.4")
        await settled(limiter)
        await admitted(limiter, an_ask(scope, usd="0.6", id="req.1"))

    counted(body)


def test_settling_twice_charges_once(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1", concurrency=2)
        first = await admitted(limiter, an_ask(scope, usd="0.4"))
        settle(limiter, first, usd="0.4")
        settle(limiter, first, usd="0.4")
        limiter.release(first)
        await settled(limiter)
        await admitted(limiter, an_ask(scope, usd="0.6"))
        await admitted(limiter, an_ask(scope))
        await refused(limiter, an_ask(scope))

    counted(body)


def test_a_hold_past_its_deadline_is_released_and_a_late_settlement_still_charged(
    counted: Counted,
) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope = a_scope(usd="1", concurrency=1)
        lost = await admitted(limiter, an_ask(scope, usd="1"))
        await passes(limiter, clock, 599)
        limiter.expire()  # type: ignore[attr-defined]
        assert isinstance(await asked(limiter, an_ask(scope, usd="0.5")), Refused)
        clock.forward(1)
        limiter.expire()  # type: ignore[attr-defined]
        await settled(limiter)
        limiter.release(await admitted(limiter, an_ask(scope, usd="1")))
        settle(limiter, lost, usd="0.25")
        await still_here(limiter)
        await settled(limiter)
        assert (await refused(limiter, an_ask(scope, usd="0.8"))).remaining == 0.75 * PICO
        await admitted(limiter, an_ask(scope, usd="0.75"))

    counted(body)


def test_headers_say_the_tightest_limit_of_each_kind(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        key = a_scope(requests_per_minute=100, requests_per_day=120, tokens_per_minute=5000)
        team = scope_of("team", "t", type(key.limits)(requests_per_minute=10))
        got = await admitted(limiter, an_ask(key, team, input=1000, output=500))
        assert rate_lines(limiter.rooms(got)).split("\r\n") == [
            "x-ratelimit-limit-requests: 10",
            "x-ratelimit-remaining-requests: 9",
            "x-ratelimit-reset-requests: 1m5s",
            "x-ratelimit-limit-tokens: 5000",
            "x-ratelimit-remaining-tokens: 3500",
            "x-ratelimit-reset-tokens: 1m5s",
            "",
        ]
        free = await admitted(limiter, an_ask(scope_of("target", "x")))
        assert rate_lines(limiter.rooms(free)) == ""

    counted(body)


def test_limits_that_are_changed_hold_at_once_and_forget_nothing(counted: Counted) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        for _ in range(3):
            settle(
                limiter,
                await admitted(
                    limiter, an_ask(a_scope(requests_per_minute=10, usd="1"), usd="0.1")
                ),
                usd="0.1",
            )
        await settled(limiter)
        assert (
            await refused(limiter, an_ask(a_scope(requests_per_minute=3, usd="1")))
        ).by == "requests_per_minute"
        no = await refused(limiter, an_ask(a_scope(usd="0.35"), usd="0.1"))
        assert no.remaining == 0.05 * PICO
        await admitted(limiter, an_ask(a_scope(usd="0.4"), usd="0.1"))

    counted(body)


def test_two_hundred_tasks_at_once_never_overspend_and_the_books_are_equal(
    counted: Counted,
) -> None:
    async def body(limiter: Limiter, clock: Clock) -> None:
        scope, team = a_scope(usd="1"), scope_of("team", "t", budgets=a_scope(usd="0.8").budgets)
        chance = random.Random(7)
        spent: list[int] = []
        let_in: list[int] = []

        async def one(number: int) -> None:
            got = await asked(limiter, an_ask(scope, team, usd="0.011"))
            if isinstance(got, Refused):
                return
            await asyncio.sleep(0)
            pico = chance.randrange(0, 11 * PICO // 1000 + 1)
            let_in.append(number)
            if chance.random() < 0.2:
                limiter.release(got)
                return
            spent.append(pico)
            limiter.settle(got, input_tokens=1, output_tokens=1, pico_usd=pico)

        before = -1
        while before < len(let_in):  # until a whole round is refused
            before = len(let_in)
            await asyncio.gather(*(one(n) for n in range(200)))
            await settled(limiter)
        left = 8 * PICO // 10 - sum(spent)
        assert 0 <= left < 11 * PICO // 1000
        no = await refused(limiter, an_ask(scope, team, usd="0.1"))
        assert (no.scope, no.remaining) == ('team "t"', left)

    counted(body)
