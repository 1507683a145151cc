"""Keeps rollouts going: reads new calls, ticks, saves, publishes the split. No decisions here.

State and history are saved in one transaction before anybody acts on them. Several tickers may run: the
store's compare-and-swap lets one of them through.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from pilothouse.core.call import Call, Score
from pilothouse.core.errors import NotFound, PilothouseError, StoreError, did_you_mean
from pilothouse.core.ports import AuditEntry, NowUs, RolloutStore, StoredRollout
from pilothouse.core.rollout import ACTIVE, Guard, Observation, Rollout, observe, tick
from pilothouse.core.route import Arm, Split

log = logging.getLogger("pilothouse.rollouts")
_BATCH = 5_000
_NOBODYS_FAULT = frozenset({"caller", "cancelled"})

Change = Callable[[Rollout], tuple[Rollout, tuple[AuditEntry, ...]]]


def load(store: RolloutStore, rollout_id: str) -> Rollout:
    """The rollout as last saved. Raises `NotFound` with the nearest name."""
    stored = store.rollout(rollout_id)
    if stored is None:
        known = [r.id for r in store.rollouts()]
        hint = did_you_mean(rollout_id, known)
        names = f" (there are: {', '.join(known)})" if known else " (there are none yet)"
        raise NotFound(f'no rollout "{rollout_id}".{hint}{names}')
    return msgspec.json.decode(stored.state_json, type=Rollout)


def save(store: RolloutStore, rollout: Rollout, entries: Sequence[AuditEntry]) -> Rollout | None:
    """Save as the next version; None when somebody else was faster."""
    after = msgspec.structs.replace(rollout, version=rollout.version + 1)
    stored = StoredRollout(
        id=after.id,
        route=after.route,
        status=after.status,
        version=after.version,
        state_json=msgspec.json.encode(after),
    )
    return after if store.save_rollout(stored, entries) else None


def advance_once(
    store: RolloutStore, rollout_id: str, now_us: int
) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    """Fold in the calls written since the last time, and tick once."""
    before = load(store, rollout_id)
    if before.status not in ACTIVE:
        return before, ()
    rollout = before
    while True:
        calls, cursor = store.rollout_calls(rollout_id, after_row=rollout.cursor, limit=_BATCH)
        if not calls:
            break
        rollout = observe(rollout, observations(rollout, calls))
        rollout = msgspec.structs.replace(rollout, cursor=cursor)
    rollout, entries = tick(rollout, now_us)
    if rollout == before:
        return before, ()
    saved = save(store, rollout, entries)
    if saved is None:  # another ticker or a person changed it: theirs stands, ours is thrown away
        return load(store, rollout_id), ()
    return saved, entries


def change(store: RolloutStore, rollout_id: str, how: Change) -> Rollout:
    """A person's change, tried until no ticker is in the way. Raises `PilothouseError`."""
    for _ in range(20):
        after, entries = how(load(store, rollout_id))
        saved = save(store, after, entries)
        if saved is not None:
            return saved
    raise StoreError(f'the rollout "{rollout_id}" is being changed by somebody else: try again')


def observations(
    rollout: Rollout, calls: Sequence[tuple[Call, tuple[Score, ...]]]
) -> list[Observation]:
    """Each arm's attempts at its own target, as the guards see them; of an arm that is a route, the first ones."""
    own = {"new": rollout.new, "old": rollout.old}
    return [
        Observation(
            is_new=call.arm == "new",
            share=call.share or 0.0,
            at_us=call.at_us,
            bad=tuple([_is_bad(guard, call, scores) for guard in rollout.guards]),
        )
        for call, scores in calls
        if _is_own(call, own.get(call.arm), rollout.routes)
        and call.error_class not in _NOBODYS_FAULT
    ]


def _is_own(call: Call, name: str | None, routes: tuple[str, ...]) -> bool:
    return call.attempt == 1 if name in routes else call.target == name


def _is_bad(guard: Guard, call: Call, scores: tuple[Score, ...]) -> bool | None:
    if guard.metric == "error":
        return call.status == "error"
    if call.status == "error":
        return None
    if guard.metric == "wrong":
        return scores[0].value < 0.5 if scores else None
    if call.latency_ms is None or guard.threshold_ms is None:
        return None
    return call.latency_ms > guard.threshold_ms


class Ticker:
    """Ticks every active rollout each `interval_s`, off the event loop, and knows each route's split.

    `arms`: targets and routes by name. With `only_reads` it follows what another process ticks.
    """

    def __init__(
        self,
        store: RolloutStore,
        arms: Mapping[str, Arm],
        now_us: NowUs,
        *,
        interval_s: float = 1.0,
        only_reads: bool = False,
    ) -> None:
        self._store = store
        self._arms = arms
        self._now_us = now_us
        self._interval_s = interval_s
        self._look = self._read if only_reads else self._tick_all
        self._splits = self._read()

    def split_of(self, route: str) -> Split | None:
        """What a rollout makes of this route now; None = the configured targets."""
        return self._splits.get(route)

    async def run(self) -> None:
        """Until cancelled. A store that cannot be read for a while leaves the last known split."""
        while True:
            try:
                self._splits = await asyncio.to_thread(self._look)
            except PilothouseError as error:
                log.error("rollouts stand still: %s", error)
            await asyncio.sleep(self._interval_s)

    def _tick_all(self) -> dict[str, Split]:
        for stored in self._store.rollouts():
            if stored.status in ACTIVE:
                _, entries = advance_once(self._store, stored.id, self._now_us())
                for entry in entries:
                    log.warning("rollout %s: %s: %s", stored.id, entry.what, entry.why)
        return self._read()

    def _read(self) -> dict[str, Split]:
        """The newest rollout of each route decides."""
        splits: dict[str, Split] = {}
        seen: set[str] = set()
        for stored in self._store.rollouts():
            if stored.route in seen:
                continue
            seen.add(stored.route)
            rollout = msgspec.json.decode(stored.state_json, type=Rollout)
            old, new = self._arms.get(rollout.old), self._arms.get(rollout.new)
            if rollout.share > 0 and old is not None and new is not None:
                splits[stored.route] = Split(
                    rollout_id=rollout.id, old=old, new=new, share=rollout.share
                )
        return splits
