"""What a run is said to cost before it is run."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from decimal import Decimal
from statistics import fmean

import pytest

from pilothouse.core.answer import Usage
from pilothouse.core.proof_store import RunRow
from pilothouse.core.route import Target
from pilothouse.prove.purse import Estimate, Guess, Line, Purse, estimate, guess
from pilothouse.prove.spec_json import runs_of_task

TARGET = Target(name="t", provider="p", model="m")


def price(target: Target, usage: Usage) -> Decimal:
    """A dollar a token."""
    return Decimal((usage.input_tokens or 0) + (usage.output_tokens or 0))


def of(guessed: Guess, questions: int = 100) -> Estimate:
    line = Line(target=TARGET, questions=questions, input_tokens=questions, guess=guessed)
    return estimate([line], price)


def test_a_guessed_length_is_within_a_factor_of_two_and_a_half_of_what_the_file_expects() -> None:
    found = of(guess([], 1, 100, expected_tokens=200, max_tokens=None))
    assert (found.p10_usd, found.p50_usd, found.p90_usd) == (7_700, 20_100, 52_400)


def test_no_answer_is_longer_than_the_file_allows() -> None:
    found = of(guess([], 1, 100, expected_tokens=200, max_tokens=300))
    assert (found.p50_usd, found.p90_usd) == (20_100, 30_100)
    assert of(guess([], 1, 100, expected_tokens=200, max_tokens=5)).p10_usd == 600


def test_nineteen_answers_are_too_few_to_be_believed() -> None:
    assert guess([50] * 19, 1, 100, 200, None).mean_tokens == 200
    assert guess([50] * 20, 1, 100, 200, None).mean_tokens == 50


def test_repeats_of_a_case_say_no_more_than_one_answer() -> None:
    once, thrice = [10, 90] * 10, [10, 90] * 30
    found = [guess(some, n, 100, 200, None).spread for some, n in ((once, 1), (thrice, 3))]
    assert found[1] == pytest.approx(found[0], rel=0.02)


@pytest.mark.parametrize(
    "draw", [lambda r: r.expovariate(0.01), lambda r: r.lognormvariate(5, 0.8)]
)
def test_eight_of_ten_means_of_other_cases_are_within_the_estimate(
    draw: Callable[[random.Random], float],
) -> None:
    source, inside = random.Random(3), 0
    for _ in range(1000):
        known, coming = ([round(draw(source)) + 1 for _ in range(n)] for n in (20, 40))
        found = of(guess(known, 1, 40, 200, None), questions=40)
        inside += found.p10_usd <= 40 * (1 + Decimal(fmean(coming))) <= found.p90_usd
    assert 760 <= inside <= 880


def test_only_answers_to_the_same_task_tell_how_long_answers_are() -> None:
    def run(name: str, **file: object) -> RunRow:
        kept = {"folder": "/a", "file": {"cases": "c.jsonl", "prompt": "{prompt}"} | file}
        spec = json.dumps(kept).encode()
        return RunRow(id=name, spec_json=spec, at_us=1, cases=1, answers=1)

    old = RunRow(id="old", spec_json=b'{"name": "thin"}', at_us=1, cases=1, answers=1)
    runs = [
        run("other prompt", prompt="Only the letter: {prompt}"),
        run("a repeat more", repeats=2, criteria={"accuracy": ">= 0.9"}),
        run("ours"),
        run("shorter", max_output_tokens=5),
        old,
    ]
    assert runs_of_task(runs, "ours") == ["ours", "a repeat more"]
    assert runs_of_task(runs, "old") == ["old"]


def test_the_cap_is_passed_by_no_more_than_the_calls_in_flight_costlier_than_expected() -> None:
    purse = Purse(Decimal(100), Decimal(0))

    async def work() -> None:
        while await purse.set_aside(Decimal(1)):
            await asyncio.sleep(0)
            purse.settle(Decimal(1), Decimal(7))

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(work())

    asyncio.run(all_at_once())
    assert 100 <= purse.spent_usd <= 100 + 8 * 7
    assert purse.is_empty
