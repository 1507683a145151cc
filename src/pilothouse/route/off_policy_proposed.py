"""What a learned router would do with logged questions: its chances by model, and what it predicts of each."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pilothouse.learned.decide import Decider, Dial
from pilothouse.route.off_policy_log import Case
from pilothouse.route.off_policy_terms import Proposed


class Wanted(Struct, frozen=True, kw_only=True):
    """The router's dial, and the share of conversations that it sends to any model within the tolerance."""

    dial: Dial
    explore: float = 0.0


def proposed(decider: Decider, wanted: Wanted, cases: Sequence[Case]) -> list[Proposed]:
    """One a case."""
    artefact = decider.artefact
    names = artefact.models
    found: list[Proposed] = []
    for case in cases:
        decision = decider.decide(case.prompt, case.tag, wanted.dial)
        each = wanted.explore / len(decision.eligible)
        chances = {names[k]: each for k in decision.eligible if each}
        best = names[decision.chosen]
        chances[best] = chances.get(best, 0.0) + 1 - wanted.explore
        found.append(
            Proposed(
                chances=chances,
                good=dict(zip(names, decision.good, strict=True)),
                cost_usd=dict(zip(names, decision.cost_usd, strict=True))
                if artefact.has_costs
                else {},
            )
        )
    return found
