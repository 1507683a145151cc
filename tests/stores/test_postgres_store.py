"""What PostgreSQL adds: upgrades, refusals in words, lost connections, many writers, killed writers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("psycopg")
import psycopg
from msgspec import structs

from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.call import Score
from pilothouse.core.errors import StoreError
from pilothouse.core.keys import revoked
from pilothouse.core.limits import Account, Spent
from pilothouse.core.ports import AuditEntry, CallFilter, PaidAnswer
from pilothouse.stores import _pg_link
from pilothouse.stores._pg_address import PgAddress, address_from_url
from pilothouse.stores._pg_errors import explained
from pilothouse.stores._pg_link import InDoubt, PgLink
from pilothouse.stores._pg_schema import migrations, upgrade
from pilothouse.stores.postgres import PostgresStore

from .make import a_call, a_key, a_rollout
from .postgres_server import Doorkeeper, Wire, dropped, run_sql

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = Account("key:k", "2026-09")


@pytest.fixture
def store(address: PgAddress) -> Iterator[PostgresStore]:
    opened = PostgresStore(address)
    yield opened
    opened.close()


@pytest.fixture
def wired(address: PgAddress, wire: Wire) -> Iterator[PostgresStore]:
    """A store whose connections go through `wire`."""
    through = address_from_url(wire.url, schema=address.schema, spill_folder=address.spill_folder)
    opened = PostgresStore(through)
    yield opened
    opened.close()


# Versions


def old_database(address: PgAddress, version: int) -> None:
    link = PgLink(address)
    link.alone(lambda db: upgrade(db, address, up_to=version))
    link.close()
    run_sql(
        address,
        "INSERT INTO calls (id, request_id, at_us, source, route, arm, target, provider, model, "
        "status, attempt, is_stream, cached_input_tokens, is_usage_estimated, cost_pico_usd, repeat, "
        "run_id, case_id) VALUES ('c', 'r', 5, 'prove', 'poc', 'main', 't', 'p', 'm', 'ok', 1, 0, 0, "
        "0, 1500000, 0, 'run', 'case'); "
        "INSERT INTO runs VALUES ('run', '{}', 1); "
        "INSERT INTO answers VALUES ('run', 'case', 't', 0, 'c', 'forty-two'); "
        "INSERT INTO scores VALUES ('c', 'number', 1.0, '42')",
    )


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
def test_every_older_version_is_upgraded_and_keeps_its_data(
    address: PgAddress, version: int
) -> None:
    old_database(address, version)
    store = PostgresStore(address)
    assert store.query("SELECT version FROM schema_version") == [(len(migrations()),)]
    (answer,) = store.answers("run")
    assert answer.text == "forty-two"
    assert answer.call.cost_usd == Decimal("0.0000015")
    assert answer.scores == (Score(call_id="c", scorer="number", value=1.0, detail="42"),)
    assert store.save_rollout(a_rollout(1), [])
    assert store.keys.save_key(a_key(1))
    assert store.budgets.draw("h", ACCOUNT, limit=10, least=1, now_us=1, until_us=2).pico_usd
    store.close()


def test_a_newer_schema_is_refused_with_both_versions_and_left_as_it_is(
    store: PostgresStore,
) -> None:
    run_sql(store.address, "UPDATE schema_version SET version = 99")
    with pytest.raises(
        StoreError, match=r"newer Pilothouse \(schema 99; this one knows \d+\).*--store"
    ):
        PostgresStore(store.address)
    assert store.query("SELECT version FROM schema_version") == [(99,)]


def test_a_migration_that_fails_leaves_the_version_before_it(
    address: PgAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilothouse.stores import _pg_schema

    broken = (*migrations(), "CREATE TABLE half (a INTEGER); SELECT no_such_function ()")
    with monkeypatch.context() as patch:
        patch.setattr(_pg_schema, "migrations", lambda: broken)
        with pytest.raises(StoreError, match="no_such_function"):
            PostgresStore(address)
    store = PostgresStore(address)
    assert store.query("SELECT version, to_regclass('half') FROM schema_version") == [
        (len(migrations()), None)
    ]
    store.close()


@pytest.mark.slow
def test_processes_that_start_at_once_on_an_empty_database_all_find_it_ready(
    address: PgAddress,
) -> None:
    code = (
        "import sys; from pilothouse.stores.postgres import PostgresStore as S; "
        "from pilothouse.stores._pg_address import address_from_url as at; "
        "s = S(at(sys.argv[1], schema=sys.argv[2])); print(s.query('SELECT version FROM schema_version')); "
        "s.close()"
    )
    running = [_started(code, address) for _ in range(4)]
    said = f"[({len(migrations())},)]\n".encode()
    assert [p.communicate() for p in running] == [(said, b"")] * 4


def test_what_must_exist_is_not_made(address: PgAddress) -> None:
    with pytest.raises(StoreError, match="there is nothing of Pilothouse here yet"):
        PostgresStore(address, must_exist=True)
    with psycopg.connect(address.url.reveal()) as db:
        found = db.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [address.schema])
        assert found.fetchall() == []
    db.close()


def test_stores_in_two_schemas_know_nothing_of_each_other(
    store: PostgresStore, address: PgAddress
) -> None:
    beside = structs.replace(address, schema=address.schema[:-1])
    other = PostgresStore(beside)
    store.write_calls([a_call(1)])
    assert other.calls(CallFilter()) == []
    other.close()
    dropped(beside)


# Refusals in words


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        PostgresStore(address_from_url(url))
    return str(caught.value)


def test_an_absent_database_is_named_with_what_to_do(postgres_url: str) -> None:
    said = refusal(postgres_url.rpartition("/")[0] + "/nowhere")
    assert "/nowhere: there is no such database: make it first" in said


def test_a_port_where_nothing_listens_is_said() -> None:
    said = refusal("postgresql://ann:hunter2@127.0.0.1:1/db")
    assert said.startswith("postgresql://ann@127.0.0.1:1/db: nothing listens there")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            'password authentication failed for user "ann" (hunter2)',
            "look at PGPASSWORD, ~/.pgpass",
        ),
        ("fe_sendauth: no password supplied", "it asks for a password"),
        ('FATAL:  role "ann" does not exist', "no such user"),
        ("FATAL:  sorry, too many clients already", "no connection left"),
        ("connection timeout expired", "does not answer"),
        ("the database system is starting up", "try again"),
        ("strange", "PostgreSQL refused"),
    ],
)
def test_postgresqls_reasons_become_advice_without_the_password(text: str, advice: str) -> None:
    address = address_from_url("postgresql://ann:hunter2@db/calls")
    error = explained(address, psycopg.OperationalError(text + "\nsecond line"))
    assert isinstance(error, StoreError)
    assert str(error).startswith("postgresql://ann@db/calls: ")
    assert advice in str(error)
    assert "hunter2" not in str(error) and "second line" not in str(error)


@pytest.mark.parametrize("way", ["url", "environment"])
def test_a_wrong_password_is_said_without_the_password(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Doorkeeper()
    userinfo = "ann:hunter2" if way == "url" else "ann"
    if way == "environment":
        monkeypatch.setenv("PGPASSWORD", "hunter2")
    said = refusal(f"postgresql://{userinfo}@127.0.0.1:{door.port}/db?gssencmode=disable")
    door.close()
    assert b"hunter2" in door.heard[0]
    assert "the user or its password is wrong: look at PGPASSWORD" in said
    assert "hunter2" not in said


def test_a_user_without_rights_is_told_what_it_lacks(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="its user lacks a right"):
        store._durable.write(  # pyright: ignore[reportPrivateUsage]
            lambda db: (
                db.execute("SET LOCAL ROLE pg_monitor"),
                db.execute(f"DELETE FROM {store.address.schema}.runs"),
            )
        )


# What PostgreSQL enforces


@pytest.mark.parametrize(
    "sql", ["UPDATE audit SET why = ''", "DELETE FROM audit", "TRUNCATE audit"]
)
def test_the_audit_trail_cannot_be_rewritten(store: PostgresStore, sql: str) -> None:
    store.save_rollout(a_rollout(1), [AuditEntry(at_us=1, who="tick", what="start", why="w")])
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        run_sql(store.address, sql)
    assert len(store.audit("ro")) == 1


def test_a_booking_is_written_whole_or_not_at_all(store: PostgresStore) -> None:
    run_sql(store.address, "ALTER TABLE budgets ADD CHECK (scope_id <> 'zbad')")
    with pytest.raises(StoreError, match="zbad|check constraint"):
        store.budgets.report(
            "a", [Spent(ACCOUNT, 5), Spent(Account("zbad", "total"), 5)], until_us=1
        )
    assert store.budgets.spent(ACCOUNT) == 0


def test_a_nul_in_a_text_is_replaced_and_the_answer_kept(store: PostgresStore) -> None:
    store.open_run("run", b"{}", 1)
    call = a_call(1, run_id="run", case_id="c", error=r"a literal \u0000 stays")
    store.keep_answer(PaidAnswer(call=call, text="a\0b"))
    (answer,) = store.answers("run")
    assert answer.text == "a\ufffdb"
    assert answer.call == call


def test_whole_numbers_come_back_whole_and_averages_as_floats(store: PostgresStore) -> None:
    sql = "SELECT SUM(n), AVG(n), SUM(n)::numeric * ? FROM (VALUES (?::bigint), (2)) AS t (n)"
    assert store.query(sql, (2, 1)) == [(3, 1.5, 6)]
    assert store.query("SELECT '?', ?::text", ("it's $1 ?",)) == [("?", "it's $1 ?")]


def test_commits_wait_for_the_disk_even_where_the_server_does_not_ask_for_it(
    address: PgAddress,
) -> None:
    lazy = structs.replace(
        address, url=type(address.url)(address.url.reveal() + "?options=-csynchronous_commit%3Doff")
    )
    store = PostgresStore(lazy)
    assert store.query("SHOW synchronous_commit") == [("on",)]
    store.close()


# Lost connections


def terminated(address: PgAddress, *stores: PostgresStore) -> None:
    """End every connection of these stores, as a restart of the server does."""
    with psycopg.connect(address.url.reveal(), autocommit=True) as db:
        for store in stores:
            for link in (store._durable, store._telemetry, store._reads):  # pyright: ignore[reportPrivateUsage]
                if connection := link._connection:  # pyright: ignore[reportPrivateUsage]
                    pid = connection.info.backend_pid
                    db.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    db.close()


def test_connections_ended_by_the_server_are_opened_again_unnoticed(store: PostgresStore) -> None:
    work: list[Callable[[], object]] = [
        lambda: store.write_calls([a_call(1)]),
        lambda: store.calls(CallFilter()),
        lambda: store.keys.save_key(a_key(1)),
        lambda: store.budgets.report("a", [Spent(ACCOUNT, 5)], until_us=9),
    ]
    for each in work:
        each()
        terminated(store.address, store)
    assert len(store.calls(CallFilter())) == 1
    terminated(store.address, store)
    assert store.save_rollout(a_rollout(1), [])
    assert store.budgets.spent(ACCOUNT) == 5
    assert store.keys.save_key(revoked(a_key(1), 5))


def test_a_transaction_cut_in_the_middle_is_done_once(store: PostgresStore) -> None:
    cuts = iter([True, True, False])

    def work(db: _pg_link.Db) -> None:
        db.execute("INSERT INTO runs (id, spec_json, at_us) VALUES ('r', '', 1)")
        if next(cuts):
            terminated(store.address, store)

    store._durable.write(work)  # pyright: ignore[reportPrivateUsage]
    assert store.query("SELECT COUNT(*) FROM runs") == [(1,)]


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


# Many writers


def test_the_cursor_waits_for_a_writer_whose_earlier_rows_are_not_committed_yet(
    store: PostgresStore,
) -> None:
    """Row numbers are given before COMMIT: a cursor past a later one would miss the earlier for ever."""
    other = PostgresStore(store.address)
    inserted, may_commit = threading.Event(), threading.Event()

    def slow(db: _pg_link.Db) -> None:
        from pilothouse.stores._pg_calls import insert_calls

        insert_calls(db, [a_call(1, rollout_id="ro")])
        inserted.set()
        may_commit.wait(60)

    writer = threading.Thread(target=other._telemetry.write, args=(slow,))  # pyright: ignore[reportPrivateUsage]
    writer.start()
    inserted.wait(60)
    store.write_calls([a_call(2, rollout_id="ro")])
    found: list[object] = []
    reader = threading.Thread(
        target=lambda: found.append(store.rollout_calls("ro", after_row=0, limit=9))
    )
    reader.start()
    watcher = PostgresStore(store.address)
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


def test_draws_at_once_never_pass_the_limit(store: PostgresStore) -> None:
    stores = [store, PostgresStore(store.address), PostgresStore(store.address)]
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
    store: PostgresStore,
) -> None:
    other = PostgresStore(store.address)
    seen: list[str] = []
    cursor = 0

    def save(mine: PostgresStore, first: int) -> None:
        for number in range(first, first + 25):
            mine.keys.save_key(a_key(number))

    threads = [threading.Thread(target=save, args=args) for args in ((store, 0), (other, 100))]
    for thread in threads:
        thread.start()
    reader = PostgresStore(store.address)
    while len(seen) < 50:
        changed, cursor = reader.keys.keys_changed(cursor)
        seen += [k.id for k in changed]
        if not any(t.is_alive() for t in threads) and not changed:
            break
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
    store: PostgresStore,
) -> None:
    running = [_started(_WRITER, store.address, name, "close") for name in ("a", "b")]
    seen: list[str] = []
    cursor = 0
    while any(p.poll() is None for p in running) or len(seen) < 8000:
        page, after = store.rollout_calls("ro", after_row=cursor, limit=500)
        seen += [c.id for c, _ in page]
        if after == cursor and all(p.poll() is not None for p in running):
            break
        cursor = after
    assert [p.communicate() for p in running] == [(b"flushed\n", b"")] * 2
    assert len(seen) == len(set(seen)) == 8000


@pytest.mark.slow
def test_a_writer_killed_in_the_middle_leaves_whole_batches_and_nobody_waiting(
    store: PostgresStore,
) -> None:
    process = _started(_WRITER, store.address, "a", "on")
    assert process.stdout is not None
    acknowledged = 0
    for line in process.stdout:
        acknowledged = 3000 if line == b"flushed\n" else int(line)
        if acknowledged >= 5000:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    store.write_calls([a_call(1, rollout_id="ro")])
    calls, _ = store.rollout_calls("ro", after_row=0, limit=10**6)
    kept = sum(c.id.startswith("a") for c, _ in calls)
    assert kept >= acknowledged
    assert kept % 200 == 0


def _started(code: str, address: PgAddress, *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, address.url.reveal(), address.schema, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
