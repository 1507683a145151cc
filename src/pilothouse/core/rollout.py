"""A rollout as a value: stages, guards, evidence; `observe` folds traffic in, `tick` decides. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any, Literal

import msgspec
from msgspec import Struct

from pilothouse.core.ports import AuditEntry
from pilothouse.core.stats.rate_ratio import (
    FINE_GRID,
    CeilingTest,
    RatioTest,
    RestartedTest,
    ceiling_test,
    log_sum_exp,
    ratio_test,
    restarted_test,
)

Metric = Literal["error", "wrong", "slow"]
Status = Literal["running", "waiting", "paused", "rolled_back", "done", "aborted"]
ACTIVE: frozenset[str] = frozenset({"running", "waiting", "paused"})
HOLD_BACK = 0.01
"""The old arm keeps this share at the last stage: without it nothing could be compared any more."""
_DAY_US = 86_400_000_000


class Stage(Struct, frozen=True, kw_only=True):
    """A share of the traffic, and the least a stage must have seen before it is left."""

    share: float
    at_least_s: float
    requests: int
    """Requests of the new arm."""


class Guard(Struct, frozen=True, kw_only=True):
    """What must not get worse.

    Rolls back on evidence that the new arm's rate of bad requests is over (1 + margin) times the old arm's;
    allows advancing on evidence that it is below that, or below `ceiling` whatever the old arm does.
    """

    metric: Metric
    margin: float = 0.2
    ceiling: float | None = None
    threshold_ms: float | None = None
    """For `slow`: a request is bad when it took longer."""


class GuardState(Struct, frozen=True, kw_only=True):
    """A guard's evidence: a handful of floats, however much traffic there was."""

    harm: RestartedTest
    fine: RatioTest
    below: CeilingTest | None
    peak_harm: float = 0.0
    """The highest log e-value for harm ever: Ville's bound is on ever crossing."""
    bad_new: int = 0
    bad_old: int = 0

    @property
    def log_fine(self) -> float:
        """Log e-value that the guard is satisfied.

        The claim "ratio below the margin or rate below the ceiling" fails only if both parts fail, so each
        part's e-process is valid for it, and so is their mean.
        """
        if self.below is None:
            return self.fine.log_e
        return log_sum_exp([self.fine.log_e, self.below.log_e]) - log(2)


class Observation(Struct, frozen=True, kw_only=True):
    """One request as the guards see it: `bad` has an entry for each guard, None = not known."""

    is_new: bool
    share: float
    at_us: int
    bad: tuple[bool | None, ...]


class Rollout(Struct, frozen=True, kw_only=True):
    """From `old` to `new` on one route: targets, or routes that decide by their own policy."""

    id: str
    route: str
    old: str
    new: str
    stages: tuple[Stage, ...]
    guards: tuple[Guard, ...]
    alpha: float
    """The chance of ever rolling a harmless model back, over all guards together."""
    max_hold_s: float
    started_us: int
    stage_since_us: int
    evidence: tuple[GuardState, ...]
    status: Status = "running"
    stage: int = 0
    stage_requests: int = 0
    requests_new: int = 0
    requests_old: int = 0
    is_held: bool = False
    cursor: int = 0
    """The last row of calls that is folded in."""
    version: int = 0
    why: str = ""
    routes: tuple[str, ...] = ()
    """Which of `old` and `new` are routes, by name."""

    @property
    def share(self) -> float:
        """The new arm's share now."""
        if self.status in ("rolled_back", "aborted"):
            return 0.0
        return min(self.stages[self.stage].share, 1 - HOLD_BACK)

    @property
    def bar(self) -> float:
        """The log e-value at which one guard decides: alpha is divided among the guards."""
        return log(len(self.guards) / self.alpha)


def new_rollout(
    *,
    id: str,
    route: str,
    old: str,
    new: str,
    stages: tuple[Stage, ...],
    guards: tuple[Guard, ...],
    alpha: float,
    max_hold_s: float,
    now_us: int,
    routes: tuple[str, ...] = (),
) -> tuple[Rollout, AuditEntry]:
    """A rollout at its first stage, and the entry that opens its history."""
    evidence = tuple(
        GuardState(
            harm=restarted_test(1 + g.margin),
            fine=ratio_test(1 + g.margin, FINE_GRID),
            below=None if g.ceiling is None else ceiling_test(g.ceiling),
        )
        for g in guards
    )
    rollout = Rollout(
        id=id,
        route=route,
        old=old,
        new=new,
        stages=stages,
        guards=guards,
        alpha=alpha,
        max_hold_s=max_hold_s,
        started_us=now_us,
        stage_since_us=now_us,
        evidence=evidence,
        why="started",
        routes=routes,
    )
    why = f"{percent(rollout.share)} of {route} goes from {old} to {new}"
    return rollout, AuditEntry(at_us=now_us, who="tick", what="start", why=why)


def observe(rollout: Rollout, observations: Sequence[Observation]) -> Rollout:
    """Fold requests into the evidence, one by one; in batches or singly gives the same."""
    evidence = list(rollout.evidence)
    new = old = 0
    for seen in observations:
        new, old = new + seen.is_new, old + (not seen.is_new)
        if not 0 < seen.share < 1:
            continue
        days = 1 + max(0, seen.at_us - rollout.started_us) // _DAY_US
        for i, bad in enumerate(seen.bad):
            if bad is not None:
                evidence[i] = _with(evidence[i], bad, seen, days)
    return msgspec.structs.replace(
        rollout,
        evidence=tuple(evidence),
        requests_new=rollout.requests_new + new,
        requests_old=rollout.requests_old + old,
        stage_requests=rollout.stage_requests + new,
    )


def tick(rollout: Rollout, now_us: int) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    """The next state and what happened; nothing when there is nothing to do."""
    if rollout.status not in ACTIVE:
        return rollout, ()
    fired = [i for i, e in enumerate(rollout.evidence) if e.peak_harm >= rollout.bar]
    if fired:
        return _rolled_back(rollout, fired[0], now_us)
    if rollout.status != "running":
        return rollout, ()
    stage = rollout.stages[rollout.stage]
    held_s = (now_us - rollout.stage_since_us) / 1e6
    if held_s < stage.at_least_s:
        return rollout, ()
    missing = _missing(rollout)
    if not missing:
        return advance(rollout, now_us, who="tick", why=_fine_words(rollout))
    if held_s > rollout.max_hold_s:
        why = f"held for {held_s / 3600:.1f} h at {percent(rollout.share)}: {missing}; a person decides"
        return _changed(rollout, now_us, "tick", "wait", why, status="waiting")
    if not rollout.is_held:
        return _changed(rollout, now_us, "tick", "hold", missing, is_held=True)
    return rollout, ()


def advance(
    rollout: Rollout, now_us: int, *, who: str, why: str
) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    """To the next stage, or to the end."""
    if rollout.stage + 1 == len(rollout.stages):
        return _changed(rollout, now_us, who, "done", why, status="done")
    return _changed(
        rollout,
        now_us,
        who,
        "advance",
        f"to {percent(rollout.stages[rollout.stage + 1].share)}: {why}",
        status="running",
        stage=rollout.stage + 1,
        stage_since_us=now_us,
        stage_requests=0,
        is_held=False,
    )


def step_back(
    rollout: Rollout, now_us: int, *, who: str, why: str
) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    """To the stage before; the first stage stays."""
    stage = max(0, rollout.stage - 1)
    words = f"to {percent(rollout.stages[stage].share)}: {why}"
    return _changed(
        rollout,
        now_us,
        who,
        "back",
        words,
        status="running",
        stage=stage,
        stage_since_us=now_us,
        stage_requests=0,
        is_held=False,
    )


def decide(
    rollout: Rollout, now_us: int, status: Status, what: str, *, who: str, why: str
) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    """A person's pause, resume or abort."""
    return _changed(rollout, now_us, who, what, why, status=status)


def percent(share: float) -> str:
    """0.05 as `5 %`."""
    return f"{100 * share:g} %"


def _with(state: GuardState, bad: bool, seen: Observation, days: int) -> GuardState:
    below = state.below
    if below is not None and seen.is_new:
        below = below.add(int(bad), int(not bad))
    if not bad:
        return msgspec.structs.replace(state, below=below)
    harm = state.harm.begun(days).add(seen.is_new, seen.share)
    return GuardState(
        harm=harm,
        fine=state.fine.add(seen.is_new, seen.share),
        below=below,
        peak_harm=max(state.peak_harm, harm.log_e),
        bad_new=state.bad_new + seen.is_new,
        bad_old=state.bad_old + (not seen.is_new),
    )


def _missing(rollout: Rollout) -> str:
    """What still keeps the stage from being left, in words; empty when nothing does."""
    stage = rollout.stages[rollout.stage]
    if rollout.stage_requests < stage.requests:
        return f"{rollout.stage_requests} of {stage.requests} requests on the new arm in this stage"
    open_guards = [
        f"{g.metric} (evidence {_e(s.log_fine)} of {_e(rollout.bar)})"
        for g, s in zip(rollout.guards, rollout.evidence, strict=True)
        if s.log_fine < rollout.bar
    ]
    return f"not yet shown harmless: {', '.join(open_guards)}" if open_guards else ""


def _fine_words(rollout: Rollout) -> str:
    shown = [
        f"{g.metric} {s.bad_new}/{rollout.requests_new} new, {s.bad_old}/{rollout.requests_old} old"
        for g, s in zip(rollout.guards, rollout.evidence, strict=True)
    ]
    return f"every guard is satisfied ({'; '.join(shown)})"


def _rolled_back(
    rollout: Rollout, fired: int, now_us: int
) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    guard, state = rollout.guards[fired], rollout.evidence[fired]
    why = (
        f"{guard.metric}: {state.bad_new} bad of {rollout.requests_new} on the new arm, "
        f"{state.bad_old} of {rollout.requests_old} on the old; e-value {_e(state.peak_harm)} passed "
        f"{_e(rollout.bar)} against a ratio of at most {1 + guard.margin:g}"
    )
    return _changed(rollout, now_us, "tick", "roll back", why, status="rolled_back")


def _changed(
    rollout: Rollout, now_us: int, who: str, what: str, why: str, **changes: Any
) -> tuple[Rollout, tuple[AuditEntry, ...]]:
    after = msgspec.structs.replace(rollout, why=f"{what}: {why}", **changes)
    evidence = {
        "share_before": rollout.share,
        "share_after": after.share,
        "stage": rollout.stage,
        "requests_new": rollout.requests_new,
        "requests_old": rollout.requests_old,
        "guards": [
            {
                "metric": g.metric,
                "bad_new": s.bad_new,
                "bad_old": s.bad_old,
                "log_e_harm": round(s.peak_harm, 4),
                "log_e_fine": round(s.log_fine, 4),
                "bar": round(rollout.bar, 4),
            }
            for g, s in zip(rollout.guards, rollout.evidence, strict=True)
        ],
    }
    return after, (AuditEntry(at_us=now_us, who=who, what=what, why=why, evidence=evidence),)


def _e(log_e: float) -> str:
    """A log e-value as a readable number."""
    return f"{2.718281828459045**log_e:.3g}" if log_e < 20 else f"e^{log_e:.0f}"
