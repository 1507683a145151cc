"""Connections to PostgreSQL that end: before, in and after a transaction, and for longer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("psycopg")
import psycopg

from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.errors import StoreError
from pilothouse.core.keys import revoked
from pilothouse.core.limits import Account, Spent
from pilothouse.core.ports import AuditEntry, CallFilter
from pilothouse.stores import _pg_link
from pilothouse.stores._pg_address import PgAddress
from pilothouse.stores._pg_link import InDoubt
from pilothouse.stores.postgres import PostgresStore

from .make import a_call, a_key, a_rollout
from .postgres_server import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = Account("key:k", "2026-09")


def terminated(address: PgAddress, *stores: PostgresStore) -> None:
    """End every connection of these stores, as a restart of the server does."""
    with psycopg.connect(address.url.reveal(), autocommit=True) as db:
        for store in stores:
            for link in (store._durable, store._telemetry, store._reads):  # pyright: ignore[reportPrivateUsage]
                if connection := link._connection:  # pyright: ignore[reportPrivateUsage]
                    pid = connection.info.backend_pid
                    db.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    db.close()


def test_connections_ended_by_the_server_are_opened_again_unnoticed(
    pg_store: PostgresStore,
) -> None:
    work: list[Callable[[], object]] = [
        lambda: pg_store.write_calls([a_call(1)]),
        lambda: pg_store.calls(CallFilter()),
        lambda: pg_store.keys.save_key(a_key(1)),
        lambda: pg_store.budgets.report("a", [Spent(ACCOUNT, 5)], until_us=9),
    ]
    for each in work:
        each()
        terminated(pg_store.address, pg_store)
    assert len(pg_store.calls(CallFilter())) == 1
    terminated(pg_store.address, pg_store)
    assert pg_store.save_rollout(a_rollout(1), [])
    assert pg_store.budgets.spent(ACCOUNT) == 5
    assert pg_store.keys.save_key(revoked(a_key(1), 5))


def test_a_transaction_cut_in_the_middle_is_done_once(pg_store: PostgresStore) -> None:
    cuts = iter([True, True, False])

    def work(db: _pg_link.Db) -> None:
        db.execute("INSERT INTO runs (id, spec_json, at_us) VALUES ('r', '', 1)")
        if next(cuts):
            terminated(pg_store.address, pg_store)

    pg_store._durable.write(work)  # pyright: ignore[reportPrivateUsage]
    assert pg_store.query("SELECT COUNT(*) FROM runs") == [(1,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_booking_whose_commit_is_lost_on_the_way_is_booked_once(
    wired: PostgresStore, wire: Wire, when: str
) -> None:
    wired.budgets.report("a", [Spent(ACCOUNT, 5)], until_us=9)
    wire.lose(when)
    wired.budgets.report("a", [Spent(ACCOUNT, 7)], until_us=9)
    assert wired.budgets.spent(ACCOUNT) == 12


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rollouts_saver_whose_commit_is_lost_is_not_told_that_somebody_was_faster(
    wired: PostgresStore, wire: Wire, when: str
) -> None:
    entry = AuditEntry(at_us=1, who="tick", what="start", why="w")
    wired.save_rollout(a_rollout(1), [entry])
    wire.lose(when)
    assert wired.save_rollout(a_rollout(2), [entry])
    assert wired.audit("ro") == [entry, entry]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_booking_that_raised_in_doubt_and_is_repeated_is_booked_once(
    wired: PostgresStore, wire: Wire, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pg_link, "RESOLVE_S", 0.0)
    wired.budgets.draw("a.0", ACCOUNT, limit=800, least=500, now_us=1, until_us=9)
    wire.lose(when, then_cut=True)
    with pytest.raises(InDoubt, match="whether it was written is not known"):
        wired.budgets.report("a.0", [Spent(ACCOUNT, 100, 50)], until_us=9)
    with pytest.raises(StoreError, match="not known yet"):
        wired.budgets.report("a.0", [Spent(ACCOUNT, 100, 50)], until_us=9)
    wire.mend()
    monkeypatch.undo()  # the server may need a moment to know how the cut transaction ended
    # The caller goes on under its next name, with what it spent meanwhile.
    wired.budgets.report("a.0", [Spent(ACCOUNT, 130, 50), Spent(Account("b", "x"), 1)], until_us=9)
    assert wired.budgets.spent(ACCOUNT) == 130
    wired.budgets.report("a.1", [Spent(ACCOUNT, 70)], until_us=9)
    assert wired.budgets.spent(ACCOUNT) == 200


def test_while_the_database_is_away_reads_and_writes_say_so_and_then_go_on(
    wired: PostgresStore, wire: Wire
) -> None:
    wired.write_calls([a_call(1)])
    wire.cut()
    for work in (lambda: wired.write_calls([a_call(2)]), lambda: wired.calls(CallFilter())):
        with pytest.raises(StoreError):
            work()
    wire.mend()
    wired.write_calls([a_call(2)])
    assert len(wired.calls(CallFilter())) == 2


def test_the_recorder_outlives_a_database_that_is_away_and_loses_nothing(
    wired: PostgresStore, wire: Wire, tmp_path: Path
) -> None:
    recorder = BatchRecorder(wired, flush_interval_s=0.001, most_queued=1000, batch=100)
    for number in range(300):
        recorder.record(a_call(number))
    wire.cut()
    recorded = 300
    while len(list(tmp_path.glob("*.unwritten-*.jsonl"))) < 5:
        if len(recorder._queue) < 1000:  # pyright: ignore[reportPrivateUsage]
            recorder.record(a_call(recorded))
            recorded += 1
    recorder.close()
    assert recorder.shed == 0
    wire.mend()
    following = BatchRecorder(wired, flush_interval_s=3600)
    following.write_back()
    following.close()
    assert wired.query("SELECT COUNT(*), COUNT(DISTINCT id) FROM calls") == [(recorded, recorded)]
    assert not list(tmp_path.glob("*unwritten*"))
