"""Periods of budgets, and money as whole pico-dollars."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.limits import FOREVER_US, period_of
from pilothouse.core.pico import pico_usd, pico_usd_up, usd


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("per", "at", "name", "ends"),
    [
        ("day", "2026-02-28T23:59:59", "2026-02-28", "2026-03-01"),
        ("day", "2028-02-28T00:00:00", "2028-02-28", "2028-02-29"),
        ("month", "2026-12-31T23:59:59", "2026-12", "2027-01-01"),
        ("month", "2026-01-31T12:00:00", "2026-01", "2026-02-01"),
        ("month", "2026-02-01T00:00:00", "2026-02", "2026-03-01"),
    ],
)
def test_periods_are_calendar_days_and_months_in_utc(
    per: str, at: str, name: str, ends: str
) -> None:
    assert period_of(per, us(at)) == (name, us(ends))  # type: ignore[arg-type]


def test_a_total_never_ends() -> None:
    assert period_of("total", us("2026-01-01")) == ("total", FOREVER_US)


@given(st.integers(0, 4_000_000_000_000_000), st.sampled_from(["day", "month"]))
def test_a_moment_lies_in_its_period_and_the_end_opens_the_next(at_us: int, per: str) -> None:
    name, ends_us = period_of(per, at_us)  # type: ignore[arg-type]
    assert at_us < ends_us
    assert period_of(per, ends_us - 1)[0] == name  # type: ignore[arg-type]
    assert period_of(per, ends_us)[0] > name  # type: ignore[arg-type]


@given(st.decimals(0, 9_000_000, places=12))
def test_dollars_to_pico_dollars_and_back_loses_nothing(cost: Decimal) -> None:
    assert usd(pico_usd(cost)) == cost
    assert pico_usd_up(cost) == pico_usd(cost)


def test_what_is_set_aside_is_rounded_up_and_what_is_charged_to_the_nearest() -> None:
    assert pico_usd_up(Decimal("0.0000000000011")) == 2
    assert pico_usd(Decimal("0.0000000000011")) == 1
