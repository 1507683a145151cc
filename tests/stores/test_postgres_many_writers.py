"""Several writers on one PostgreSQL: nobody is skipped, nothing passes a limit, a killed one leaves no trace."""

from __future__ import annotations

import os
import signal
import threading

import pytest

pytest.importorskip("psycopg")

from pilothouse.core.limits import Account
from pilothouse.stores import _pg_link
from pilothouse.stores.postgres import PostgresStore

from .make import a_call, a_key
from .postgres_server import started

ACCOUNT = Account("key:k", "2026-09")


def test_the_cursor_waits_for_a_writer_whose_earlier_rows_are_not_committed_yet(
    pg_store: PostgresStore,
) -> None:
    """Row numbers are given before COMMIT: a cursor past a later one would miss the earlier for ever."""
    other = PostgresStore(pg_store.address)
    inserted, may_commit = threading.Event(), threading.Event()

    def slow(db: _pg_link.Db) -> None:
        from pilothouse.stores._pg_calls import insert_calls

        insert_calls(db, [a_call(1, rollout_id="ro")])
        inserted.set()
        may_commit.wait(60)

    writer = threading.Thread(target=other._telemetry.write, args=(slow,))  # pyright: ignore[reportPrivateUsage]
    writer.start()
    inserted.wait(60)
    pg_store.write_calls([a_call(2, rollout_id="ro")])
    found: list[object] = []
    reader = threading.Thread(
        target=lambda: found.append(pg_store.rollout_calls("ro", after_row=0, limit=9))
    )
    reader.start()
    watcher = PostgresStore(pg_store.address)
    waiting = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while watcher.query(waiting) == [(0,)]:
        assert not found
    may_commit.set()
    for thread in (writer, reader):
        thread.join()
    ((calls, _),) = found  # type: ignore[misc]
    assert [c.id for c, _ in calls] == ["call-1", "call-2"]
    for each in (other, watcher):
        each.close()


def test_draws_at_once_never_pass_the_limit(pg_store: PostgresStore) -> None:
    stores = [pg_store, PostgresStore(pg_store.address), PostgresStore(pg_store.address)]
    drawn: list[int] = []

    def draw(number: int, mine: PostgresStore) -> None:
        for _ in range(20):
            granted = mine.budgets.draw(
                f"h{number}", ACCOUNT, limit=1000, least=30, now_us=1, until_us=99
            )
            drawn.append(granted.pico_usd)

    threads = [threading.Thread(target=draw, args=(n, s)) for n, s in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 970 < sum(drawn) <= 1000
    for each in stores[1:]:
        each.close()


def test_keys_saved_at_once_are_all_met_by_a_cursor_that_reads_meanwhile(
    pg_store: PostgresStore,
) -> None:
    other = PostgresStore(pg_store.address)
    seen: list[str] = []
    cursor = 0

    def save(mine: PostgresStore, first: int) -> None:
        for number in range(first, first + 25):
            mine.keys.save_key(a_key(number))

    threads = [threading.Thread(target=save, args=args) for args in ((pg_store, 0), (other, 100))]
    for thread in threads:
        thread.start()
    reader = PostgresStore(pg_store.address)
    writing = True
    while writing:
        writing = any(t.is_alive() for t in threads)  # asked before reading: the last page is whole
        changed, cursor = reader.keys.keys_changed(cursor)
        seen += [k.id for k in changed]
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 50
    for each in (other, reader):
        each.close()


_WRITER = """
import sys
from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.call import Call
from pilothouse.stores._pg_address import address_from_url
from pilothouse.stores.postgres import PostgresStore
store = PostgresStore(address_from_url(sys.argv[1], schema=sys.argv[2]))
recorder = BatchRecorder(store, flush_interval_s=3600, batch=200)
def some(first, last):
    for n in range(first, last):
        recorder.record(Call(id=sys.argv[3] + str(n), request_id="r", at_us=n, source="serve", route="r",
            arm="a", target="t", provider="p", model="m", status="ok", rollout_id="ro"))
some(0, 3000); recorder.flush(); print("flushed", flush=True)
if sys.argv[4] == "close":
    some(3000, 4000); recorder.close(); store.close()
else:
    n = 3000
    while True:
        some(n, n + 200); recorder.flush(); print(n + 200, flush=True); n += 200
"""


@pytest.mark.slow
def test_two_processes_that_write_at_once_lose_nothing_and_the_cursor_meets_all(
    pg_store: PostgresStore,
) -> None:
    running = [started(_WRITER, pg_store.address, name, "close") for name in ("a", "b")]
    seen: list[str] = []
    cursor = 0
    more = True
    while more:
        writing = any(p.poll() is None for p in running)  # asked before reading, as above
        page, cursor = pg_store.rollout_calls("ro", after_row=cursor, limit=500)
        seen += [c.id for c, _ in page]
        more = writing or bool(page)
    assert [p.communicate() for p in running] == [(b"flushed\n", b"")] * 2
    assert len(seen) == len(set(seen)) == 8000


@pytest.mark.slow
def test_a_writer_killed_in_the_middle_leaves_whole_batches_and_nobody_waiting(
    pg_store: PostgresStore,
) -> None:
    process = started(_WRITER, pg_store.address, "a", "on")
    assert process.stdout is not None
    acknowledged = 0
    for line in process.stdout:
        acknowledged = 3000 if line == b"flushed\n" else int(line)
        if acknowledged >= 5000:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    pg_store.write_calls([a_call(1, rollout_id="ro")])
    calls, _ = pg_store.rollout_calls("ro", after_row=0, limit=10**6)
    kept = sum(c.id.startswith("a") for c, _ in calls)
    assert kept >= acknowledged
    assert kept % 200 == 0
