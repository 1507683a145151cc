"""A circuit breaker opens on evidence, waits longer each time, and closes on probes alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.breaker import (
    CLOSED,
    Breaker,
    BreakerRules,
    after_failure,
    after_nothing,
    after_start,
    after_success,
    lets_through,
    phase,
)

RULES = BreakerRules(consecutive=3, min_exposure=10, open_s=5, open_cap_s=40, probes=2)


def failed(breaker: Breaker, now_s: float, times: int = 1, *, is_probe: bool = False) -> Breaker:
    for _ in range(times):
        breaker = after_failure(breaker, now_s, RULES, is_probe=is_probe)
    return breaker


def probed(breaker: Breaker, now_s: float, is_good: bool) -> Breaker:
    breaker, is_probe = after_start(breaker, now_s, RULES)
    assert is_probe
    after = after_success if is_good else after_failure
    return after(breaker, now_s, RULES, is_probe=True)


def test_failures_in_a_row_open_it_and_time_makes_it_half_open() -> None:
    breaker = failed(CLOSED, 0.0, 2)
    assert phase(breaker, 0.0) == "closed"
    breaker = failed(breaker, 0.0)
    assert phase(breaker, 4.9) == "open"
    assert not lets_through(breaker, 4.9, RULES)
    assert phase(breaker, 5.0) == "half_open"
    assert lets_through(breaker, 5.0, RULES)


def test_a_ratio_opens_it_only_after_enough_attempts() -> None:
    breaker = CLOSED
    for i in range(9):
        after = after_failure if i % 2 else after_success
        breaker = after(breaker, 0.0, RULES, is_probe=False)
    assert phase(breaker, 0.0) == "closed"
    breaker = failed(breaker, 0.0)
    assert phase(breaker, 0.0) == "open"


def test_old_failures_are_forgotten() -> None:
    breaker = CLOSED
    for i in range(40):
        breaker = failed(breaker, i * 100.0)
        breaker = after_success(breaker, i * 100.0, RULES, is_probe=False)
        assert phase(breaker, i * 100.0) == "closed"


def test_half_open_lets_a_few_probes_through_and_closes_when_they_all_succeed() -> None:
    breaker = failed(CLOSED, 0.0, 3)
    breaker, first = after_start(breaker, 6.0, RULES)
    breaker, second = after_start(breaker, 6.0, RULES)
    assert first and second
    assert not lets_through(breaker, 6.0, RULES)
    breaker = after_success(breaker, 7.0, RULES, is_probe=True)
    assert phase(breaker, 7.0) == "half_open"
    breaker = after_success(breaker, 7.0, RULES, is_probe=True)
    assert phase(breaker, 7.0) == "closed"


def test_each_failed_probe_doubles_the_wait_up_to_the_cap() -> None:
    breaker, now_s, waits = failed(CLOSED, 0.0, 3), 0.0, list[float]()
    for _ in range(6):
        assert breaker.until_s is not None
        waits.append(breaker.until_s - now_s)
        now_s = breaker.until_s
        breaker = probed(breaker, now_s, is_good=False)
    assert waits == [5, 10, 20, 40, 40, 40]


def test_being_well_for_long_starts_over_and_flapping_does_not() -> None:
    breaker = failed(CLOSED, 100.0, 3)
    breaker = probed(probed(breaker, 106.0, is_good=True), 106.0, is_good=True)
    assert failed(breaker, 110.0, 3).until_s == 110.0 + 10
    assert failed(breaker, 150.0, 3).until_s == 150.0 + 5


def test_what_started_before_it_opened_neither_closes_nor_reopens_it() -> None:
    breaker = failed(CLOSED, 0.0, 3)
    assert after_success(breaker, 6.0, RULES, is_probe=False) is breaker
    assert after_failure(breaker, 6.0, RULES, is_probe=False) is breaker


def test_a_cancelled_probe_gives_its_place_back_and_a_lost_one_is_given_up() -> None:
    breaker = failed(CLOSED, 0.0, 3)
    for _ in range(2):
        breaker, _ = after_start(breaker, 6.0, RULES)
    assert not lets_through(breaker, 6.0, RULES)
    assert lets_through(after_nothing(breaker, is_probe=True), 6.0, RULES)
    assert lets_through(breaker, 6.0 + RULES.open_cap_s + 1, RULES)


STEP = st.tuples(st.floats(0, 50), st.sampled_from(["start", "good", "bad", "gone"]))


@given(st.lists(STEP, max_size=120))
def test_whatever_happens_it_lets_somebody_through_again_within_the_cap(
    steps: list[tuple[float, str]],
) -> None:
    breaker, now_s = CLOSED, 0.0
    out: list[bool] = []
    for wait_s, what in steps:
        now_s += wait_s
        if what == "start":
            if lets_through(breaker, now_s, RULES):
                breaker, is_probe = after_start(breaker, now_s, RULES)
                out.append(is_probe)
        elif out:
            is_probe = out.pop()
            if what == "good":
                breaker = after_success(breaker, now_s, RULES, is_probe=is_probe)
            elif what == "bad":
                breaker = after_failure(breaker, now_s, RULES, is_probe=is_probe)
            else:
                breaker = after_nothing(breaker, is_probe=is_probe)
        assert 0 <= breaker.probes_out <= RULES.probes
        assert breaker.until_s is None or breaker.until_s <= now_s + RULES.open_cap_s
    assert lets_through(breaker, now_s + 2 * RULES.open_cap_s + 1, RULES)
