"""Counting recorded calls: exact, bounded, and added up over workers."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from pilothouse.client.metrics import BOUNDS_MS, MOST_SERIES, MeteredRecorder, summed
from pilothouse.core.call import Call

OK = Call(
    id="c",
    request_id="r",
    at_us=1,
    source="serve",
    route="support",
    arm="main",
    target="small",
    provider="p",
    model="m",
    status="ok",
    latency_ms=120.0,
    ttft_ms=5.0,
    input_tokens=10,
    output_tokens=3,
    cost_usd=Decimal("0.1"),
)
FAILED = replace(OK, status="error", error_class="timeout", cost_usd=None, ttft_ms=None)


class Kept:
    def __init__(self) -> None:
        self.calls: list[Call] = []

    def record(self, call: Call) -> None:
        self.calls.append(call)


def counted(*calls: Call) -> MeteredRecorder:
    metered = MeteredRecorder(Kept())
    for call in calls:
        metered.record(call)
    return metered


def test_every_call_is_handed_on_as_it_is() -> None:
    kept = Kept()
    metered = MeteredRecorder(kept)
    metered.record(OK)
    assert kept.calls == [OK]


def test_attempts_requests_retries_tokens_and_money_are_counted_apart() -> None:
    [series] = counted(FAILED, replace(OK, attempt=2), OK).series
    assert (series.requests, series.retries) == (2, 1)
    assert series.outcomes == {"timeout": 1, "": 2}
    assert (series.input_tokens, series.output_tokens) == (30, 9)
    assert series.cost_usd == Decimal("0.2")
    assert sum(series.latency.counts) == 2, "a failure has no latency of an answer"


def test_an_answer_without_a_price_is_counted_as_unpriced_and_a_failure_is_not() -> None:
    [series] = counted(replace(OK, cost_usd=None), FAILED).series
    assert series.unpriced == 1


def test_a_duration_on_a_bound_is_within_it_and_one_above_all_has_a_bucket() -> None:
    above = replace(OK, latency_ms=BOUNDS_MS[-1] + 1)
    [series] = counted(replace(OK, latency_ms=BOUNDS_MS[0]), above).series
    assert (series.latency.counts[0], series.latency.counts[-1]) == (1, 1)


def test_ever_new_names_count_together_past_the_most() -> None:
    calls = [replace(OK, route=f"r{n}") for n in range(MOST_SERIES + 50)]
    series = counted(*calls).series
    assert len(series) == MOST_SERIES + 1
    assert series[-1].route == "(others)"
    assert sum(one.requests for one in series) == len(calls)


def test_workers_counts_add_up_and_stay_as_they_were() -> None:
    first, second = counted(OK, FAILED), counted(OK, replace(OK, target="big"))
    whole = summed([*first.series, *second.series])
    assert [(one.target, one.requests) for one in whole] == [("big", 1), ("small", 3)]
    assert whole[1].latency.sum_ms == 240.0
    assert first.series[0].requests == 2
