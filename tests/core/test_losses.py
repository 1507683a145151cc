"""Which losses are hints, and which change the answer."""

from __future__ import annotations

import pytest

from pilothouse.core.losses import HINTS, HINTS_UNDER, is_hint, real_losses


@pytest.mark.parametrize(
    "loss",
    [
        "messages[0].parts[1].cache",
        "messages[2].parts[0].parts[1].cache",
        "tools[3].cache",
        "messages[0].name",
        "messages[].name",
        "messages[0].parts[0].mime",
        "messages[0].parts[0].detail",
        "thinking.budget_tokens: under 1024",
        "thinking.effort: minimal, said as low",
        "output.name",
        "extra.metadata",
        "metadata",
        "store",
        "subject",
    ],
)
def test_hints_do_not_reject(loss: str) -> None:
    assert is_hint(loss)


@pytest.mark.parametrize(
    "loss",
    [
        "seed",
        "n",
        "stop[0]: white space only",
        "top_k",
        "tools[0].strict",
        "output",
        "output.strict",
        "output: any JSON object, without a schema",
        "messages[1].parts[0]: audio",
        "messages[1].parts[0]: thinking",
        "messages[1].parts[0].signature",
        "messages[1].parts[0].is_error",
        "messages[1].role: system in the middle, said as the user",
        "temperature: over 1, said as 1",
        "extra.prediction",
        "extra.name",
        "name",
        "cache",
        "something.nobody.has.thought.of",
    ],
)
def test_everything_else_is_real_also_what_is_new(loss: str) -> None:
    assert not is_hint(loss)


def test_real_losses_keep_their_order_and_words() -> None:
    assert real_losses(["seed", "tools[0].cache", "n: 3"]) == ("seed", "n: 3")


def test_every_hint_says_what_is_lost_with_it() -> None:
    assert all(len(why) > 10 for why in (*HINTS.values(), *HINTS_UNDER.values()))
