from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pilothouse.choose.check import Checked, check, needed_today, read_decision
from pilothouse.choose.facts import Offer
from pilothouse.choose.record import record_json

from .make import DAY, choose, need, offer

LATER = date(2026, 3, 1)
GIVEN: dict[str, Any] = {"must": {"context_tokens": 50_000, "lives_until": "2026-02-01"}}


def checked(before: list[Offer], after: list[Offer], **given: Any) -> Checked:
    whole = {**GIVEN, **given}
    saved = read_decision(record_json(choose(before, **whole), {}), "decision.json")
    again = {**whole, "must": {k: v for k, v in whole["must"].items() if k != "lives_until"}}
    return check(saved, choose(after, LATER, **again), date(2026, 6, 1))


OLD = offer("old", cost="1", benchmarks={"exam": 0.5})


@pytest.mark.parametrize(
    ("after", "state", "has_failed"),
    [
        ([OLD], "ok", False),
        ([offer("old", benchmarks={"exam": 0.5}, retired_on=date(2026, 2, 1))], "retired", True),
        ([offer("old", benchmarks={"exam": 0.5}, context_tokens=9_000)], "breaks", True),
        ([OLD, offer("new", cost="0.5", benchmarks={"exam": 0.9})], "dominated", True),
        ([offer("else")], "unknown", True),
        ([offer("old", benchmarks={"exam": 0.5}, retired_on=date(2026, 4, 1))], "ending", False),
        ([OLD, offer("twin", benchmarks={"exam": 0.5}, released_on=date(2026, 1, 9))], "ok", False),
    ],
)
def test_a_saved_pick_fails_when_retired_dominated_unknown_or_over_a_limit(
    after: list[Offer], state: str, has_failed: bool
) -> None:
    found = checked([OLD], after)
    assert [v.state for v in found.verdicts] == [state]
    assert found.has_failed is has_failed


def test_a_pick_that_others_overtook_still_holds() -> None:
    better = [
        offer(f"b{i}", cost=str(2 + i), benchmarks={"exam": 0.9 + i / 100}, vendor=f"w{i}")
        for i in range(3)
    ]
    found = checked([OLD], [OLD, *better], nice={"quality": 9, "cost": 1})
    assert found.verdicts[0].state == "outranked" and not found.has_failed


def test_an_end_that_was_asked_for_and_has_come_no_longer_limits() -> None:
    saved = read_decision(record_json(choose([OLD], **GIVEN), {}), "decision.json")
    assert needed_today(saved, DAY).must.lives_until == date(2026, 2, 1)
    assert needed_today(saved, LATER).must.lives_until is None
    assert need().must.lives_until is None
