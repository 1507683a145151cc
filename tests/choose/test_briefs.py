"""Thirty briefs: no limit broken, no pick dominated or retired, every exclusion explained.

The picks are judged from the raw facts, apart from the engine's own code (`briefs.py`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

import msgspec
import pytest

from pilothouse.choose.decision import Decision
from pilothouse.choose.engine import decide
from pilothouse.choose.facts import Offer, offers

from .briefs import BRIEFS, CATALOG, TODAY, is_retired, request_usd, variant, violations


@cache
def pool() -> dict[str, Offer]:
    return {o.id: o for o in offers(CATALOG, TODAY)}


@cache
def decision(name: str, kind: str) -> Decision:
    need = variant(name, kind)
    return decide(need, pool().values(), as_of=TODAY, catalogue="t")


def test_there_are_thirty_and_most_end_with_a_shortlist() -> None:
    assert len(BRIEFS) == 30
    assert sum(bool(decision(n, k).shortlist) for n, k in BRIEFS) >= 24


@pytest.mark.parametrize(("name", "kind"), BRIEFS)
def test_the_brief(name: str, kind: str) -> None:
    need, found = variant(name, kind), decision(name, kind)
    assert found.shortlist or found.relaxations or kind != "as_written"
    ranked = [*found.shortlist, *found.runners_up]
    for pick in ranked:
        assert violations(need, pick.id) == [], pick.id
        assert not is_retired(pick.id)
    for pick in found.shortlist:
        if need.must.deployment == "api":
            assert pick.cost_per_request_usd == request_usd(need, CATALOG.find(pick.id))
    assert not {p.id for p in ranked} & {d.id for d in found.dominated}
    assert_not_dominated(found)
    for excluded in found.excluded:
        assert excluded.failures and all(f.text for f in excluded.failures)
    seen = [*(p.id for p in ranked), *(d.id for d in found.dominated)]
    seen += [*found.unranked, *(e.id for e in found.excluded)]
    assert sorted(seen) == sorted(pool())


@pytest.mark.parametrize(("name", "kind"), BRIEFS)
def test_the_judge_finds_something_against_everybody_who_is_out(name: str, kind: str) -> None:
    """The other way round: the engine puts nobody out in whom the judge finds no fault."""
    need = variant(name, kind)
    for excluded in decision(name, kind).excluded:
        if any(f.limit == "lifecycle" and f.kind == "not known" for f in excluded.failures):
            continue  # not on sale at all: the judge does not ask
        told = {f.limit for f in excluded.failures}
        is_future = any("released" in f.text for f in excluded.failures)
        is_wordless = any("and no text" in f.text for f in excluded.failures)
        if not is_future and not is_wordless and "must.licence_use" not in told:
            assert violations(need, excluded.id), (excluded.id, excluded.failures)


def test_the_judge_sees_what_is_wrong() -> None:
    need = variant("legal-document-analysis", "as_written")
    assert {"context", "longest request", "retired"} <= set(violations(need, "gpt-3.5-turbo"))
    must = msgspec.structs.replace(need.must, lives_until=date(2027, 6, 1))
    tight = msgspec.structs.replace(need, must=must)
    assert "lives until" in violations(tight, "gpt-5.1")


def assert_not_dominated(found: Decision) -> None:
    """No pick is worse than another candidate on everything that is weighed."""
    signs = {"quality": 1, "cost": -1, "speed": 1, "context": 1}
    rows = {p.id: p.values for p in (*found.shortlist, *found.runners_up)}
    for pick in found.shortlist:
        for other, values in rows.items():
            if other == pick.id:
                continue
            pairs = [(values[n], pick.values[n], signs[n]) for n in pick.values]
            if any(a is None or b is None for a, b, _ in pairs):
                continue
            gains = [Decimal(str(a)) * s - Decimal(str(b)) * s for a, b, s in pairs]
            assert not (min(gains) >= 0 and max(gains) > 0), (pick.id, other)
