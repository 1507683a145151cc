"""The sliding count against a log of every event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.client.limits.messages import duration
from pilothouse.client.limits.window import SPECS, Window, specs_of
from pilothouse.core.limits import Limits

MINUTE = SPECS[0]
SPAN_US = 60_000_000

steps = st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(0, 7)), min_size=1, max_size=60)


@given(steps, st.integers(1, 12))
def test_no_span_of_a_minute_ever_holds_more_than_the_limit(
    steps: list[tuple[int, int]], limit: int
) -> None:
    window, now, log = Window(MINUTE, limit), 0, list[tuple[int, int]]()
    for passed_us, amount in steps:
        now += passed_us
        window.roll(now)
        if window.total + amount <= limit:
            window.correct(now, now, amount)
            log.append((now, amount))
    for end, _ in log:
        assert sum(amount for at, amount in log if end - SPAN_US < at <= end) <= limit


@given(steps, st.integers(1, 12), st.integers(1, 12))
def test_the_wait_that_is_told_is_enough_and_not_a_slot_too_long(
    steps: list[tuple[int, int]], limit: int, asked: int
) -> None:
    window, now = Window(MINUTE, limit), 0
    for passed_us, amount in steps:
        now += passed_us
        window.roll(now)
        if window.total + amount <= limit:
            window.correct(now, now, amount)
    asked = min(asked, limit)
    wait_us = window.wait_us(now, asked)
    assert (wait_us == 0) == (window.total + asked <= limit)
    if wait_us:
        window.roll(now + wait_us - 1)
        assert window.total + asked > limit
    window.roll(now + wait_us)
    assert window.total + asked <= limit


@given(steps)
def test_after_the_reset_that_is_told_nothing_counts_any_more(steps: list[tuple[int, int]]) -> None:
    window, now = Window(MINUTE, 10), 0
    for passed_us, amount in steps:
        now += passed_us
        window.correct(now, now, amount)
    empty_us = window.empty_us(now)
    assert empty_us <= SPAN_US + window.width_us
    window.roll(now + empty_us)
    assert window.total == 0


def test_a_correction_of_what_no_longer_counts_changes_nothing() -> None:
    window = Window(MINUTE, 10)
    window.correct(0, 0, 10)
    window.correct(0, 70_000_000, -5)
    assert window.total == 0
    assert not any(window.ring)


def test_a_clock_that_stands_or_goes_back_forgets_nothing() -> None:
    window = Window(MINUTE, 10)
    window.correct(30_000_000, 30_000_000, 4)
    window.roll(0)
    assert window.total == 4


def test_only_the_limits_that_are_given_are_counted() -> None:
    found = [
        (spec.name, limit) for spec, limit in specs_of(Limits(requests_per_day=5, concurrency=1))
    ]
    assert found == [("requests_per_day", 5)]


def test_durations_are_written_as_openai_writes_them() -> None:
    assert [duration(s) for s in (0, 0.12, 1, 1.5, 60, 360, 86399)] == [
        "0ms", "120ms", "1s", "1.5s", "1m0s", "6m0s", "23h59m59s",
    ]  # fmt: skip
