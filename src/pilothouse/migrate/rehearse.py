"""Rehearses a rollout: recorded traffic on a simulated clock, through the real policy, client and tick."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pilothouse.client.caller import Asked, Client
from pilothouse.core.call import Call, Score
from pilothouse.core.case import Case
from pilothouse.core.facts import Facts
from pilothouse.core.grade import Given
from pilothouse.core.ports import AuditEntry, PriceOf, Provider, RolloutStore
from pilothouse.core.request import Message, Request
from pilothouse.core.rollout import ACTIVE, Rollout, new_rollout
from pilothouse.core.route import Live, RouteSpec, Split, Target
from pilothouse.migrate.fault import Fault, Faulty
from pilothouse.migrate.plan import Plan
from pilothouse.migrate.runner import advance_once, load, save
from pilothouse.policies.sticky_split import plugin as sticky_split

TICK_S = 60
"""Simulated seconds between two looks."""
START_US = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z: a rehearsal's clock always starts here, so that it can be repeated."""


class RehearsalStore(RolloutStore, Protocol):
    """A rollout store that also takes graded calls."""

    def write_scored(self, scored: Sequence[tuple[Call, tuple[Score, ...]]]) -> None: ...


class Rehearsal:
    """One rehearsal. `show` is told of every transition."""

    def __init__(
        self,
        plan: Plan,
        spec: RouteSpec,
        targets: Mapping[str, Target],
        providers: Mapping[str, Provider],
        price_of: PriceOf,
        store: RehearsalStore,
        cases: Sequence[Case],
        show: Callable[[AuditEntry], None],
        fault: Fault | None = None,
    ) -> None:
        self._plan = plan
        self._spec = spec
        self._old, self._new = targets[plan.file.old], targets[plan.file.new]
        self._store = store
        self._cases = cases
        self._show = show
        self._dice = random.Random(plan.file.rehearsal.seed)
        self._now_us = START_US
        self._recorded: list[Call] = []
        self._share = 0.0
        wrapped = dict(providers)
        if fault is not None:
            name = self._new.provider
            is_on = self._fault_begins(fault)
            wrapped[name] = Faulty(providers[name], fault.errors, is_on, random.Random(0))
        # Ids have dice of their own, by name: two rehearsals of one seed share traffic, not call ids.
        ids = random.Random(f"{plan.file.name} {plan.file.rehearsal.seed}")
        self._client = Client(
            wrapped, price_of, self, lambda: self._now_us, lambda: ids.getrandbits(80)
        )

    def record(self, call: Call) -> None:
        """Calls wait here until they are graded and written together."""
        self._recorded.append(call)

    def begin(self) -> Rollout:
        """Start the rollout, or find it where an earlier rehearsal left it."""
        name = self._plan.file.name
        if self._store.rollout(name) is not None:
            return load(self._store, name)
        rollout, entry = new_rollout(
            id=name,
            route=self._spec.name,
            old=self._old.name,
            new=self._new.name,
            stages=self._plan.stages,
            guards=self._plan.guards,
            alpha=self._plan.file.alpha,
            max_hold_s=self._plan.max_hold_s,
            now_us=START_US,
        )
        saved = save(self._store, rollout, [entry])
        self._show(entry)
        return saved or load(self._store, name)

    async def run(self, rollout: Rollout) -> Rollout:
        """Traffic until the rollout ends or the rehearsal's time is over."""
        until_us = START_US + int(self._plan.rehearsal_s * 1e6)
        self._now_us = max(START_US, rollout.stage_since_us)
        while rollout.status in ACTIVE and rollout.status != "waiting" and self._now_us < until_us:
            self._share = rollout.share
            await self._one_tick_of_traffic(rollout)
            rollout, entries = advance_once(self._store, rollout.id, self._now_us)
            for entry in entries:
                self._show(entry)
        return rollout

    async def _one_tick_of_traffic(self, rollout: Rollout) -> None:
        end_us = self._now_us + TICK_S * 1_000_000
        split = Split(rollout_id=rollout.id, old=self._old, new=self._new, share=rollout.share)
        rate = self._plan.file.rehearsal.requests_per_s
        written: list[tuple[Call, tuple[Score, ...]]] = []
        while True:
            self._now_us += int(self._dice.expovariate(rate) * 1e6)
            if self._now_us >= end_us:
                break
            written += await self._one_request(split)
        self._now_us = end_us
        self._store.write_scored(written)

    async def _one_request(self, split: Split) -> list[tuple[Call, tuple[Score, ...]]]:
        case = self._dice.choice(self._cases)
        user = f"user-{self._dice.randrange(self._plan.file.rehearsal.users)}"
        request = Request(
            model=self._spec.name,
            messages=(Message.of_text("user", case.prompt),),
            subject=user,
        )
        request_id = self._client.new_id()
        facts = Facts(request_id=request_id, model=request.model, subject=request.subject)
        route = sticky_split(facts, self._spec, Live(split=split))
        asked = Asked(source="rehearse", request_id=request_id, case_id=case.id)
        outcome = await self._client.call(request, route, asked=asked)
        calls, self._recorded = self._recorded, []
        if outcome.answer is None:
            return [(call, ()) for call in calls]
        answer = outcome.answer
        given = Given(text=answer.text, finish_reason=answer.finish_reason)
        grade = self._plan.scorer.score(given, case)
        score = Score(
            call_id=calls[-1].id, scorer="rehearsal", value=grade.value, detail=grade.detail
        )
        return [(call, ()) for call in calls[:-1]] + [(calls[-1], (score,))]

    def _fault_begins(self, fault: Fault) -> Callable[[Target], bool]:
        return lambda target: target.name == self._new.name and self._share >= fault.from_share
