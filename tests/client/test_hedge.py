"""The quicker of two targets answers, the other is stopped at once, and hedges cannot become a storm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from scripted import (
    PRICE,
    QUESTION,
    SILENT,
    USAGE,
    Rows,
    Scripted,
    client_of,
    route,
    says,
    targets,
    turns,
)

from pilothouse.client.hedge import LOST
from pilothouse.core.answer import Used
from pilothouse.core.ask import Ask
from pilothouse.core.errors import ProviderError
from pilothouse.core.request import Request
from pilothouse.core.route import RouteSpec
from pilothouse.core.route_settings import Retries
from pilothouse.dialects.openai_chat import plugin as chat

AT_ONCE = 1e-6
NEVER = 3600.0


def spec(after_s: float | None = AT_ONCE, **more: Any) -> RouteSpec:
    retries = more.pop("retries", Retries(attempts_per_target=1))
    return RouteSpec(
        name="route",
        policy="fallback",
        targets=targets("a", "b"),
        hedge_after_s=after_s,
        retries=retries,
        **more,
    )


async def whole(
    a: Scripted,
    b: Scripted,
    how: RouteSpec | None = None,
    request: Request = QUESTION,
    **way: Any,
) -> tuple[Any, Rows]:
    rows = Rows()
    client = client_of({"a": a, "b": b}, rows)
    outcome = await client.call(request, route("a", "b", **way), spec=how or spec())
    assert list(outcome.calls) == rows.calls, "every attempt is told once, in the order it ended"
    return outcome, rows


def told(rows: Rows) -> list[tuple[str, str, int, str | None]]:
    return [(c.target, c.status, c.attempt, c.error_class) for c in rows.calls]


def test_a_silent_target_loses_to_the_second_and_is_stopped_and_recorded() -> None:
    async def body() -> None:
        a, b = Scripted([SILENT]), Scripted(says("from b"))
        outcome, rows = await whole(a, b)
        assert outcome.answer.text == "from b"
        assert a.was_cancelled
        assert told(rows) == [("a", "error", 1, "cancelled"), ("b", "ok", 2, None)]
        assert rows.calls[0].error == LOST
        assert rows.calls[0].request_id == rows.calls[1].request_id

    asyncio.run(body())


def test_the_first_may_still_win_and_then_the_second_is_stopped() -> None:
    async def body() -> None:
        a, b = Scripted([SILENT, *says("from a")]), Scripted([SILENT])
        running = asyncio.create_task(whole(a, b))
        await b.was_asked.wait()
        a.go_on.set()
        outcome, rows = await running
        assert outcome.answer.text == "from a"
        assert b.was_cancelled
        assert told(rows) == [("b", "error", 2, "cancelled"), ("a", "ok", 1, None)]

    asyncio.run(body())


def test_a_target_that_answers_in_time_is_not_hedged() -> None:
    async def body() -> None:
        a, b = Scripted(says("from a")), Scripted(says("from b"))
        outcome, rows = await whole(a, b, spec(NEVER))
        assert outcome.answer.text == "from a"
        assert not b.asks and len(rows.calls) == 1

    asyncio.run(body())


def test_a_failure_before_the_hedge_goes_the_usual_way() -> None:
    async def body() -> None:
        a, b = Scripted([ProviderError("provider_down", "down")]), Scripted(says("from b"))
        outcome, rows = await whole(a, b, spec(NEVER))
        assert outcome.answer.text == "from b"
        assert told(rows) == [("a", "error", 1, "provider_down"), ("b", "ok", 2, None)]

    asyncio.run(body())


def test_a_failure_while_the_hedge_runs_waits_for_the_hedge() -> None:
    async def body() -> None:
        down = ProviderError("provider_down", "down")
        a, b = Scripted([SILENT, down]), Scripted([SILENT, *says("from b")])
        running = asyncio.create_task(whole(a, b))
        await b.was_asked.wait()
        a.go_on.set()
        b.go_on.set()
        outcome, rows = await running
        assert outcome.answer.text == "from b"
        assert told(rows) == [("a", "error", 1, "provider_down"), ("b", "ok", 2, None)]

    asyncio.run(body())


def test_when_both_fail_the_targets_after_them_are_asked() -> None:
    async def body() -> None:
        down = ProviderError("provider_down", "down")
        a, b = Scripted([SILENT, down]), Scripted([SILENT, down])
        c, rows = Scripted(says("from c")), Rows()
        client = client_of({"a": a, "b": b, "c": c}, rows)
        running = asyncio.create_task(client.call(QUESTION, route("a", "b", "c"), spec=spec()))
        await b.was_asked.wait()
        a.go_on.set()
        await asyncio.sleep(0)
        b.go_on.set()
        outcome = await running
        assert outcome.answer is not None and outcome.answer.text == "from c"
        assert len(a.asks) == len(b.asks) == 1
        assert sorted(told(rows)) == [
            ("a", "error", 1, "provider_down"),
            ("b", "error", 2, "provider_down"),
            ("c", "ok", 3, None),
        ]

    asyncio.run(body())


@pytest.mark.parametrize("kind", ["refused", "caller", "context_window"])
def test_a_refusal_by_the_first_decides_and_stops_the_hedge(kind: Any) -> None:
    async def body() -> None:
        a, b = Scripted([SILENT, ProviderError(kind, "no")]), Scripted([SILENT])
        running = asyncio.create_task(whole(a, b))
        await b.was_asked.wait()
        a.go_on.set()
        outcome, rows = await running
        assert outcome.error.kind == kind
        assert b.was_cancelled
        assert told(rows) == [("b", "error", 2, "cancelled"), ("a", "error", 1, kind)]

    asyncio.run(body())


def test_a_refusal_by_the_hedge_alone_waits_for_the_first() -> None:
    async def body() -> None:
        a = Scripted([SILENT, *says("from a")])
        b = Scripted([ProviderError("context_window", "too long for b")])
        running = asyncio.create_task(whole(a, b))
        await b.was_asked.wait()
        await asyncio.sleep(0)
        a.go_on.set()
        outcome, _ = await running
        assert outcome.answer.text == "from a"

    asyncio.run(body())


def test_a_stream_wins_with_its_first_token_and_the_loser_is_paid_as_far_as_it_told() -> None:
    async def body() -> None:
        a, b = Scripted([Used(USAGE), SILENT]), Scripted(says("from", " b"))
        rows = Rows()
        client = client_of({"a": a, "b": b}, rows)
        live = await client.stream(QUESTION, route("a", "b"), spec=spec())
        assert live.target.name == "b"
        assert a.was_cancelled
        while await live.next() is not None:
            pass
        assert told(rows) == [("a", "error", 1, "cancelled"), ("b", "ok", 2, None)]
        assert rows.calls[0].cost_usd == PRICE

    asyncio.run(body())


def test_a_loser_that_told_nothing_is_paid_for_the_question_by_estimate() -> None:
    async def body() -> None:
        question = b'{"model": "route", "messages": [{"role": "user", "content": "2 + 2?"}]}'
        ask = Ask(chat, question, chat.read_envelope(question))
        a, b, rows = Scripted([SILENT]), Scripted(says("from b")), Rows()
        await client_of({"a": a, "b": b}, rows).call(ask, route("a", "b"), spec=spec())
        lost, won = rows.calls
        assert (lost.input_tokens, lost.output_tokens) == (len(question) // 4, 0)
        assert lost.is_usage_estimated and not won.is_usage_estimated
        assert (lost.cost_usd, won.cost_usd) == (PRICE, PRICE)

    asyncio.run(body())


def test_a_caller_who_goes_away_stops_both() -> None:
    async def body() -> None:
        a, b, rows = Scripted([SILENT]), Scripted([SILENT]), Rows()
        client = client_of({"a": a, "b": b}, rows)
        running = asyncio.create_task(client.call(QUESTION, route("a", "b"), spec=spec()))
        await b.was_asked.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(0)
        assert a.was_cancelled and b.was_cancelled
        assert {(c.target, c.error) for c in rows.calls} == {
            ("a", "the caller went away"),
            ("b", "the caller went away"),
        }

    asyncio.run(body())


def test_hedges_are_bounded_by_the_providers_retry_budget() -> None:
    async def body() -> None:
        none = Retries(attempts_per_target=1, budget_share=0.0, budget_floor_per_s=0.0)
        a, b = Scripted([SILENT, *says("from a")]), Scripted(says("from b"))
        running = asyncio.create_task(whole(a, b, spec(retries=none)))
        await a.was_asked.wait()
        await turns()  # the hedge's moment passes
        a.go_on.set()
        outcome, _ = await running
        assert outcome.answer.text == "from a"
        assert not b.asks

    asyncio.run(body())


@pytest.mark.parametrize(
    ("request_", "way"),
    [(replace(QUESTION, n=2), {}), (QUESTION, {"rollout_id": "r1"})],
    ids=["several answers asked for", "a rollout is running"],
)
def test_what_a_hedge_would_make_dear_or_blur_is_not_hedged(
    request_: Request, way: dict[str, Any]
) -> None:
    async def body() -> None:
        a, b = Scripted([SILENT, *says("from a")]), Scripted(says("from b"))
        running = asyncio.create_task(whole(a, b, request=request_, **way))
        await a.was_asked.wait()
        await turns()
        a.go_on.set()
        outcome, _ = await running
        assert outcome.answer.text == "from a"
        assert not b.asks

    asyncio.run(body())


@pytest.mark.parametrize("is_stream", [False, True])
def test_of_two_answers_in_the_same_moment_one_counts_and_both_are_paid(is_stream: bool) -> None:
    async def body() -> None:
        a = Scripted([Used(USAGE), SILENT, *says("from a")])
        b = Scripted([Used(USAGE), SILENT, *says("from b")])
        rows = Rows()
        client = client_of({"a": a, "b": b}, rows)
        if is_stream:
            opening: Any = asyncio.create_task(
                client.stream(QUESTION, route("a", "b"), spec=spec())
            )
        else:
            opening = asyncio.create_task(client.call(QUESTION, route("a", "b"), spec=spec()))
        await b.was_asked.wait()
        a.go_on.set()
        b.go_on.set()
        won = await opening
        if is_stream:
            while await won.next() is not None:
                pass
        assert [(c.target, c.cost_usd) for c in rows.calls] == [("b", PRICE), ("a", PRICE)]
        assert rows.calls[-1].status == "ok", "the last row is the one that counts"

    asyncio.run(body())
