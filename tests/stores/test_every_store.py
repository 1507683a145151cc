"""What every store promises, on SQLite and on PostgreSQL: calls, runs, rollouts, sums."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from pilothouse.core.call import Score
from pilothouse.core.errors import StoreError
from pilothouse.core.grade import Given
from pilothouse.core.pico import pico_usd, usd
from pilothouse.core.ports import AuditEntry, CallFilter
from pilothouse.watch.costs import Dimension, costs

from .make import a_call, a_rollout, a_run, an_answer

if TYPE_CHECKING:
    from .conftest import AnyStore, OpenStore


def test_a_row_whose_id_is_there_is_left_as_it_is(store: AnyStore) -> None:
    store.write_calls([a_call(1)])
    store.write_calls([a_call(1, status="error"), a_call(2)])
    assert [(c.id, c.status) for c in store.calls(CallFilter())] == [
        ("call-2", "ok"),
        ("call-1", "ok"),
    ]


def test_a_kept_answer_replaces_the_one_of_the_same_case_and_repeat(store: AnyStore) -> None:
    a_run(store, "case")
    for number, text in enumerate((None, "42")):
        store.proofs.keep_answers([an_answer(number, text)])
    (answer,) = store.proofs.answers("run", 0, 1)
    assert answer.given == Given(text="42", finish_reason="stop")
    assert len(store.calls(CallFilter(run_id="run"))) == 2


def test_an_answer_of_no_run_is_refused_whole(store: AnyStore) -> None:
    with pytest.raises(StoreError):
        store.proofs.keep_answers([an_answer(1, "x", run_id="none")])
    assert store.calls(CallFilter()) == []


def test_the_slower_of_two_savers_is_told_and_leaves_no_trace(store: AnyStore) -> None:
    entry = AuditEntry(at_us=1, who="tick", what="advance", why="because", evidence={"e": 1})
    assert store.save_rollout(a_rollout(1), [entry])
    assert store.save_rollout(a_rollout(2), [entry])
    assert not store.save_rollout(a_rollout(2, "rolled_back"), [entry])
    assert not store.save_rollout(a_rollout(1), [entry])
    assert store.rollout("ro") == a_rollout(2)
    assert store.audit("ro") == [entry, entry]


def test_the_cursor_over_a_rollouts_calls_meets_each_call_once(store: AnyStore) -> None:
    score = Score(call_id="call-4", scorer="number", value=0.0)
    calls = [a_call(n, rollout_id="ro" if n % 2 == 0 else None) for n in range(20)]
    store.write_scored([(c, (score,) if c.id == "call-4" else ()) for c in calls])
    seen, cursor = [], 0
    while True:
        page, cursor = store.rollout_calls("ro", after_row=cursor, limit=3)
        if not page:
            break
        seen += page
    assert [c.id for c, _ in seen] == [f"call-{n}" for n in range(0, 20, 2)]
    assert [s for _, s in seen if s] == [(score,)]


def test_any_thread_may_write_and_read(store: AnyStore) -> None:
    threads = [
        threading.Thread(
            target=store.write_calls, args=([a_call(n * 100 + i) for i in range(100)],)
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.calls(CallFilter())) == 800


def test_every_field_of_a_call_comes_back_as_it_was(store: AnyStore) -> None:
    call = a_call(
        1,
        attempt=2,
        is_stream=True,
        status="error",
        error_class="server_error",
        error="half \N{PILE OF POO} 'quoted' \\ \\u0000 $1 ? %s",
        http_status=503,
        finish_reason="stop",
        latency_ms=0.1,
        ttft_ms=1e-9,
        input_tokens=2**62,
        output_tokens=0,
        cached_input_tokens=7,
        is_usage_estimated=True,
        cost_usd=Decimal("0.000000000001"),
        cost_note="a note",
        cache="near",
        saved_usd=Decimal("0.000000000002"),
        key_id="K1",
        team="help",
        tag="faq",
        share=0.05,
        rollout_id="ro",
        run_id="run",
        case_id="case",
        repeat=3,
        propensity=0.0125,
    )
    store.write_calls([call, a_call(2)])
    assert store.calls(CallFilter()) == [a_call(2), call]
    store.write_calls([])


def test_calls_are_found_by_every_field_of_the_filter(store: AnyStore) -> None:
    store.write_calls([a_call(n, route=f"r{n}") for n in range(3)])
    at = a_call(1).at_us
    for where in (
        CallFilter(route="r1"),
        CallFilter(request_id="request-1", status="ok", source="prove"),
        CallFilter(since_us=at, until_us=at + 1),
    ):
        assert [c.id for c in store.calls(where)] == ["call-1"]
    assert [c.id for c in store.calls(CallFilter(), limit=2)] == ["call-2", "call-1"]


def test_a_request_id_of_any_length_is_kept(store: AnyStore) -> None:
    """A caller may send one; a B-tree of PostgreSQL refuses 3 kB that do not compress."""
    long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(20_000))
    store.write_calls([a_call(1, request_id=long)])
    assert [c.request_id for c in store.calls(CallFilter(request_id=long))] == [long]


def test_a_count_past_64_bits_is_no_reason_to_try_again(store: AnyStore) -> None:
    with pytest.raises((OverflowError, ValueError)) as caught:
        store.write_calls([a_call(1), a_call(2, input_tokens=2**70)])
    assert not isinstance(caught.value, StoreError)
    assert store.calls(CallFilter()) == []
    store.write_calls([a_call(1)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.lists(
        st.decimals(0, 1000, allow_nan=False, places=14) | st.integers(0, 2**62).map(usd),
        min_size=1,
        max_size=20,
    )
)
def test_money_comes_back_to_the_pico_dollar(store: AnyStore, money: list[Decimal]) -> None:
    run = f"run-{len(store.calls(CallFilter()))}"
    calls = [
        a_call(n, id=f"{run}-{n}", run_id=run, cost_usd=dollars) for n, dollars in enumerate(money)
    ]
    store.write_calls(calls)
    found = {c.id: c.cost_usd for c in store.calls(CallFilter(run_id=run))}
    assert found == {c.id: usd(pico_usd(c.cost_usd or Decimal(0))) for c in calls}


@pytest.mark.parametrize("by", [(), *((d,) for d in get_args(Dimension)), ("day", "route")])
def test_costs_sums_on_every_store_what_it_sums_in_python(
    store: AnyStore, by: tuple[Dimension, ...]
) -> None:
    day_us = 86_400_000_000
    calls = [
        a_call(
            n,
            request_id=f"request-{n % 7}",
            at_us=20_000 * day_us + n % 3 * day_us,
            route=f"route-{n % 2}",
            status="error" if n % 5 == 0 else "ok",
            latency_ms=None if n % 11 == 0 else float(n * 37 % 100),
            input_tokens=None if n % 13 == 0 else 2**58,
            output_tokens=n,
            is_usage_estimated=n == 3,
            cost_usd=None if n % 4 == 0 else Decimal(9_000_000) - n,
            saved_usd=Decimal(n) if n % 6 == 0 else None,
            key_id="K1" if n % 2 else None,
        )
        for n in range(30)
    ]
    store.write_calls(calls)
    rows = costs(store, by, CallFilter())
    assert sum(r.attempts for r in rows) == 30
    assert sum(r.errors for r in rows) == 6
    assert sum((r.cost_usd or Decimal(0) for r in rows), Decimal(0)) == sum(
        (c.cost_usd or Decimal(0) for c in calls), Decimal(0)
    )
    assert sum((r.saved_usd or Decimal(0) for r in rows), Decimal(0)) == 0 + 6 + 12 + 18 + 24
    assert sum(r.input_tokens or 0 for r in rows) == sum(c.input_tokens or 0 for c in calls)
    assert sum(r.not_priced + r.failed_not_priced for r in rows) == 8
    for row in rows:
        assert type(row.input_tokens) is int and type(row.attempts) is int
        assert type(row.latency_p95_ms) is float and type(row.is_usage_estimated) is bool
        assert all(type(name) is str for name in row.group.values())
    if by == ("key",):
        assert [r.group["key"] for r in rows] == ["K1", ""]
    if by == ("day",):
        assert [r.group["day"] for r in rows] == ["2024-10-04", "2024-10-05", "2024-10-06"]


def test_what_one_process_keeps_another_reads(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    a_run(one, "case")
    one.proofs.keep_answers([an_answer(1, "x")])
    assert other.proofs.answered("run", 0, 1) == [("case", "small", 0, None)]
    assert other.save_rollout(a_rollout(1), [])
    assert not one.save_rollout(a_rollout(1), [])
    assert one.rollout("ro") == a_rollout(1)


def test_rollouts_come_newest_first(store: AnyStore) -> None:
    for name in ("a", "c", "b"):
        store.save_rollout(a_rollout(1, id=name), [])
    store.save_rollout(a_rollout(2, id="a"), [])
    assert [r.id for r in store.rollouts()] == ["b", "c", "a"]


def test_a_score_written_again_replaces_the_first(store: AnyStore) -> None:
    scores = [
        Score(call_id="call-1", scorer="number", value=v, detail=d)
        for v, d in ((0.0, "7"), (1.0, None))
    ]
    a_run(store, "case")
    store.proofs.keep_answers([an_answer(1, "x", scores=tuple(scores))])
    assert store.proofs.answers("run", 0, 1)[0].scores == (scores[1],)
    changed = an_answer(1, "y", scores=(scores[0],))
    store.proofs.keep_answers([changed])
    assert store.proofs.answers("run", 0, 1) == [changed]
    more = structs.replace(scores[1], labels=("yes", "no"), parts={"f1": 0.5})
    store.proofs.keep_scores([more])
    assert store.proofs.answers_of(["call-1"], "run")[0].scores == (more,)


def test_a_closed_store_may_be_closed_again(store: AnyStore) -> None:
    store.close()
    store.close()
