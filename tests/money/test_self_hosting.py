from __future__ import annotations

from decimal import Decimal

import pytest

from pilothouse.core.errors import InvalidInput, NotFound
from pilothouse.money.break_even import BreakEven, Fleet, break_even
from pilothouse.money.capacity import SECONDS_A_MONTH, Curve, held_out_errors, load, output_rate
from pilothouse.money.hardware import curves, gpu, load_hardware

FLEETS = {  # the curves that the published table rests on: 1,000 tokens in and 1,000 out
    "8b": ("llama-3.1-8b", 1),
    "70b": ("llama-3.3-70b", 2),
    "405b": ("llama-3.1-405b", 8),
}
API_USD = {"gpt-4": "0.048", "claude-3.5-sonnet": "0.0075", "gpt-4o": "0.0055",
           "gpt-3.5-turbo": "0.00095", "gpt-4o-mini": "0.00033"}  # fmt: skip
TABLE = {  # millions of requests a month at 1.30 and at 3.00 USD a GPU-hour
    ("8b", "gpt-4"): (0.02, 0.05), ("8b", "claude-3.5-sonnet"): (0.13, 0.29),
    ("8b", "gpt-4o"): (0.17, 0.40), ("8b", "gpt-3.5-turbo"): (1.0, 2.3), ("8b", "gpt-4o-mini"): (2.9, 6.6),
    ("70b", "gpt-4"): (0.04, 0.09), ("70b", "claude-3.5-sonnet"): (0.25, 0.58),
    ("70b", "gpt-4o"): (0.35, 0.80), ("70b", "gpt-3.5-turbo"): (2.0, 4.6), ("70b", "gpt-4o-mini"): (5.8, 13),
    ("405b", "gpt-4"): (0.16, 0.36), ("405b", "claude-3.5-sonnet"): (1.0, 2.3),
    ("405b", "gpt-4o"): (1.4, 3.2), ("405b", "gpt-3.5-turbo"): (8.0, 18), ("405b", "gpt-4o-mini"): (23, 53),
}  # fmt: skip
FULL = {"8b": 133, "70b": 37, "405b": 26}


def fleet(size: str, hour: str, peak: float = 1.0) -> Fleet:
    model, gpus = FLEETS[size]
    curve = next(
        c for c in curves(model, "h100")
        if (c.gpus, c.input_tokens, c.output_tokens) == (gpus, 1000, 1000)
    )  # fmt: skip
    return Fleet(curve=curve, gpu_hour_usd=Decimal(hour), peak_to_average=peak)


@pytest.mark.parametrize(("size", "api"), list(TABLE))
def test_the_published_break_even_table(size: str, api: str) -> None:
    for hour, millions in zip(("1.30", "3.00"), TABLE[size, api], strict=True):
        found = break_even(
            fleet(size, hour), api_request_usd=Decimal(API_USD[api]), input_tokens=1000, output_tokens=300
        )  # fmt: skip
        assert found.price_alone_at / 1e6 == pytest.approx(millions, rel=0.06, abs=0.006)


@pytest.mark.parametrize("size", list(FULL))
def test_one_replica_is_full_where_the_table_says(size: str) -> None:
    flat = break_even(
        fleet(size, "3"), api_request_usd=Decimal(1), input_tokens=1, output_tokens=300
    )
    assert flat.first_replica_full_at / 1e6 == pytest.approx(FULL[size], rel=0.02)
    peak = break_even(
        fleet(size, "3", 10.0), api_request_usd=Decimal(1), input_tokens=1, output_tokens=300
    )
    assert peak.first_replica_full_at * 10 == pytest.approx(flat.first_replica_full_at, rel=1e-3)


def test_at_ten_times_the_average_capacity_binds_before_price() -> None:
    found = break_even(
        fleet("405b", "3.00", 10.0),
        api_request_usd=Decimal(API_USD["gpt-4o"]),
        input_tokens=1000,
        output_tokens=300,
    )
    assert found.capacity_binds_first
    assert all(a.own_usd <= b.own_usd for a, b in zip(found.points, found.points[1:], strict=False))


def test_runs_that_were_not_seen_are_predicted_within_12_of_100_for_9_of_10() -> None:
    measured = [c for c in load_hardware().curves if len(c.runs) > 1]
    errors = sorted(held_out_errors(measured, (2.0, 2.5, 3.0, 4.0, 6.0, 8.0)))
    assert len(errors) == 119
    assert errors[int(0.9 * len(errors))] < 0.12
    assert errors[len(errors) // 2] < 0.02


def test_output_follows_the_rate_until_capacity_and_never_passes_it() -> None:
    assert output_rate(1, 256, 6000) == pytest.approx(256, rel=0.001)
    assert output_rate(1000, 256, 6000) == pytest.approx(6000, rel=0.001)
    assert output_rate(0, 256, 6000) == 0


def test_replicas_are_for_the_peak_and_one_more() -> None:
    curve = fleet("8b", "3").curve
    rate = curve.capacity_tokens_per_s / 300
    found = load(
        curve, requests_per_s=rate, input_tokens=1000, output_tokens=300, peak_to_average=3, spare_replicas=1
    )  # fmt: skip
    assert found.replicas == 4 + 1  # 3 / 0.85 rounded up, and the spare one
    assert found.is_extrapolated


def test_what_nobody_measured_is_not_guessed() -> None:
    with pytest.raises(NotFound, match="no capacity is guessed"):
        curves("falcon-40b", "h100")
    with pytest.raises(InvalidInput, match='Did you mean "h100"'):
        gpu("h1000")


def test_the_stretches_where_own_machines_cost_less_are_exact_at_every_step() -> None:
    """One replica of 1,000 requests a month costs 730: an API at 0.50 a request pays off at 1,460, never alone."""
    curve = Curve(
        id="c", model="m", engine="e", precision="fp8", gpu="g", gpus=1, input_tokens=100,
        output_tokens=SECONDS_A_MONTH, runs=[(0, 1000.0)], source="made up",
    )  # fmt: skip
    fleet = Fleet(curve=curve, gpu_hour_usd=Decimal(1))

    def at(price: str) -> BreakEven:
        return break_even(
            fleet,
            api_request_usd=Decimal(price),
            input_tokens=100,
            output_tokens=SECONDS_A_MONTH,
            up_to=10_000,
        )

    never = at("0.50")
    assert never.capacity_binds_first and never.own_cheaper == ()
    stretches = at("1.00").own_cheaper
    assert stretches[0] == (730, 1000) and stretches[1] == (1460, 2000)
    assert stretches[2] == (2190, None)
    for start, end in stretches[:2]:
        assert end is not None and start < end
