"""A job that may wait starts at the cheapest moment that leaves time enough."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.errors import InvalidInput
from pilothouse.core.release import OffPeak, factor_at, off_peak, release_us

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
MIDNIGHT = 20_000 * DAY
NIGHT = off_peak("22:00-06:00", Decimal("0.5"))


def test_a_job_waits_for_the_cheaper_window() -> None:
    noon = MIDNIGHT + 12 * HOUR
    assert release_us(noon, noon + DAY, [NIGHT]) == MIDNIGHT + 22 * HOUR


def test_a_job_in_the_window_starts_at_once() -> None:
    for hour in (23, 24, 29):
        now = MIDNIGHT + hour * HOUR
        assert release_us(now, now + DAY, [NIGHT]) == now


def test_a_deadline_before_the_window_is_not_risked() -> None:
    noon = MIDNIGHT + 12 * HOUR
    assert release_us(noon, noon + 10 * HOUR, [NIGHT]) == noon
    # Ten hours to the window, a tenth of the time kept free: eleven hours are too few, twelve are enough.
    assert release_us(noon, noon + 11 * HOUR, [NIGHT]) == noon
    assert release_us(noon, noon + 12 * HOUR, [NIGHT]) == MIDNIGHT + 22 * HOUR


def test_the_cheapest_of_several_windows_wins_and_of_equals_the_first() -> None:
    noon = MIDNIGHT + 12 * HOUR
    cheap = off_peak("03:00-04:00", Decimal("0.25"))
    same = off_peak("20:00-21:00", Decimal("0.5"))
    assert release_us(noon, noon + DAY, [NIGHT, cheap]) == MIDNIGHT + 27 * HOUR
    assert release_us(noon, noon + DAY, [NIGHT, same]) == MIDNIGHT + 20 * HOUR


def test_a_window_that_costs_more_is_waited_out() -> None:
    peak = off_peak("09:00-17:00", Decimal(2))
    noon = MIDNIGHT + 12 * HOUR
    prices = {True: Decimal(2), False: Decimal(1)}
    at = release_us(noon, noon + DAY, [peak], price_at=lambda at_us: prices[peak.holds(at_us)])
    assert at == MIDNIGHT + 17 * HOUR


def test_a_moment_without_a_price_is_never_waited_for() -> None:
    noon = MIDNIGHT + 12 * HOUR
    assert release_us(noon, noon + DAY, [NIGHT], price_at=lambda at_us: None) == noon


@given(
    start=st.integers(0, 2 * DAY),
    length=st.integers(1, 7 * DAY),
    windows=st.lists(
        st.builds(
            OffPeak,
            st.integers(0, 1439),
            st.integers(0, 1439),
            st.decimals("0.1", "0.9", places=1),
        ),
        max_size=3,
    ),
)
def test_waiting_never_costs_more_nor_the_deadline(
    start: int, length: int, windows: list[OffPeak]
) -> None:
    at = release_us(start, start + length, windows)
    assert start <= at
    assert at == start or at <= start + length - max(length * 0.0999, 10 * 60 * 1_000_000)
    assert factor_at(windows, at) <= factor_at(windows, start)
    assert at == start or factor_at(windows, at) < factor_at(windows, start)


@pytest.mark.parametrize("text", ["", "22:00", "25:00-01:00", "a-b", "22-23", "10:60-11:00"])
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        off_peak(text, Decimal(1))
