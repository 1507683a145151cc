"""Answer fast, improve later: once the caller has an answer, a better model is asked the same, and the caller may
fetch what it says. Where it hardly ever says anything else, it is asked no more but for a sample.

An upgrade is kept as a job that the process which answered holds itself: every worker and every restart finds it,
it has a webhook, and one whose process died ends by its lease. It is never queued: the question is not written down.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import msgspec
from msgspec import Raw, structs

from pilothouse.client.attempt import Asked
from pilothouse.client.caller import Outcome
from pilothouse.client.copies import Copies, Copy
from pilothouse.client.guarding import Guarding
from pilothouse.client.lessons import Lessons
from pilothouse.client.limits.estimate import input_estimate
from pilothouse.client.same_answer import is_same
from pilothouse.client.score_notes import ScoreNotes, WriteScored
from pilothouse.client.upgrade_counts import UpgradeCounts
from pilothouse.client.upgrade_offer import Offer
from pilothouse.core.answer import Answer
from pilothouse.core.ask import Ask
from pilothouse.core.call import Call
from pilothouse.core.errors import StoreError
from pilothouse.core.guard import Blocked
from pilothouse.core.job import SECOND_US, Job, JobAnswer, JobRules
from pilothouse.core.job_store import JobRequest, JobStore, NewJob
from pilothouse.core.pico import pico_usd
from pilothouse.core.place import position
from pilothouse.core.route import Route, RouteSpec
from pilothouse.core.upgrade import (
    PATH,
    Kind,
    Lesson,
    score_changed,
    score_unneeded,
    size_of,
)

log = logging.getLogger("pilothouse.upgrades")

LOOK_AGAIN = 0.02
"""The part of a kind that is asked although it does not need it, to notice when it does again."""
_FIRST_S = 900.0
"""How long a first answer may take before its promise is taken for dead."""
_LATE_S = 10.0
_REFRESH_S = 15.0
_OVERLAP_US = 15 * 60 * SECOND_US
"""Other workers' lessons are written so long after their calls began, at most."""
_MEMORY_US = 30 * 86_400 * SECOND_US
_TIDY_S = 60.0
_NO_LIMIT = 1_000_000_000
_STOPPED = "the gateway stopped before the better answer was there"

ReadLessons = Callable[[int], list[Lesson]]
"""All since a moment (Unix microseconds). Raises `StoreError`."""


class Upgrades:
    """Owns the upgrades under way. `before`: whom this one replaces in the same process; both have one memory."""

    def __init__(
        self,
        copies: Copies,
        jobs: JobStore,
        rules: JobRules,
        worker: str,
        read_lessons: ReadLessons,
        write_scored: WriteScored,
        *,
        keep_s: float = 600.0,
        before: Upgrades | None = None,
    ) -> None:
        self.copies = copies
        self._jobs = jobs
        self._rules = rules
        self._worker = worker
        self._read_lessons = read_lessons
        self._notes = ScoreNotes(write_scored)
        self._keep_s = keep_s
        self._counts: dict[str, UpgradeCounts] = {} if before is None else before._counts
        self._lessons = Lessons() if before is None else before._lessons
        self._ended: dict[str, asyncio.Event] = {} if before is None else before._ended
        self._since_us: int | None = None if before is None else before._since_us

    def counts(self) -> dict[str, UpgradeCounts]:
        """By route; copies of the counters as they stand."""
        return {
            name: structs.replace(counts, spent_today_usd=self.copies.spent_today_usd(name))
            for name, counts in self._counts.items()
        }

    def offer(
        self,
        ask: Ask,
        route: Route,
        spec: RouteSpec,
        asked: Asked,
        key_id: str,
        guarding: Guarding | None = None,
    ) -> Offer | None:
        """What is promised to the caller of a request that is about to be asked; None = nothing.

        Takes microseconds, never raises and never waits. The offer is ended by `begin` or `drop`.
        """
        upgrade = spec.upgrade
        assert upgrade is not None and asked.request_id is not None
        counts = self._counts.setdefault(spec.name, UpgradeCounts())
        counts.requests += 1
        if route.targets[0].name == upgrade.target.name:
            counts.same_target += 1
            return None
        if position("upgrade", asked.request_id) >= upgrade.limits.share:
            counts.not_sampled += 1
            return None
        size = size_of(input_estimate(ask.size))
        kind = Kind(spec.name, upgrade.target.name, asked.tag or "", size)
        given = (ask, asked, key_id, kind, upgrade, counts, guarding)
        if self._lessons.is_unneeded(kind, upgrade.limits.stop_below) and (
            position("look again", asked.request_id) >= LOOK_AGAIN
        ):
            counts.unneeded += 1
            return Offer(*given, skipped="unneeded")
        found = self.copies.admit(counts, ask, spec.name, upgrade.target, upgrade.limits)
        if isinstance(found, str):
            return Offer(*given, skipped=found)
        offer = Offer(*given, reserved=found)
        self._ended[offer.id] = asyncio.Event()
        offer.kept = asyncio.create_task(self._promise(offer))
        return offer

    def begin(self, offer: Offer, call: Call, first: Answer | None) -> None:
        """The caller has the first answer (None = it could not be put together), by `call`: ask the better one."""
        if offer.skipped is not None:
            if offer.skipped == "unneeded" and call.rollout_id is None:
                self._notes.add(call, score_unneeded(call.id, offer.kind))
        elif call.target == offer.upgrade.target.name:
            offer.counts.same_target += 1
            self.drop(offer)
        else:
            offer.first, offer.call = first, call
            self.copies.begin(self._run(offer))

    def drop(self, offer: Offer) -> None:
        """There is no first answer to better."""
        if offer.reserved is not None:
            offer.counts.given_up += 1
            self.copies.give_up(offer.counts, offer.kind.route, offer.reserved)
            self.copies.begin(self._cancelled(offer))

    async def wait(self, upgrade_id: str, seconds: float) -> None:
        """Until an upgrade of this process has ended, or so long; just so long for those of others."""
        event = self._ended.get(upgrade_id)
        if event is None:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    async def learn(self) -> None:
        """Take over what all workers learned since the last time. Raises `StoreError`."""
        now_us = self.copies.now_us()
        since_us = self._since_us if self._since_us is not None else now_us - _MEMORY_US
        found = await asyncio.to_thread(self._read_lessons, since_us)
        self._lessons.add(found)
        self._since_us = now_us - _OVERLAP_US

    async def run(self) -> None:
        """Write what was skipped, learn from other workers, tidy up; until cancelled."""
        learn_s = tidy_s = monotonic()
        while True:
            await asyncio.sleep(1.0)
            try:
                await self._notes.write()
                if monotonic() >= learn_s + _REFRESH_S:
                    learn_s = monotonic()
                    await self.learn()
                if monotonic() >= tidy_s + _TIDY_S:
                    tidy_s = monotonic()
                    await self._tidy()
            except StoreError as error:
                log.error("upgrades go on by what is known: %s", error)

    async def close(self, drain_s: float | None) -> None:
        """As `Copies.close`; then what was skipped is written."""
        try:
            await self.copies.close(drain_s)
        finally:
            with suppress(StoreError):
                await self._notes.write()

    async def _promise(self, offer: Offer) -> bool:
        """The job is there before its caller can ask for it, or nearly: nobody waits for this."""
        now_us = self.copies.now_us()
        assert offer.ask.dialect is not None
        job = Job(
            id=offer.id,
            key_id=offer.key_id,
            state="running",
            dialect=offer.ask.dialect.name,
            path=PATH,
            model=offer.kind.route,
            created_us=now_us,
            deadline_us=now_us,  # past: whoever finds its lease ended ends it, and asks nobody
            release_us=now_us,
            webhook=offer.upgrade.limits.webhook,
            attempt=1,
            worker=self._worker,
            lease_until_us=now_us + round(_FIRST_S * SECOND_US),
        )
        try:
            await asyncio.to_thread(self._jobs.add, NewJob(job, JobRequest(b"")), _NO_LIMIT)
        except StoreError as error:
            offer.counts.not_kept += 1
            log.error("%s is not asked, it could not be kept: %s", offer.id, error)
            return False
        return True

    async def _run(self, offer: Offer) -> None:
        try:
            found = await self._asked(offer)
        except asyncio.CancelledError:
            await self._keep(offer, _failure(_STOPPED))
            raise
        except Exception as error:
            log.exception("%s failed in a way nobody foresaw", offer.id)
            found = _failure(f"internal error: {type(error).__name__}")
        if found is None:
            self._over(offer)
        else:
            await self._keep(offer, found)

    async def _asked(self, offer: Offer) -> JobAnswer | None:
        """What the caller can fetch; None when it cannot be kept."""
        assert offer.kept is not None and offer.reserved is not None
        limits, route = offer.upgrade.limits, offer.kind.route
        try:
            is_kept = await offer.kept and await self._prolonged(offer, limits.timeout_s)
        except BaseException:
            self.copies.give_up(offer.counts, route, offer.reserved)
            raise
        if not is_kept:
            self.copies.give_up(offer.counts, route, offer.reserved)
            return None
        copy = Copy(
            ask=offer.ask,
            route=route,
            target=offer.upgrade.target,
            asked=offer.asked,
            timeout_s=limits.timeout_s,
            reserved=offer.reserved,
        )
        outcome = await self.copies.asked(copy, offer.counts)
        if outcome is None or outcome.reply is None:
            return _failure(str(outcome.error) if outcome else "it took too long")
        return await self._compared(offer, outcome)

    async def _compared(self, offer: Offer, outcome: Outcome) -> JobAnswer:
        reply, call = outcome.reply, outcome.calls[-1]
        assert reply is not None
        changed = None if offer.first is None else not is_same(offer.first, reply.answer)
        if changed is not None:
            offer.counts.changed += changed
            self._lessons.add([Lesson(offer.kind, call.id, changed)])
            self._notes.add(call, score_changed(call.id, offer.kind, changed))
        answer = reply.answer
        if offer.guarding is not None:
            guarding = offer.guarding.again()
            found = await guarding.after(answer)
            guarding.tell(offer.id)
            if isinstance(found, Blocked):
                return _failure(found.reason)
            answer = found
        dialect = offer.ask.dialect
        assert dialect is not None
        body = reply.body
        if reply.dialect != dialect.name or answer is not reply.answer:
            created_s = int(time.time())
            body = dialect.write_answer(answer, model=call.model, id=offer.id, created_s=created_s)
        told = {"changed": changed, "model": call.model, "target": call.target, "answer": Raw(body)}
        cost = None if call.cost_usd is None else pico_usd(call.cost_usd)
        return JobAnswer(
            status=200, body=msgspec.json.encode(told), target=call.target, cost_pico_usd=cost
        )

    async def _prolonged(self, offer: Offer, timeout_s: float) -> bool:
        """A lease for as long as the better one may take; False when it was taken for dead."""
        until_us = self.copies.now_us() + round((timeout_s + _LATE_S) * SECOND_US)
        try:
            held = await asyncio.to_thread(
                self._jobs.renew, self._worker, [(offer.id, 1)], until_us
            )
        except StoreError as error:
            log.error("%s is not asked, it could not be kept: %s", offer.id, error)
            held = set[str]()
        offer.counts.not_kept += not held
        return bool(held)

    async def _keep(self, offer: Offer, found: JobAnswer) -> None:
        try:
            await asyncio.to_thread(
                self._jobs.keep_answer, offer.id, 1, found, self.copies.now_us()
            )
        except StoreError as error:
            offer.counts.not_kept += 1
            log.error("the better answer %s is lost: %s", offer.id, error)
        finally:
            self._over(offer)

    async def _cancelled(self, offer: Offer) -> None:
        assert offer.kept is not None
        try:
            if await offer.kept:
                await asyncio.to_thread(
                    self._jobs.cancel, offer.id, offer.key_id, self.copies.now_us()
                )
        except StoreError as error:
            log.error("%s ends by its lease: %s", offer.id, error)
        finally:
            self._over(offer)

    def _over(self, offer: Offer) -> None:
        event = self._ended.pop(offer.id, None)
        if event is not None:
            event.set()

    async def _tidy(self) -> None:
        """End what died with its process, delete what is kept no more."""
        now_us = self.copies.now_us()
        await asyncio.to_thread(self._jobs.sweep, now_us, self._rules)
        before_us = now_us - round(self._keep_s * SECOND_US)
        await asyncio.to_thread(self._jobs.prune, before_us, PATH)


def _failure(why: str) -> JobAnswer:
    return JobAnswer(status=502, body=msgspec.json.encode({"why": why}))
