"""The sequential test against log e-values computed independently, and its promise."""

import json
import random
from math import isclose, log
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import NoControl
from pilothouse.core.stats.rate_ratio import (
    FINE_GRID,
    ceiling_test,
    ratio_test,
    restarted_test,
)

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "known_answers" / "rate_ratio_e_process.json").read_text()
)["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_log_e_values_and_first_crossings(case: dict[str, Any]) -> None:
    test = ratio_test(case["ratio"], tuple(case["grid"]))
    shares = case["share"]
    crossings: dict[str, int | None] = dict.fromkeys(case["first_crossing"])
    for i, event in enumerate(case["events"], 1):
        share = shares[i - 1] if isinstance(shares, list) else shares
        test = test.add(event == "1", share)
        if str(i) in case["log_e"]:
            assert isclose(test.log_e, case["log_e"][str(i)], abs_tol=1e-9)
        for alpha in crossings:
            if crossings[alpha] is None and test.log_e >= log(1 / float(alpha)):
                crossings[alpha] = i
    assert crossings == case["first_crossing"]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_without_traffic_on_one_arm_there_is_no_control(share: float) -> None:
    with pytest.raises(NoControl):
        ratio_test(1.2).add(True, share)


@given(st.lists(st.booleans(), max_size=60), st.floats(0.01, 0.99))
def test_the_expected_e_value_under_the_null_is_one_step_by_step(
    events: list[bool], share: float
) -> None:
    test = ratio_test(1.2)
    for event in events:
        test = test.add(event, share)
    chance = share * 1.2 / (share * 1.2 + 1 - share)
    up, down = test.add(True, share).log_e, test.add(False, share).log_e
    expected = chance * 2.718281828459045 ** (up - test.log_e)
    expected += (1 - chance) * 2.718281828459045 ** (down - test.log_e)
    assert isclose(expected, 1, rel_tol=1e-9)


def test_fresh_starts_see_a_late_fault_that_the_first_one_forgives() -> None:
    once, daily = ratio_test(1.2), restarted_test(1.2)
    for i in range(700):
        is_new = i % 4 == 0
        once, daily = once.add(is_new, 0.25), daily.begun(1 + i // 100).add(is_new, 0.25)
    events = 0
    while daily.log_e < log(20):
        once, daily, events = once.add(True, 0.25), daily.begun(8).add(True, 0.25), events + 1
    assert events < 12
    assert once.log_e < log(20)


def test_false_alarms_stay_under_the_promise_however_often_one_looks() -> None:
    dice = random.Random(7)
    chance = 0.25 * 1.2 / (0.25 * 1.2 + 0.75)
    crossed = 0
    for _ in range(400):
        test = restarted_test(1.2)
        for day in range(1, 5):
            for _ in range(40):
                test = test.begun(day).add(dice.random() < chance, 0.25)
                if test.log_e >= log(20):
                    crossed += 1
                    break
            else:
                continue
            break
    assert crossed / 400 <= 0.05


def test_no_bad_event_at_all_shows_a_rate_below_its_ceiling_and_a_bad_one_takes_it_back() -> None:
    test = ceiling_test(0.01)
    needed = 0
    while test.log_e < log(20):
        test, needed = test.add(0, 1), needed + 1
    assert 300 < needed < 500
    assert test.add(1, 0).log_e < log(20)


def test_equal_arms_are_shown_harmless_in_time() -> None:
    dice = random.Random(3)
    test = ratio_test(1.25, FINE_GRID)
    for _ in range(3000):
        test = test.add(dice.random() < 0.5, 0.5)
    assert test.log_e > log(20)
