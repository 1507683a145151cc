"""What each logged decision says about another policy: terms whose mean is the estimate.

IPS is the value times (the new policy's chance of that choice / the logger's). SNIPS divides by the mean of those
weights; its terms are linearised. DR starts from a prediction for the new choice, and corrects it by what was wrong
with the prediction where the choice was tried: right on average whatever the prediction, and nearer with a good one.
Sources: D. Horvitz and D. Thompson, JASA 47 (1952); A. Swaminathan and T. Joachims, NIPS 2015 (self-normalised);
M. Dudik, J. Langford and L. Li, "Doubly Robust Policy Evaluation and Learning" (ICML 2011).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Literal

from msgspec import Struct

from pilothouse.core.errors import InvalidInput

Method = Literal["IPS", "SNIPS", "DR"]
_ROUNDING = 1e-6


class Logged(Struct, frozen=True, kw_only=True):
    """One decision that was taken, and what came of it."""

    id: str
    chosen: str
    """The model."""
    propensity: float | None
    """The chance that it had, above 0 to 1. None is refused: what cannot be weighed says nothing."""
    reward: float
    """0-1."""
    cost_usd: float | None = None
    """None = not known."""
    group: str | None = None
    """Decisions of one conversation or question share one; None = it stands alone."""
    weight: float = 1.0
    """How many decisions like this it stands for, where not all could be judged."""


class Proposed(Struct, frozen=True, kw_only=True):
    """What the other policy would do with the same request: its chances by model, which add up to 1.

    `good` (0-1) and `cost_usd` are predictions by model; without them there is no DR.
    """

    chances: Mapping[str, float]
    good: Mapping[str, float] = {}
    cost_usd: Mapping[str, float] = {}


class Weighed(Struct, frozen=True, kw_only=True):
    """A row's value under the logger, the new policy's weight, and predictions."""

    value: float
    ratio: float
    """The new policy's chance of the choice over the logger's."""
    predicted: tuple[float, float] | None
    """Of the new policy's choice (expected over its chances), and of the logged one."""


def check(logged: Sequence[Logged], proposed: Sequence[Proposed]) -> None:
    """Raises `InvalidInput` with the row."""
    if len(logged) != len(proposed):
        raise InvalidInput(f"{len(logged)} logged decisions, {len(proposed)} proposed ones")
    if not logged:
        raise InvalidInput("no logged decisions: nothing can be said of another policy")
    for number, (row, new) in enumerate(zip(logged, proposed, strict=True), 1):
        wrong = _wrong(row) or _wrong_chances(new)
        if wrong:
            raise InvalidInput(f'row {number} ("{row.id}"): {wrong}')


def weighed(row: Logged, new: Proposed, value: float, of: Mapping[str, float]) -> Weighed:
    """`of`: the predictions of that value by model."""
    assert row.propensity is not None
    wanted = [k for k, chance in new.chances.items() if chance > 0]
    is_known = row.chosen in of and all(k in of for k in wanted)
    return Weighed(
        value=value,
        ratio=new.chances.get(row.chosen, 0.0) / row.propensity,
        predicted=(sum([new.chances[k] * of[k] for k in wanted]), of[row.chosen])
        if is_known
        else None,
    )


def terms(
    rows: Sequence[Weighed], weights: Sequence[float], method: Method
) -> tuple[float, ...] | None:
    """One a row. None: no predictions for DR, or no row whose choice the new policy makes for SNIPS."""
    if method == "IPS":
        return tuple([r.ratio * r.value for r in rows])
    if method == "SNIPS":
        total = sum([w * r.ratio for w, r in zip(weights, rows, strict=True)])
        if total <= 0:
            return None
        value = sum([w * r.ratio * r.value for w, r in zip(weights, rows, strict=True)]) / total
        mean = total / sum(weights)
        return tuple([value + r.ratio / mean * (r.value - value) for r in rows])
    found: list[float] = []
    for r in rows:
        if r.predicted is None:
            return None
        new, old = r.predicted
        found.append(new + r.ratio * (r.value - old))
    return tuple(found)


def _wrong(row: Logged) -> str | None:
    p = row.propensity
    if p is None:
        return "its propensity is not known; only choices that were drawn can be weighed"
    if not isfinite(p) or not 0 < p <= 1:
        return f"its propensity is {p:g}, not above 0 and at most 1"
    if not 0 <= row.reward <= 1:
        return f"its reward is {row.reward:g}, not within 0-1"
    if row.cost_usd is not None and not 0 <= row.cost_usd < inf:
        return f"its cost is {row.cost_usd:g} USD"
    if not 0 < row.weight < inf:
        return f"its weight is {row.weight:g}, not above 0"
    return None


def _wrong_chances(new: Proposed) -> str | None:
    for model, chance in new.chances.items():
        if not 0 <= chance <= 1 + _ROUNDING:
            return f"the new policy's chance of {model} is {chance:g}, not within 0-1"
    total = sum(new.chances.values())
    if abs(total - 1) > _ROUNDING:
        return f"the new policy's chances add up to {total:g}, not 1"
    for model, good in new.good.items():
        if not 0 <= good <= 1:
            return f"the prediction for {model} is {good:g}, not within 0-1"
    for model, usd in new.cost_usd.items():
        if not 0 <= usd < inf:
            return f"the predicted cost of {model} is {usd:g} USD"
    return None
