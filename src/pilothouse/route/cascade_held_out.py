"""A plan chosen on one half of the cases, measured on the other: what choosing the luckiest of many adds is not in it."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

from msgspec import Struct

from pilothouse.core.errors import InvalidInput
from pilothouse.core.place import position
from pilothouse.core.stats.proportion import Interval
from pilothouse.route.cascade import Planned
from pilothouse.route.cascade_draws import against
from pilothouse.route.cascade_outcome import Plan, columns, outcome
from pilothouse.route.table import Table


class HeldOut(Struct, frozen=True, kw_only=True):
    """`plan` and `best` were chosen on the one half; every figure is of the other. Intervals are at 95 %."""

    plan: Plan
    best: Plan
    cases: int
    score: float
    difference: float
    difference_interval: Interval
    cost_ratio: float
    cost_ratio_interval: Interval


def held_out(table: Table, planned: Callable[[Table], Planned]) -> HeldOut | None:
    """`planned` chooses; groups are never on both sides. None: a half is too small, or nothing pays on the first."""
    is_first = [position("cascade half", group) < 0.5 for group in table.groups]
    one = table.at(i for i, is_in in enumerate(is_first) if is_in)
    other = table.at(i for i, is_in in enumerate(is_first) if not is_in)
    try:
        found = planned(one)
        of = columns(other, [w.plan.models[0] for w in found.singles])
    except InvalidInput:  # what the whole table has enough of, a half may lack
        return None
    if found.chosen is None or len(of.ids) < 2:
        return None
    best = outcome(of, found.best.plan, found.check)
    if sum(best.cost_usd) <= 0:
        return None
    chosen = outcome(of, found.chosen.plan, found.check)
    interval = against(of.groups, best, [chosen])[0]
    return HeldOut(
        plan=found.chosen.plan,
        best=found.best.plan,
        cases=len(of.ids),
        score=fmean(chosen.score),
        difference=fmean(chosen.score) - fmean(best.score),
        difference_interval=interval.difference,
        cost_ratio=fmean(chosen.cost_usd) / fmean(best.cost_usd),
        cost_ratio_interval=interval.cost_ratio,
    )
