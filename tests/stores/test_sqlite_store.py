"""One SQLite file: upgrades, refusals, damage, and what SQLite itself enforces."""

import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.call import Score
from pilothouse.core.errors import StoreError
from pilothouse.core.grade import Given
from pilothouse.core.limits import Account, Spent
from pilothouse.core.ports import AuditEntry, CallFilter
from pilothouse.stores._rows import call_from_row, pico_usd, row_from_call, usd
from pilothouse.stores._schema import connect, explained, migrations, upgrade
from pilothouse.stores.sqlite import SqliteStore

from .make import a_call, a_key, a_rollout

ACCOUNT = Account("key:k", "2026-09")


def old_database(path: Path, version: int) -> None:
    db = connect(path, durable=True)
    upgrade(db, path, up_to=version)
    db.execute(
        "INSERT INTO calls (id, request_id, at_us, source, route, arm, target, provider, model, "
        "status, attempt, is_stream, cached_input_tokens, is_usage_estimated, cost_pico_usd, repeat, "
        "run_id, case_id) VALUES ('c', 'r', 5, 'prove', 'poc', 'main', 't', 'p', 'm', 'ok', 1, 0, 0, "
        "0, 1500000, 0, 'run', 'case')"
    )
    db.execute("INSERT INTO runs VALUES ('run', x'7b7d', 1)")
    db.execute(
        "INSERT INTO answers (run_id, case_id, target, repeat, call_id, text) VALUES ('run', 'case', 't', 0, 'c', 'forty-two')"
    )
    db.execute(
        "INSERT INTO scores (call_id, scorer, value, detail) VALUES ('c', 'number', 1.0, '42')"
    )
    db.close()


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
def test_every_older_version_is_upgraded_and_keeps_its_data(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.db"
    old_database(path, version)
    store = SqliteStore(path)
    assert store.query("PRAGMA user_version") == [(len(migrations()),)]
    (answer,) = store.proofs.answers_of(["c"], "run")
    assert answer.given == Given(text="forty-two", finish_reason="stop")
    assert answer.call.cost_usd == Decimal("0.0000015")
    assert answer.call.propensity is None
    assert answer.scores == (Score(call_id="c", scorer="number", value=1.0, detail="42"),)
    assert store.save_rollout(a_rollout(1), [])
    store.close()


def test_a_newer_database_is_refused_with_both_versions_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    SqliteStore(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(
        StoreError, match=r"newer Pilothouse \(schema 99; this one knows \d+\).*--store"
    ):
        SqliteStore(path)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.close()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="this is a folder"):
        SqliteStore(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the folder .*nowhere does not exist"):
        SqliteStore(tmp_path / "nowhere" / "t.db")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes " * 1000)
    with pytest.raises(StoreError, match="not a SQLite database"):
        SqliteStore(path)
    assert path.read_text() == "notes " * 1000


def test_a_damaged_database_is_an_error_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    store = SqliteStore(path)
    store.write_calls([a_call(n) for n in range(2000)])
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged.*restore a backup"):
        damaged = SqliteStore(path)
        try:
            damaged.calls(CallFilter())
        finally:
            damaged.close()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("attempt to write a readonly database", "cannot be written"),
        ("unable to open database file", "check the rights"),
        ("database is locked", "another process holds it"),
        ("database or disk is full", "the disk is full"),
    ],
)
def test_sqlites_reasons_become_advice(text: str, advice: str) -> None:
    said = str(explained(Path("x.db"), sqlite3.OperationalError(text)))
    assert said.startswith("x.db: ")
    assert advice in said
    assert text in said


@pytest.mark.slow
def test_processes_that_open_an_old_file_at_once_all_find_it_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old_database(path, 1)
    code = (
        "import sys; from pilothouse.stores.sqlite import SqliteStore as S; s = S(sys.argv[1]); "
        "print(len(s.proofs.answers_of(['c'], 'run'))); s.close()"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    assert [p.communicate() for p in running] == [(b"1\n", b"")] * 4


@given(st.integers(0, 2**63 - 1))
def test_money_survives_to_the_pico_dollar(pico: int) -> None:
    assert pico_usd(usd(pico)) == pico
    assert call_from_row(row_from_call(a_call(1, cost_usd=usd(pico)))).cost_usd == usd(pico)


@pytest.mark.parametrize("sql", ["UPDATE audit SET why = ''", "DELETE FROM audit"])
def test_the_audit_trail_cannot_be_rewritten(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "t.db"
    store = SqliteStore(path)
    store.save_rollout(a_rollout(1), [AuditEntry(at_us=1, who="tick", what="start", why="w")])
    store.close()
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(sql)
    db.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_from_before_keys_gets_them(tmp_path: Path, version: int) -> None:
    db = connect(tmp_path / "old.db", durable=True)
    upgrade(db, tmp_path / "old.db", up_to=version)
    db.close()
    store = SqliteStore(tmp_path / "old.db")
    assert store.keys.save_key(a_key(1))
    assert store.budgets.draw("h", ACCOUNT, limit=10, least=1, now_us=1, until_us=2).pico_usd
    store.close()


def test_finding_what_changed_reads_no_key_that_did_not(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    (plan,) = store.query(
        "EXPLAIN QUERY PLAN SELECT key_json, changed FROM keys WHERE changed > ? ORDER BY changed",
        (5,),
    )
    assert "USING INDEX" in plan[-1] and "changed>" in plan[-1]
    store.close()


def test_a_booking_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    db = sqlite3.connect(store.path)
    db.execute(
        "CREATE TRIGGER no BEFORE INSERT ON budgets WHEN new.scope_id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    db.close()
    with pytest.raises(Exception, match="no"):
        store.budgets.report(
            "a", [Spent(ACCOUNT, 5), Spent(Account("bad", "total"), 5)], until_us=1
        )
    assert store.budgets.spent(ACCOUNT) == 0
    store.close()
