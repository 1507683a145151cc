"""The tick: never skips a stage, never comes back from a rollback, folds the same in any batches."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.core.rollout import (
    Guard,
    Observation,
    Rollout,
    Stage,
    advance,
    decide,
    new_rollout,
    observe,
    step_back,
    tick,
)

MINUTE_US = 60_000_000
STAGES = tuple(Stage(share=s, at_least_s=60, requests=5) for s in (0.05, 0.25, 0.5, 1.0))
GUARDS = (Guard(metric="error", ceiling=0.01), Guard(metric="wrong"))


def begun(guards: tuple[Guard, ...] = GUARDS) -> Rollout:
    rollout, entry = new_rollout(
        id="r",
        route="x",
        old="a",
        new="b",
        stages=STAGES,
        guards=guards,
        alpha=0.05,
        max_hold_s=86_400,
        now_us=0,
    )
    assert entry.what == "start"
    return rollout


observations = st.lists(
    st.builds(
        Observation,
        is_new=st.booleans(),
        share=st.sampled_from([0.05, 0.25, 0.5]),
        at_us=st.integers(0, 20 * 86_400_000_000),
        bad=st.tuples(st.booleans(), st.none() | st.booleans()),
    ),
    max_size=60,
)


@given(observations, st.integers(0, 60))
def test_folding_in_batches_equals_folding_one_by_one(seen: list[Observation], cut: int) -> None:
    whole = observe(begun(), seen)
    assert observe(observe(begun(), seen[:cut]), seen[cut:]) == whole
    single = begun()
    for one in seen:
        single = observe(single, [one])
    assert single == whole


@given(observations)
def test_a_rollout_survives_being_written_down(seen: list[Observation]) -> None:
    rollout = observe(begun(), seen)
    assert msgspec.json.decode(msgspec.json.encode(rollout), type=Rollout) == rollout


@settings(max_examples=60)
@given(st.lists(st.tuples(observations, st.integers(1, 400)), max_size=12))
def test_stages_come_one_at_a_time_and_a_rollback_is_for_good(
    steps: list[tuple[list[Observation], int]],
) -> None:
    rollout, now_us = begun(), 0
    for seen, minutes in steps:
        now_us += minutes * MINUTE_US
        before = rollout
        rollout, entries = tick(observe(rollout, seen), now_us)
        assert rollout.stage - before.stage in (0, 1)
        assert len(entries) <= 1
        if before.status == "rolled_back":
            assert rollout.status == "rolled_back"
            assert rollout.share == 0
        if rollout.status == "rolled_back":
            assert rollout.share == 0
        assert rollout.share <= 0.99


def test_an_outage_of_the_new_arm_rolls_back_within_a_few_bad_requests() -> None:
    rollout = begun()
    bad = Observation(is_new=True, share=0.05, at_us=0, bad=(True, None))
    events = 0
    while rollout.status == "running":
        rollout, _ = tick(observe(rollout, [bad]), 1)
        events += 1
    assert rollout.status == "rolled_back"
    assert events <= 5


def test_a_bad_day_of_both_arms_is_nobodys_fault() -> None:
    dice = random.Random(1)
    rollout = begun((Guard(metric="error"),))
    for i in range(5000):
        is_new = dice.random() < 0.25
        is_bad = dice.random() < 0.5
        seen = Observation(is_new=is_new, share=0.25, at_us=i * 1_000_000, bad=(is_bad,))
        rollout, _ = tick(observe(rollout, [seen]), i)
    assert rollout.status == "running"


def test_a_healthy_model_goes_all_the_way_and_a_control_is_kept() -> None:
    dice = random.Random(2)
    rollout, now_us, history = begun(), 0, ["start"]
    while rollout.status == "running" and now_us < 3 * 86_400_000_000:
        seen: list[Observation] = []
        for _ in range(60):
            is_new = dice.random() < rollout.share
            wrong = dice.random() < (0.1 if is_new else 0.3)
            seen.append(
                Observation(is_new=is_new, share=rollout.share, at_us=now_us, bad=(False, wrong))
            )
        now_us += MINUTE_US
        rollout, entries = tick(observe(rollout, seen), now_us)
        history += [e.what for e in entries]
    assert [h for h in history if h != "hold"] == ["start", "advance", "advance", "advance", "done"]
    assert rollout.share == 0.99


def test_what_cannot_be_shown_is_held_and_then_a_person_is_asked() -> None:
    rollout, entries = tick(begun(), 120 * 1_000_000)
    assert [e.what for e in entries] == ["hold"]
    rollout, entries = tick(rollout, 2 * 86_400_000_000)
    assert (rollout.status, [e.what for e in entries]) == ("waiting", ["wait"])
    rollout, entries = advance(rollout, 3 * 86_400_000_000, who="ada", why="looked at it")
    assert (rollout.status, rollout.stage, entries[0].who) == ("running", 1, "ada")
    rollout, _ = step_back(rollout, 3 * 86_400_000_000, who="ada", why="or not")
    assert rollout.stage == 0
    rollout, _ = decide(rollout, 0, "aborted", "abort", who="ada", why="enough")
    assert rollout.share == 0
    assert tick(rollout, 9 * 86_400_000_000) == (rollout, ())


def test_a_paused_rollout_keeps_its_share_and_still_rolls_back() -> None:
    rollout, _ = decide(begun(), 0, "paused", "pause", who="ada", why="lunch")
    assert rollout.share == 0.05
    bad = [Observation(is_new=True, share=0.05, at_us=0, bad=(True, None))] * 6
    assert tick(observe(rollout, bad), 1)[0].status == "rolled_back"


def test_healthy_rollouts_looked_at_every_minute_are_almost_never_rolled_back() -> None:
    dice = random.Random(11)
    rolled_back = 0
    for _ in range(150):
        rollout = begun((Guard(metric="error"),))
        for event in range(400):  # bad events at a common rate, spread over 14 days
            is_new = dice.random() < 0.25
            at_us = event * 14 * 86_400_000_000 // 400
            seen = Observation(is_new=is_new, share=0.25, at_us=at_us, bad=(True,))
            rollout = observe(rollout, [seen])
        rolled_back += tick(rollout, 0)[0].status == "rolled_back"
    assert rolled_back / 150 <= 0.05
