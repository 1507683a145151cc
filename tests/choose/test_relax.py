"""The first relaxation is the smallest: held against every set of limits that could be dropped."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given, settings

from pilothouse.choose.constraints import ADMIT, Failure
from pilothouse.choose.engine import WANTED
from pilothouse.choose.facts import Offer

from .make import choose
from .test_engine import limits, offers


@given(offers(), limits, limits)
@settings(max_examples=150)
def test_nothing_smaller_than_the_first_relaxation_gives_a_shortlist(
    pool: list[Offer], must: dict[str, Any], more: dict[str, Any]
) -> None:
    decision = choose(pool, must={**must, **more})
    wanted = WANTED - len(decision.admitted)
    least = fewest({e.id: e.failures for e in decision.excluded}, wanted)
    if wanted <= 0:
        assert decision.relaxations == ()
    elif least is None:
        assert all(len(r.admits) < wanted for r in decision.relaxations)
    else:
        first = decision.relaxations[0]
        assert len(first.admits) >= wanted
        assert len(first.changes) == least


def fewest(excluded: dict[str, tuple[Failure, ...]], wanted: int) -> int | None:
    """By trying all sets of limits: how many must be dropped for `wanted` models. None = no set does it."""
    needs = [
        {ADMIT if f.relax_to == ADMIT else f.limit for f in failures}
        for failures in excluded.values()
        if all(f.relax_to is not None for f in failures)
    ]
    keys = sorted(set().union(*needs)) if needs else []
    for size in range(1, len(keys) + 1):
        for dropped in combinations(keys, size):
            if sum(need <= set(dropped) for need in needs) >= wanted:
                return size
    return None
