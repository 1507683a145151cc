"""What a router would choose on labelled cases, at every tolerance at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from msgspec import Struct

from pilothouse.learned.decide import ANY, Decider, Decision, Dial
from pilothouse.route.table import Table

HARM = 0.5
"""The reference scores so much more: it would have answered well, and the chosen model does not."""


class Labelled(Struct, frozen=True, kw_only=True, gc=False):
    """A case, and which model is chosen from which tolerance on."""

    from_tolerance: tuple[float, ...]
    """Increasing; below the first the reference answers."""
    chosen: tuple[int, ...]
    reference: int
    score: tuple[float, ...]
    cost_usd: tuple[float, ...] | None
    """None = not known of every model."""
    group: str

    def at(self, tolerance: float) -> int:
        """The model that is chosen."""
        place = bisect_right(self.from_tolerance, tolerance)
        return self.chosen[place - 1] if place else self.reference

    def is_harmed(self, tolerance: float) -> bool:
        """Whether the reference would have been so much better."""
        return self.score[self.reference] - self.score[self.at(tolerance)] >= HARM


def labelled(decider: Decider, table: Table, dial: Dial = ANY) -> list[Labelled]:
    """Every case that all models have a score for, read once. The dial's tolerance does not matter."""
    found: list[Labelled] = []
    place = [table.models.index(name) for name in decider.artefact.models]
    for i, prompt in enumerate(table.prompts):
        scores = [table.score[i][k] for k in place]
        if None in scores:
            continue
        costs = [table.cost_usd[i][k] for k in place]
        decision = decider.decide(prompt, table.tags[i], dial)
        starts, chosen = _switches(decision, decider.artefact.reference)
        found.append(
            Labelled(
                from_tolerance=starts,
                chosen=chosen,
                reference=decider.artefact.reference,
                score=tuple([s for s in scores if s is not None]),
                cost_usd=None if None in costs else tuple([c for c in costs if c is not None]),
                group=table.groups[i],
            )
        )
    return found


def _switches(decision: Decision, reference: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """`decision` was made with any tolerance: its order is by value."""
    if decision.gate == "unfamiliar":
        return (), ()
    rank = {model: place for place, model in enumerate(decision.order)}
    best = rank[reference]
    starts: list[float] = []
    chosen: list[int] = []
    gaps = sorted((decision.good[reference] - decision.good[k], k) for k in decision.order)
    for gap, k in gaps:
        if rank[k] < best:
            best = rank[k]
            if starts and starts[-1] == gap:
                chosen[-1] = k
            else:
                starts.append(gap)
                chosen.append(k)
    return tuple(starts), tuple(chosen)


def shares(cases: Sequence[Labelled], tolerance: float) -> tuple[float, float]:
    """(share that does not go to the reference, share that is harmed)."""
    away = sum(case.at(tolerance) != case.reference for case in cases)
    harmed = sum(case.is_harmed(tolerance) for case in cases)
    return away / len(cases), harmed / len(cases)
