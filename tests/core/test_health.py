"""What a target's tracker remembers, and the order that follows for a route."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.health import HealthRules, TargetHealth
from pilothouse.core.route import Target
from pilothouse.core.standing import standing

A, B, C, D = (Target(name=n, provider="p", model=n) for n in "abcd")


def broken(now_s: float = 0.0) -> TargetHealth:
    health = TargetHealth()
    for _ in range(5):
        fail(health, now_s, "provider_down")
    return health


def limited(retry_after_s: float) -> TargetHealth:
    health = TargetHealth()
    fail(health, 0.0, "rate_limited", retry_after_s)
    return health


def fail(health: TargetHealth, now_s: float, kind: str, retry_after_s: float | None = None) -> None:
    is_probe = health.start(now_s)
    health.end_error(now_s, kind, retry_after_s=retry_after_s, is_probe=is_probe)


def answer(health: TargetHealth, now_s: float, latency_s: float) -> None:
    is_probe = health.start(now_s)
    health.end_ok(now_s, latency_s, is_probe=is_probe)


def test_a_slow_answer_counts_at_once_and_is_forgotten_slowly() -> None:
    health = TargetHealth()
    answer(health, 0.0, 1.0)
    answer(health, 1.0, 9.0)
    assert health.latency.seconds == 9.0
    answer(health, 2.0, 1.0)
    assert 7.0 < (health.latency.seconds or 0) < 9.0
    assert health.cost_s(2.0, stream=False) > health.cost_s(60.0, stream=False) > 0


def test_requests_under_way_multiply_the_cost() -> None:
    health = TargetHealth()
    answer(health, 0.0, 2.0)
    health.start(0.0)
    health.start(0.0)
    assert health.cost_s(0.0, stream=False) == 6.0


def test_streams_are_compared_by_their_first_token() -> None:
    health = TargetHealth()
    health.start(0.0)
    health.end_ok(0.0, 30.0, 0.5)
    assert health.cost_s(0.0, stream=True) == 0.5
    assert health.cost_s(0.0, stream=False) == 30.0


def test_a_failure_does_not_look_like_a_quick_answer() -> None:
    health = broken()
    assert health.latency.seconds is None
    assert health.errors == {"provider_down": 5}


@pytest.mark.parametrize("kind", ["caller", "refused", "context_window", "auth", "cancelled"])
def test_what_is_not_the_targets_fault_never_opens_its_breaker(kind: str) -> None:
    health = TargetHealth()
    for _ in range(50):
        fail(health, 0.0, kind)
    assert not health.is_open(0.0)
    assert health.in_flight == 0


def test_the_longer_retry_after_wins() -> None:
    health = limited(30.0)
    fail(health, 1.0, "rate_limited", 2.0)
    assert health.cool_until_s == 30.0
    fail(health, 2.0, "rate_limited", 60.0)
    assert health.cool_until_s == 62.0


def test_a_limit_without_a_time_cools_down_longer_each_time_and_success_forgets_it() -> None:
    health = TargetHealth()
    fail(health, 0.0, "rate_limited")
    assert health.cool_until_s == 1.0
    fail(health, 1.0, "rate_limited")
    assert health.cool_until_s == 3.0
    answer(health, 3.0, 0.1)
    fail(health, 10.0, "rate_limited")
    assert health.cool_until_s == 11.0


def test_a_limit_of_one_key_of_several_does_not_cool_the_target() -> None:
    health = TargetHealth()
    health.start(0.0)
    health.end_error(0.0, "rate_limited", retry_after_s=60.0, has_other_key=True)
    assert health.ready_in_s(0.0) == 0.0


def test_an_absurd_retry_after_is_believed_for_an_hour() -> None:
    assert limited(1e9).cool_until_s == 3600.0


def test_the_unfit_go_last_in_the_order_in_which_they_are_ready() -> None:
    health = {"a": limited(60.0), "b": broken(), "c": TargetHealth()}
    stand = standing([A, B, C], health, 1.0)
    assert [t.name for t in stand.targets] == ["c", "b", "a"]
    assert (stand.usable, stand.wait_s) == (1, 0.0)
    assert "a is cooling down for 59.0 s" in stand.why and "b is open for 4.0 s" in stand.why


def test_the_only_target_of_a_route_is_never_taken_out_but_waited_for() -> None:
    stand = standing([A], {"a": limited(7.0)}, 1.0)
    assert stand.targets == (A,)
    assert (stand.usable, stand.wait_s) == (0, 6.0)


def test_when_most_are_open_breakers_are_ignored_but_cool_downs_are_not() -> None:
    health = {"a": broken(), "b": broken(), "c": broken(), "d": limited(60.0)}
    stand = standing([A, B, D, C], health, 1.0)
    assert [t.name for t in stand.targets] == ["a", "b", "c", "d"]
    assert stand.usable == 3
    assert "breakers ignored: only 1 of 4 targets closed" in stand.why


def test_the_only_broken_target_is_tried() -> None:
    assert standing([A], {"a": broken()}, 1.0).usable == 1


def test_two_targets_with_one_broken_are_no_panic() -> None:
    stand = standing([A, B], {"a": broken()}, 1.0)
    assert [t.name for t in stand.targets] == ["b", "a"]
    assert stand.usable == 1


KINDS = ["provider_down", "timeout", "rate_limited", "auth", "caller", "cancelled", "ok"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(KINDS), st.floats(0, 20)), max_size=80
    ),
    st.floats(0, 1),
)
def test_no_history_ever_loses_a_target_or_leaves_one_under_way(
    history: list[tuple[str, str, float]], panic_share: float
) -> None:
    rules = HealthRules(panic_share=panic_share)
    health = {n: TargetHealth(rules) for n in "abcd"}
    now_s = 0.0
    for name, kind, wait_s in history:
        now_s += wait_s
        if kind == "ok":
            answer(health[name], now_s, wait_s)
        else:
            fail(health[name], now_s, kind, wait_s if kind == "rate_limited" else None)
    stand = standing([A, B, C, D], health, now_s, rules)
    assert sorted(t.name for t in stand.targets) == ["a", "b", "c", "d"]
    assert 0 <= stand.usable <= 4
    assert stand.wait_s >= 0 and (stand.usable == 0 or stand.wait_s == 0)
    assert all(h.in_flight == 0 for h in health.values())
