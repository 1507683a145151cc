"""Saved decisions against today's catalogue: which picks are gone, ending, beaten or over a limit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec
from msgspec import Struct

from pilothouse.choose.decision import Decision
from pilothouse.core.errors import InvalidInput
from pilothouse.core.need import Need

State = Literal["ok", "ending", "outranked", "dominated", "breaks", "retired", "unknown"]
FAILING: frozenset[State] = frozenset({"dominated", "breaks", "retired", "unknown"})
"""States for which a check says no."""


class SavedPick(Struct, frozen=True, kw_only=True):
    """What is read back of a pick."""

    id: str


class SavedDecision(Struct, frozen=True, kw_only=True):
    """What is read back of a decision."""

    need: Need
    as_of: date
    catalogue: str
    shortlist: tuple[SavedPick, ...]


class _Record(Struct, frozen=True, kw_only=True):
    decision: SavedDecision


class Verdict(Struct, frozen=True, kw_only=True):
    """One pick of a saved decision, today."""

    id: str
    state: State
    why: str


class Checked(Struct, frozen=True, kw_only=True):
    """One saved decision, today."""

    name: str
    decided_as_of: date
    as_of: date
    verdicts: tuple[Verdict, ...]
    shortlist_now: tuple[str, ...]

    @property
    def has_failed(self) -> bool:
        """Whether a pick is retired, dominated, breaks a limit or is not known any more."""
        return any(v.state in FAILING for v in self.verdicts)


def read_decision(data: bytes, name: str) -> SavedDecision:
    """From a decision.json. Raises `InvalidInput`."""
    try:
        return msgspec.json.decode(data, type=_Record).decision
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{name}: not a decision written by `pilothouse choose --out`: {error}"
        ) from None


def needed_today(saved: SavedDecision, as_of: date) -> Need:
    """The same need, free of the day it was first decided on and of an end that has come meanwhile."""
    must, until = saved.need.must, saved.need.must.lives_until
    if until is not None and until <= as_of:
        must = msgspec.structs.replace(must, lives_until=None)
    return msgspec.structs.replace(saved.need, as_of=as_of, known_at=None, must=must)


def check(saved: SavedDecision, now: Decision, soon: date) -> Checked:
    """`now` is the same need decided today; picks that retire before `soon` are `ending`."""
    verdicts = tuple(_verdict(p.id, now, soon) for p in saved.shortlist)
    return Checked(
        name=saved.need.name,
        decided_as_of=saved.as_of,
        as_of=now.as_of,
        verdicts=verdicts,
        shortlist_now=tuple(p.id for p in now.shortlist),
    )


def summary(checked: Sequence[Checked]) -> str:
    """One line for all."""
    bad = sum(c.has_failed for c in checked)
    what = "decision" if len(checked) == 1 else "decisions"
    return f"{len(checked)} {what} checked, {bad} no longer hold{'s' if bad == 1 else ''}"


def _verdict(model_id: str, now: Decision, soon: date) -> Verdict:
    for excluded in now.excluded:
        if excluded.id == model_id:
            text = "; ".join(f.text for f in excluded.failures)
            is_gone = any(
                f.limit == "lifecycle" and f.text.startswith("retired") for f in excluded.failures
            )
            return Verdict(id=model_id, state="retired" if is_gone else "breaks", why=text)
    for beaten in now.dominated:
        if beaten.id == model_id and beaten.is_twin:
            return Verdict(id=model_id, state="ok", why=f"ranked as {beaten.by}: {beaten.why}")
        if beaten.id == model_id:
            return Verdict(id=model_id, state="dominated", why=f"by {beaten.by}: {beaten.why}")
    for rank, pick in enumerate([*now.shortlist, *now.runners_up], 1):
        if pick.id != model_id:
            continue
        end = pick.retired_on
        if end is not None and end < soon:
            return Verdict(id=model_id, state="ending", why=f"retires {end}")
        if rank > len(now.shortlist):
            ahead = ", ".join(p.id for p in now.shortlist)
            return Verdict(id=model_id, state="outranked", why=f"rank {rank}, behind {ahead}")
        return Verdict(id=model_id, state="ok", why=f"rank {rank}")
    return Verdict(id=model_id, state="unknown", why="the catalogue offers no such model")
