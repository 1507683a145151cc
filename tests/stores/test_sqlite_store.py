"""One SQLite file: upgrades, refusals, exact money, durable answers and rollouts."""

import sqlite3
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.core.call import Call, Score
from pilothouse.core.errors import StoreError
from pilothouse.core.ports import AuditEntry, CallFilter, PaidAnswer, StoredRollout
from pilothouse.stores._rows import call_from_row, pico_usd, row_from_call, usd
from pilothouse.stores._schema import connect, explained, migrations, upgrade
from pilothouse.stores.sqlite import SqliteStore


def a_call(number: int, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": f"call-{number}",
        "request_id": f"request-{number}",
        "at_us": 1_700_000_000_000_000 + number,
        "source": "prove",
        "route": "poc",
        "arm": "main",
        "target": "small",
        "provider": "replay",
        "model": "m-1",
        "status": "ok",
    }
    return Call(**{**values, **changes})  # type: ignore[arg-type]


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
    db.execute("INSERT INTO answers VALUES ('run', 'case', 't', 0, 'c', 'forty-two')")
    db.execute("INSERT INTO scores VALUES ('c', 'number', 1.0, '42')")
    db.close()


@pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
def test_every_older_version_is_upgraded_and_keeps_its_data(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.db"
    old_database(path, version)
    store = SqliteStore(path)
    assert store.query("PRAGMA user_version") == [(len(migrations()),)]
    (answer,) = store.answers("run")
    assert answer.text == "forty-two"
    assert answer.call.cost_usd == Decimal("0.0000015")
    assert answer.scores == (Score(call_id="c", scorer="number", value=1.0, detail="42"),)
    assert store.save_rollout(
        StoredRollout(id="x", route="r", status="running", version=1, state_json=b"{}"), []
    )
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
        "print(len(s.answers('run'))); s.close()"
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


def test_a_row_whose_id_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    store.write_calls([a_call(1)])
    store.write_calls([a_call(1, status="error"), a_call(2)])
    assert [(c.id, c.status) for c in store.calls(CallFilter())] == [
        ("call-2", "ok"),
        ("call-1", "ok"),
    ]
    store.close()


def test_a_kept_answer_replaces_the_one_of_the_same_case_and_repeat(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    assert store.open_run("run", b"{}", 1)
    assert not store.open_run("run", b"{}", 2)
    for number, text in enumerate((None, "42")):
        call = a_call(number, run_id="run", case_id="case")
        store.keep_answer(PaidAnswer(call=call, text=text))
    assert [a.text for a in store.answers("run")] == ["42"]
    assert len(store.calls(CallFilter(run_id="run"))) == 2
    store.close()


def test_an_answer_of_no_run_is_refused_whole(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    with pytest.raises(StoreError):
        store.keep_answer(PaidAnswer(call=a_call(1, run_id="none", case_id="c"), text="x"))
    assert store.calls(CallFilter()) == []
    store.close()


def a_rollout(version: int, status: str = "running") -> StoredRollout:
    return StoredRollout(id="ro", route="r", status=status, version=version, state_json=b"{}")


def test_the_slower_of_two_savers_is_told_and_leaves_no_trace(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    entry = AuditEntry(at_us=1, who="tick", what="advance", why="because", evidence={"e": 1})
    assert store.save_rollout(a_rollout(1), [entry])
    assert store.save_rollout(a_rollout(2), [entry])
    assert not store.save_rollout(a_rollout(2, "rolled_back"), [entry])
    assert not store.save_rollout(a_rollout(1), [entry])
    assert store.rollout("ro") == a_rollout(2)
    assert store.audit("ro") == [entry, entry]
    store.close()


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


def test_the_cursor_over_a_rollouts_calls_meets_each_call_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
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
    store.close()


def test_any_thread_may_write_and_read(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
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
    store.close()
