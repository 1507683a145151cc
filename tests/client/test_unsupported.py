"""`unsupported: reject`: a target that would lose what the answer depends on is not asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted import QUESTION, Rows, Scripted, client_of, route, says, targets

from pilothouse.core.errors import ProviderError
from pilothouse.core.route import RouteSpec


def spec(unsupported: Any = "reject", **more: Any) -> RouteSpec:
    return RouteSpec(
        name="route", policy="fallback", targets=targets("a", "b"), unsupported=unsupported, **more
    )


def test_the_target_that_can_say_all_answers() -> None:
    rows = Rows()
    a, b = Scripted(says("a"), lost=("seed",)), Scripted(says("b"), lost=("tools[0].cache",))
    client = client_of({"a": a, "b": b}, rows)
    outcome = asyncio.run(client.call(QUESTION, route("a", "b"), spec=spec()))
    assert outcome.answer is not None and outcome.answer.text == "b"
    assert not a.asks
    assert [(c.target, c.attempt) for c in rows.calls] == [("b", 1)]


@pytest.mark.parametrize("is_stream", [False, True])
def test_when_none_can_the_fields_are_named_target_by_target_and_nobody_is_asked(
    is_stream: bool,
) -> None:
    rows = Rows()
    a, b = Scripted(says("a"), lost=("seed", "store")), Scripted(says("b"), lost=("n", "top_k"))
    client = client_of({"a": a, "b": b}, rows)

    async def asked() -> ProviderError | None:
        if not is_stream:
            return (await client.call(QUESTION, route("a", "b"), spec=spec())).error
        with pytest.raises(ProviderError) as caught:
            await client.stream(QUESTION, route("a", "b"), spec=spec())
        return caught.value

    error = asyncio.run(asked())
    assert error is not None
    assert (error.kind, error.http_status) == ("caller", 422)
    assert "(a: seed; b: n, top_k)" in str(error)
    assert not a.asks and not b.asks
    assert [(c.status, c.error_class) for c in rows.calls] == [("error", "caller")]


@pytest.mark.parametrize("unsupported", ["warn", "drop"])
def test_otherwise_it_is_asked_all_the_same_and_the_losses_are_told(unsupported: str) -> None:
    a = Scripted(says("a"), lost=("seed",))
    client = client_of({"a": a}, Rows())
    outcome = asyncio.run(client.call(QUESTION, route("a"), spec=spec(unsupported)))
    assert outcome.reply is not None and outcome.reply.lost == ("seed",)


def test_fallbacks_for_long_questions_are_held_to_it_too() -> None:
    rows = Rows()
    a = Scripted([ProviderError("context_window", "too long")])
    b, c = Scripted(says("b"), lost=("seed",)), Scripted(says("c"))
    client = client_of({"a": a, "b": b, "c": c}, rows)
    how = spec(context_fallbacks=targets("b", "c"))
    outcome = asyncio.run(client.call(QUESTION, route("a"), spec=how))
    assert outcome.answer is not None and outcome.answer.text == "c"
    assert not b.asks
