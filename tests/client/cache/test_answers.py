"""Looking before asking, keeping after, and asking once when many ask the same."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.client.attempt import Asked
from pilothouse.client.cache.answers import AnswerCache
from pilothouse.client.cache.control import Control, read_control
from pilothouse.client.cache.record import Saved, call_of_hit
from pilothouse.core.answer import Answer, Begin, Candidate, End, Event, Finish, TextDelta
from pilothouse.core.ports import Reply
from pilothouse.core.request import RefusalPart, TextPart
from pilothouse.core.route_settings import CacheSettings

from .make import (
    KEEPING,
    ROUTE,
    START_US,
    Clock,
    a_cache,
    a_call,
    a_holder,
    a_reply,
    a_spec,
    an_ask,
    kept,
)


async def status(cache: AnswerCache, ask: Any = None, **options: Any) -> str:
    spec = options.pop("spec", a_spec())
    with await cache.look(ask or an_ask(), ROUTE, spec, **options) as looked:
        return "refused" if looked.is_refused else looked.status


def test_an_answer_is_given_again_with_its_age_and_what_it_saved() -> None:
    async def body() -> None:
        clock = Clock()
        cache = a_cache(clock)
        assert await kept(cache, an_ask())
        clock.forward(12.5)
        with await cache.look(an_ask(stream=True), ROUTE, a_spec()) as looked:
            assert looked.headers == "x-pilothouse-cache: hit\r\nage: 12\r\n"
            assert looked.saved == Saved(is_near=False, usd=Decimal("0.002"), age_s=12.5)
            assert looked.entry is not None and looked.entry.answer.text == "A burrito."
            assert not looked.wants

    asyncio.run(body())


def test_its_time_ends() -> None:
    async def body() -> None:
        clock = Clock()
        cache = a_cache(clock)
        await kept(cache, an_ask())
        clock.forward(59)
        assert await status(cache) == "hit"
        clock.forward(1)
        assert await status(cache) == "miss"

    asyncio.run(body())


def test_a_route_without_a_cache_is_passed_by_without_a_word() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        spec = a_spec(CacheSettings())
        with await cache.look(an_ask(), ROUTE, spec) as looked:
            assert (looked.status, looked.headers, looked.wants) == ("off", "", False)
            assert not await looked.keep(a_reply(), a_call())

    asyncio.run(body())


def test_only_deterministic_requests_are_answered_unless_told() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        warm = an_ask(temperature=0.7)
        assert not await kept(cache, warm)
        assert await status(cache, warm) == "bypass"
        told = a_spec(CacheSettings(ttl_s=60, only_deterministic=False))
        assert await kept(cache, warm, spec=told)
        assert await status(cache, warm, spec=told) == "hit"

    asyncio.run(body())


@pytest.mark.parametrize(
    "reply",
    [
        a_reply(finish_reason="length"),
        a_reply(finish_reason="content_filter"),
        Reply(b"{}", Answer.of_text("a", finish_reason=None), "openai_chat"),
        Reply(b"{}", Answer(candidates=()), "openai_chat"),
        Reply(b"{}", Answer(candidates=(Candidate(parts=(), finish_reason="stop"),)), "openai_chat"),
        Reply(
            b"{}",
            Answer(candidates=(Candidate(parts=(RefusalPart("no"),), finish_reason="stop"),)),
            "openai_chat",
        ),
        Reply(
            b"{}",
            Answer(
                candidates=(
                    Candidate(parts=(TextPart("a"),), finish_reason="stop"),
                    Candidate(parts=(TextPart("b"),), finish_reason="length"),
                )
            ),
            "openai_chat",
        ),
    ],
    ids=["cut short", "filtered", "no reason", "nothing", "empty", "refusal", "one of two cut"],
)  # fmt: skip
def test_an_answer_that_is_not_whole_and_willing_is_never_kept(reply: Reply) -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        assert not await kept(cache, an_ask(), reply)
        assert await status(cache) == "miss"

    asyncio.run(body())


def test_long_requests_and_answers_are_not_kept() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        spec = a_spec(CacheSettings(ttl_s=60, max_body_kb=1))
        assert not await kept(cache, an_ask(), a_reply("x" * 2000), spec=spec)
        assert await status(cache, an_ask("y" * 2000), spec=spec) == "bypass"

    asyncio.run(body())


def test_the_caller_decides() -> None:
    async def body() -> None:
        clock = Clock()
        cache = a_cache(clock)
        assert await status(cache, control=Control(only_if_cached=True)) == "refused"
        await kept(cache, an_ask(), a_reply("old"))
        assert await status(cache, control=Control(only_if_cached=True)) == "hit"
        assert await status(cache, control=Control(no_store=True)) == "bypass"
        clock.forward(10)
        assert await status(cache, control=Control(max_age_s=9)) == "miss"
        assert await status(cache, control=Control(max_age_s=10)) == "hit"
        assert await kept(cache, an_ask(), a_reply("new"), control=Control(no_cache=True))
        with await cache.look(an_ask(), ROUTE, a_spec()) as looked:
            assert looked.entry is not None and looked.entry.answer.text == "new"

    asyncio.run(body())


@pytest.mark.parametrize("spec", [a_spec(CacheSettings()), a_spec()], ids=["no cache", "cache"])
def test_only_if_cached_is_refused_wherever_nothing_can_be_kept(spec: Any) -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        asks = Control(only_if_cached=True)
        assert await status(cache, an_ask(temperature=1), spec=spec, control=asks) == "refused"

    asyncio.run(body())


def test_teams_share_and_others_do_not_unless_the_route_says_so() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        await kept(cache, an_ask(), holder=a_holder("K1", "web"))
        assert await status(cache, holder=a_holder("K2", "web")) == "hit"
        assert await status(cache, holder=a_holder("K3", "ops")) == "miss"
        assert await status(cache, holder=a_holder("K4")) == "miss"
        assert await status(cache) == "miss"
        shared = a_spec(CacheSettings(ttl_s=60, shared=True))
        await kept(cache, an_ask(), holder=a_holder("K1", "web"), spec=shared)
        assert await status(cache, holder=a_holder("K4"), spec=shared) == "hit"

    asyncio.run(body())


def test_many_equal_questions_at_once_are_asked_once() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        asked: list[int] = []
        gate = asyncio.Event()

        async def one(n: int) -> str:
            with await cache.look(an_ask(), ROUTE, a_spec()) as looked:
                if looked.entry is None:
                    asked.append(n)
                    await gate.wait()
                    await looked.keep(a_reply("once"), a_call())
                    return "asked"
                return looked.entry.answer.text

        tasks = [asyncio.create_task(one(n)) for n in range(50)]
        await asyncio.sleep(0)
        gate.set()
        got = await asyncio.gather(*tasks)
        assert (len(asked), got.count("once")) == (1, 49)
        assert len(cache.flights) == 0

    asyncio.run(body())


@pytest.mark.parametrize("end", ["error", "cancelled", "unfit"])
def test_when_the_first_gets_nothing_to_give_the_others_ask_for_themselves(end: str) -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        gate = asyncio.Event()
        asked: list[int] = []

        async def one(n: int) -> None:
            with await cache.look(an_ask(), ROUTE, a_spec()) as looked:
                assert looked.entry is None
                asked.append(n)
                if n == 0:
                    await gate.wait()
                    if end == "error":
                        raise RuntimeError("down")
                    await looked.keep(a_reply(finish_reason="length"), a_call())

        tasks = [asyncio.create_task(one(n)) for n in range(5)]
        await asyncio.sleep(0)
        assert asked == [0]
        if end == "cancelled":
            tasks[0].cancel()
        gate.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert sorted(asked) == [0, 1, 2, 3, 4]
        assert len(cache.flights) == 0

    asyncio.run(body())


def test_one_that_waits_and_goes_away_takes_nobody_with_it() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        first = await cache.look(an_ask(), ROUTE, a_spec())
        second = asyncio.create_task(cache.look(an_ask(), ROUTE, a_spec()))
        third = asyncio.create_task(cache.look(an_ask(), ROUTE, a_spec()))
        await asyncio.sleep(0)
        second.cancel()
        with first:
            await first.keep(a_reply(), a_call())
        assert (await third).status == "hit"
        assert second.cancelled() or (await asyncio.gather(second, return_exceptions=True))

    asyncio.run(body())


def test_nobody_waits_longer_than_the_route_says() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        spec = a_spec(CacheSettings(ttl_s=60, wait_s=0.001))
        with await cache.look(an_ask(), ROUTE, spec):
            with await cache.look(an_ask(), ROUTE, spec) as second:
                assert second.wants
                assert await second.keep(a_reply(), a_call())
            assert await status(cache, spec=spec) == "hit"

    asyncio.run(body())


def a_stream(*pieces: str, end: bool = True) -> list[Event]:
    events: list[Event] = [Begin("i", "m"), *[TextDelta(piece) for piece in pieces]]
    return [*events, Finish("stop"), End()] if end else events


def test_a_stream_that_was_heard_to_its_end_is_kept() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        with await cache.look(an_ask(stream=True), ROUTE, a_spec()) as looked:
            for event in a_stream("A bur", "rito."):
                looked.hear([event])
            assert await looked.keep_heard("openai_chat", a_call())
        with await cache.look(an_ask(), ROUTE, a_spec()) as looked:
            assert looked.entry is not None
            assert (looked.entry.answer.text, looked.entry.body) == ("A burrito.", b"")

    asyncio.run(body())


@pytest.mark.parametrize(
    "events",
    [[], a_stream("A bur", end=False), a_stream("x" * 1500), a_stream("x" * 700, "x" * 700)],
    ids=["nothing", "cut", "too long", "too long in pieces"],
)
def test_one_that_was_cut_or_too_long_is_not_and_nobody_waits_for_it(events: list[Event]) -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        spec = a_spec(CacheSettings(ttl_s=60, max_body_kb=1))
        with await cache.look(an_ask(stream=True), ROUTE, spec) as looked:
            for event in events:
                looked.hear([event])
            assert not await looked.keep_heard("openai_chat", a_call())
        assert await status(cache, spec=spec) == "miss"
        assert len(cache.flights) == 0

    asyncio.run(body())


def test_hearing_costs_nothing_where_nothing_is_kept() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        with await cache.look(an_ask(temperature=1), ROUTE, a_spec()) as looked:
            looked.hear(a_stream("a"))
            assert not await looked.keep_heard("openai_chat", a_call())

    asyncio.run(body())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", Control()),
        ("no-store", Control(no_store=True)),
        ("No-Cache, max-age=5", Control(no_cache=True, max_age_s=5)),
        ("max-age=0", Control(no_cache=True, max_age_s=0)),
        ('only-if-cached, max-age="60"', Control(only_if_cached=True, max_age_s=60)),
        ("max-age=soon, max-age", Control()),
        ("max-age=-3, private, max-stale=9", Control()),
        ("max-age=99999999999999999999", Control()),
    ],
)
def test_cache_control_is_read_as_rfc_9111_says(said: str, meant: Control) -> None:
    assert read_control({"cache-control": said}) == meant


def test_a_hit_is_a_row_that_cost_nothing_and_that_no_rollout_counts() -> None:
    async def body() -> None:
        cache = a_cache(Clock())
        await kept(cache, an_ask())
        with await cache.look(an_ask(), ROUTE, a_spec()) as looked:
            assert looked.entry is not None and looked.saved is not None
            row = call_of_hit(
                looked.entry,
                looked.saved,
                ROUTE,
                Asked(team="help", tag="faq"),
                id="2",
                request_id="2",
                at_us=START_US,
                latency_ms=0.1,
                is_stream=False,
            )
        assert row.cost_usd == 0
        assert (row.cache, row.saved_usd) == ("exact", Decimal("0.002"))
        assert (row.team, row.tag) == ("help", "faq")
        assert (row.target, row.model, row.rollout_id) == ("small", "m-small", None)

    asyncio.run(body())


def test_the_settings_say_off_and_deterministic_by_themselves() -> None:
    assert CacheSettings().ttl_s is None
    assert CacheSettings().semantic is None
    assert KEEPING.only_deterministic
