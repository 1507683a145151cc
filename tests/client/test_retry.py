"""What follows a failed attempt, class by class; and retries that cannot become a storm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.client.retry import (
    Failure,
    GiveUp,
    NextKey,
    NextTarget,
    Retry,
    RetryBudget,
    backoff_s,
    next_step,
)
from pilothouse.core.route_settings import Retries

RETRIES = Retries(attempts_per_target=3, backoff_base_s=1.0, backoff_cap_s=8.0)
CLASSES = [
    *("caller", "context_window", "auth", "keys_exhausted", "rate_limited", "refused"),
    "target_limited",
    *("provider_down", "timeout", "garbage", "cut", "cancelled", "something_new"),
]


def step(kind: str, **more: object) -> Retry | NextKey | NextTarget | GiveUp:
    return next_step(Failure(kind=kind, **more), RETRIES)  # type: ignore[arg-type]


def test_a_dead_key_is_changed_at_once_then_the_target_then_it_is_over() -> None:
    assert isinstance(step("auth", has_other_key=True, has_next=True), NextKey)
    assert isinstance(step("auth", has_next=True), NextTarget)
    assert isinstance(step("keys_exhausted", has_next=True, has_other_key=True), NextTarget)
    assert isinstance(step("auth"), GiveUp)


def test_a_limited_key_is_changed_at_once_and_the_last_one_is_waited_for() -> None:
    assert isinstance(step("rate_limited", has_other_key=True), NextKey)
    assert step("rate_limited", retry_after_s=5.0, draw=0.5) == Retry(
        5.5, "the provider asks us to slow down"
    )


def test_a_long_retry_after_goes_to_another_target_and_without_one_waits() -> None:
    assert isinstance(step("rate_limited", retry_after_s=30.0, has_next=True), NextTarget)
    waits = step("rate_limited", retry_after_s=30.0, remaining_s=60.0)
    assert isinstance(waits, Retry) and waits.after_s >= 30.0


def test_a_retry_after_beyond_the_deadline_is_not_waited_for_and_the_caller_is_told() -> None:
    given_up = step("rate_limited", retry_after_s=90.0, remaining_s=60.0)
    assert isinstance(given_up, GiveUp) and given_up.retry_after_s == 90.0


@pytest.mark.parametrize("kind", ["provider_down", "garbage", "cut"])
def test_a_fault_is_tried_again_at_most_so_often_then_elsewhere(kind: str) -> None:
    assert isinstance(step(kind, tries=2, has_next=True), Retry)
    assert isinstance(step(kind, tries=3, has_next=True), NextTarget)
    assert isinstance(step(kind, tries=3), GiveUp)


def test_a_silent_target_is_asked_again_only_when_there_is_no_other() -> None:
    assert isinstance(step("timeout", has_next=True), NextTarget)
    assert isinstance(step("timeout"), Retry)


@pytest.mark.parametrize("kind", ["caller", "cancelled", "something_new"])
def test_what_would_end_the_same_is_never_tried_again(kind: str) -> None:
    everything = step(
        kind,
        has_next=True,
        has_other_key=True,
        has_context_fallback=True,
        has_content_fallback=True,
    )
    assert isinstance(everything, GiveUp)


def test_a_refusal_goes_only_to_content_fallbacks() -> None:
    assert isinstance(step("refused", has_next=True), GiveUp)
    onward = step("refused", has_content_fallback=True)
    assert isinstance(onward, NextTarget) and onward.chain == "content"


def test_a_question_too_long_goes_only_to_context_fallbacks() -> None:
    assert isinstance(step("context_window", has_next=True), GiveUp)
    onward = step("context_window", has_context_fallback=True)
    assert isinstance(onward, NextTarget) and onward.chain == "context"


@pytest.mark.parametrize("kind", CLASSES)
def test_nothing_follows_once_part_of_the_answer_is_sent(kind: str) -> None:
    committed = step(
        kind, is_committed=True, has_next=True, has_other_key=True, has_context_fallback=True
    )
    assert isinstance(committed, GiveUp)


def test_no_caller_is_held_for_a_limit_of_more_than_two_minutes() -> None:
    alone = step("rate_limited", retry_after_s=300.0, remaining_s=600.0)
    assert isinstance(alone, GiveUp)
    assert alone.retry_after_s == 300.0
    assert isinstance(step("rate_limited", retry_after_s=300.0, has_next=True), NextTarget)
    assert isinstance(step("rate_limited", retry_after_s=100.0, remaining_s=600.0), Retry)


def test_without_budget_there_is_no_retry_but_a_fallback() -> None:
    assert isinstance(step("provider_down", has_budget=False, has_next=True), NextTarget)
    assert isinstance(step("provider_down", has_budget=False), GiveUp)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_are_spread_from_zero_up_to_a_doubling_capped_limit(tries: int, draw: float) -> None:
    limit_s = min(RETRIES.backoff_cap_s, RETRIES.backoff_base_s * 2 ** min(tries - 1, 60))
    assert backoff_s(tries, RETRIES, draw) == pytest.approx(draw * limit_s)


@given(
    kind=st.sampled_from(CLASSES),
    tries=st.integers(1, 20),
    retry_after_s=st.none() | st.floats(0, 1e6),
    flags=st.tuples(*[st.booleans()] * 6),
    remaining_s=st.floats(0, 1e4),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_every_step_is_one_that_can_be_taken_and_says_why(
    kind: str,
    tries: int,
    retry_after_s: float | None,
    flags: tuple[bool, ...],
    remaining_s: float,
    draw: float,
) -> None:
    committed, key, onward, context, content, budget = flags
    failure = Failure(
        kind=kind,
        tries=tries,
        retry_after_s=retry_after_s,
        is_committed=committed,
        has_other_key=key,
        has_next=onward,
        has_context_fallback=context,
        has_content_fallback=content,
        remaining_s=remaining_s,
        has_budget=budget,
        draw=draw,
    )
    taken = next_step(failure, RETRIES)
    assert taken.why
    match taken:
        case Retry(after_s):
            assert budget and tries < RETRIES.attempts_per_target and after_s < remaining_s
            assert after_s >= (retry_after_s or 0)
        case NextKey():
            assert key
        case NextTarget(chain=chain):
            assert {"route": onward, "context": context, "content": content}[chain]
        case GiveUp():
            pass


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 5)), max_size=300))
def test_a_budget_never_gives_more_than_its_part_its_floor_and_its_store(
    events: list[tuple[bool, float]],
) -> None:
    budget, now_s, requests, retries = RetryBudget(0.2, 0.5, cap=10), 0.0, 0, 0
    for is_request, wait_s in events:
        now_s += wait_s
        if is_request:
            requests += 1
            budget.requested()
        if budget.has_one(now_s):
            budget.spend()
            retries += 1
    assert retries <= 10 + 0.2 * requests + 0.5 * now_s + 1e-6
