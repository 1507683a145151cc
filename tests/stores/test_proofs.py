"""What proofs keep: cases, reuse by question, and parts that processes share. On both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pilothouse.core.grade import Given, ToolUse
from pilothouse.core.proof_store import KeptCase

from .make import a_call, a_run, an_answer

if TYPE_CHECKING:
    from .conftest import AnyStore, OpenStore


def test_cases_are_kept_in_order_and_stay_as_they_were(store: AnyStore) -> None:
    a_run(store, *(f"c{n}" for n in range(250)))
    store.proofs.keep_cases("run", [KeptCase(3, "other", b"[]"), KeptCase(250, "last", b"[]")])
    assert [c.case_id for c in store.proofs.cases("run", 2, 5)] == ["c2", "c3", "c4"]
    assert store.proofs.cases_by_id("run", ["last", "none"]) == [KeptCase(250, "last", b"[]")]
    row = store.proofs.run("run")
    assert row is not None and (row.cases, row.answers) == (251, 0)
    assert [r.id for r in store.proofs.runs()] == ["run"]


def test_an_answer_comes_back_with_its_tool_calls_and_turns(store: AnyStore) -> None:
    a_run(store, "case")
    given = Given(
        text="", tool_uses=(ToolUse("find", "{}"),), finish_reason="tool_calls", earlier=("hi",)
    )
    kept = an_answer(1, "", given=given, attempts=3, question_key="k")
    store.proofs.keep_answers([kept])
    assert store.proofs.answers("run", 0, 1) == [kept]


def test_the_same_question_is_found_in_another_run_and_failures_are_not(store: AnyStore) -> None:
    a_run(store, "case", "other")
    assert not store.proofs.has_others("new")
    good = an_answer(1, "x", question_key="k1")
    bad = an_answer(2, None, case_id="other", question_key="k2")
    store.proofs.keep_answers([good, bad])
    assert store.proofs.has_others("new")
    assert store.proofs.found(["k1", "k2", "k3"]) == {"k1": good}


def test_money_of_a_run_is_that_of_all_its_attempts(store: AnyStore) -> None:
    cost = Decimal("0.001")
    store.write_calls([a_call(n, run_id="run", cost_usd=cost) for n in range(3)])
    store.write_calls([a_call(9, cost_usd=cost)])
    assert store.proofs.spent_usd("run") == Decimal("0.003")
    assert store.proofs.spent_usd("none") == 0


def test_a_part_has_one_owner_until_its_lease_is_over(open_store: OpenStore) -> None:
    one, other = open_store().proofs, open_store().proofs
    assert one.take("run", [0, 1, 2], "a", until_us=100, now_us=10) == [0, 1, 2]
    assert other.take("run", [1, 2, 3], "b", until_us=100, now_us=20) == [3]
    assert other.holders("run") == {"a": 100, "b": 100}
    one.renew("run", "a", 300)
    assert other.take("run", [0], "b", until_us=400, now_us=200) == []
    one.give_back("run", "a", [0])
    assert other.take("run", [0, 1], "b", until_us=400, now_us=200) == [0]
    assert other.take("run", [1], "b", until_us=400, now_us=301) == [1]
    one.give_back("run", "a")
    assert other.holders("run") == {"b": 400}


def test_output_tokens_are_those_of_that_model_in_that_run_newest_first(store: AnyStore) -> None:
    calls = [a_call(n, run_id="run", output_tokens=10 * n) for n in range(1, 4)]
    store.write_calls([*calls, a_call(8, output_tokens=1), a_call(9, run_id="run", model="other")])
    assert store.proofs.output_tokens("run", "replay", "m-1", 2) == [30, 20]
