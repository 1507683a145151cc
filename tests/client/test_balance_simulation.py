"""Simulated traffic on a simulated clock: what the parts do together."""

from __future__ import annotations

import heapq
import random

import pytest

from pilothouse import registry
from pilothouse.client.retry import Failure, NextTarget, Retry, RetryBudget, next_step
from pilothouse.client.routing import Router
from pilothouse.core.facts import Facts
from pilothouse.core.health import TargetHealth
from pilothouse.core.route import Live, Route, RouteSpec, Target
from pilothouse.core.route_settings import Retries

TARGETS = tuple(Target(name=n, provider=n, model=n) for n in "abcd")
LANES = 8
"""Requests a simulated target answers at once; the others wait."""


class Lanes:
    """A target with a queue: `LANES` at a time, each for about `mean_s`."""

    def __init__(self, mean_s: float) -> None:
        self._mean_s = mean_s
        self._free_at_s = [0.0] * LANES

    def answer_at(self, now_s: float, dice: random.Random) -> float:
        start_s = max(now_s, heapq.heappop(self._free_at_s))
        end_s = start_s + self._mean_s * dice.uniform(0.5, 1.5)
        heapq.heappush(self._free_at_s, end_s)
        return end_s


def p99_s(policy: str) -> float:
    """Of 20,000 requests at 12 a second over four targets, of which `d` is ten times slower.

    Taking turns loads `d` to three quarters of what it can do: slow, but not overrun.
    """
    dice = random.Random(1)
    spec = RouteSpec(name="r", policy=policy, targets=TARGETS)
    choose = None if policy == "round_robin" else registry.plugin("policies", policy)
    lanes = {t.name: Lanes(2.0 if t.name == "d" else 0.2) for t in TARGETS}
    health = {t.name: TargetHealth() for t in TARGETS}
    ends: list[tuple[float, str, float]] = []
    taken: list[float] = []
    now_s = 0.0
    for i in range(20_000):
        now_s += dice.expovariate(12.0)
        while ends and ends[0][0] <= now_s:
            end_s, name, took_s = heapq.heappop(ends)
            health[name].end_ok(end_s, took_s)
        live = Live(now_s=now_s, draw=dice.random(), health=health)
        facts = Facts(request_id=str(i), model="r")
        target = TARGETS[i % 4] if choose is None else choose(facts, spec, live).targets[0]
        health[target.name].start(now_s)
        end_s = lanes[target.name].answer_at(now_s, dice)
        heapq.heappush(ends, (end_s, target.name, end_s - now_s))
        taken.append(end_s - now_s)
    return sorted(taken)[int(0.99 * len(taken))]


def test_two_choices_beat_turns_when_one_target_is_slow() -> None:
    turns, two = p99_s("round_robin"), p99_s("latency_p2c")
    assert turns > 2.0
    assert two < turns / 2


def test_least_busy_beats_turns_when_one_target_is_slow() -> None:
    assert p99_s("least_busy") < p99_s("round_robin")


class Outage:
    """A provider that is down between two times; counts what it is asked."""

    def __init__(self, from_s: float, until_s: float) -> None:
        self._from_s, self._until_s = from_s, until_s
        self.asked_in_outage = 0

    def fails(self, now_s: float) -> bool:
        is_down = self._from_s <= now_s < self._until_s
        self.asked_in_outage += is_down
        return is_down


def outage(targets: tuple[Target, ...], *, guarded: bool) -> tuple[float, float]:
    """Attempts a request at a broken `a` during a minute of outage, and the share of answered requests.

    50 requests a second; up to 3 attempts a target. Unguarded: no breaker, no budget.
    """
    dice = random.Random(2)
    retries = Retries(attempts_per_target=3, backoff_base_s=0.1, budget_share=0.2)
    router = Router(
        {"r": RouteSpec(name="r", policy="fallback", targets=targets)},
        lambda name: registry.plugin("policies", name),
    )
    spec = router.spec("r")
    assert spec is not None
    health = {t.name: TargetHealth() for t in targets}
    budgets = {t.name: RetryBudget(0.2, 1.0) for t in targets}
    broken, asked, answered = Outage(60.0, 120.0), 0, 0
    for i in range(50 * 180):
        now_s = i / 50
        live = Live(now_s=now_s, draw=dice.random(), health=health if guarded else {})
        route = router.route(Facts(request_id=str(i), model="r"), spec, live)
        asked += 60.0 <= now_s < 120.0
        is_ok = one_request(route, now_s, broken, health, budgets, retries, dice, guarded=guarded)
        answered += is_ok and 60.0 <= now_s < 120.0
    return broken.asked_in_outage / asked, answered / asked


def one_request(
    route: Route,
    now_s: float,
    broken: Outage,
    health: dict[str, TargetHealth],
    budgets: dict[str, RetryBudget],
    retries: Retries,
    dice: random.Random,
    *,
    guarded: bool,
) -> bool:
    for place, target in enumerate(route.targets):
        budget, state, tries = budgets[target.name], health[target.name], 0
        budget.requested()
        while True:
            tries += 1
            is_probe = state.start(now_s)
            if target.name != "a" or not broken.fails(now_s):
                state.end_ok(now_s, 0.1, is_probe=is_probe)
                return True
            state.end_error(now_s, "provider_down", is_probe=is_probe)
            failure = Failure(
                kind="provider_down",
                tries=tries,
                has_next=place + 1 < len(route.targets),
                has_budget=not guarded or budget.has_one(now_s),
                draw=dice.random(),
            )
            step = next_step(failure, retries)
            if isinstance(step, Retry):
                budget.spend()
                now_s += step.after_s
                continue
            if isinstance(step, NextTarget):
                break
            return False
    return False


def test_without_a_breaker_and_a_budget_an_outage_is_asked_three_times_as_much() -> None:
    amplification, _ = outage(TARGETS[:1], guarded=False)
    assert amplification == pytest.approx(3.0, abs=0.05)


def test_a_budget_bounds_the_storm_when_there_is_no_other_target() -> None:
    amplification, _ = outage(TARGETS[:1], guarded=True)
    # One attempt a request, a fifth more by the share, a retry a second by the floor, 20 in store.
    assert amplification <= 1 + 0.2 + 1 / 50 + 20 / 3000 + 0.01


def test_a_breaker_leaves_a_broken_target_nearly_alone_when_another_can_answer() -> None:
    amplification, answered = outage(TARGETS[:2], guarded=True)
    assert amplification < 0.02
    assert answered == 1.0
