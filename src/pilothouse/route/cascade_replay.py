"""A plan replayed: the check's errors are drawn, one by one, instead of expected."""

from __future__ import annotations

from statistics import fmean

from msgspec import Struct

from pilothouse.core.place import position
from pilothouse.route.cascade_outcome import Check, Columns, Plan


class Replay(Struct, frozen=True, kw_only=True):
    """Means over the cases."""

    score: float
    cost_usd: float
    first_share: float


def replayed(of: Columns, plan: Plan, check: Check, seed: int = 0) -> Replay:
    """Each (case, model) has draws of its own, the same in every plan and on every machine.

    A graded answer is drawn to be good or bad with its score as the probability. Only for plans with a verifier.
    Raises `ValueError` for others, which have nothing to draw.
    """
    if plan.kind != "verifier":
        raise ValueError(f"{plan}: only a verifier's errors can be drawn")
    walked = [_walked(of, plan, check, seed, case) for case in range(len(of.ids))]
    return Replay(
        score=fmean([float(is_good) for is_good, _, _ in walked]),
        cost_usd=fmean([usd for _, usd, _ in walked]),
        first_share=fmean([float(asked == 1) for _, _, asked in walked]),
    )


def _walked(of: Columns, plan: Plan, check: Check, seed: int, case: int) -> tuple[bool, float, int]:
    """Whether the answer that counted was good, what was paid, and how many models were asked."""
    usd, is_good, asked = 0.0, False, 0
    for model in plan.models:
        who = f"{of.ids[case]}\0{model}"
        is_good = position(f"good {seed}", who) < of.score[model][case]
        usd += of.cost_usd[model][case]
        asked += 1
        if asked == len(plan.models):
            break
        usd += check.usd
        is_wrong = position(f"check {seed}", who) < (
            check.false_reject if is_good else check.false_accept
        )
        if is_good != is_wrong:
            break
    return is_good, usd, asked
