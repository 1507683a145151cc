"""The one writer: nothing acknowledged is lost on close or SIGTERM, little on SIGKILL, none silently."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.call import Call
from pilothouse.core.errors import StoreError
from pilothouse.core.ports import CallFilter
from pilothouse.stores.sqlite import SqliteStore


def a_call(number: int, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": f"call-{number}",
        "request_id": f"request-{number}",
        "at_us": number,
        "source": "serve",
        "route": "support",
        "arm": "main",
        "target": "small",
        "provider": "replay",
        "model": "m-1",
        "status": "ok",
    }
    return Call(**{**values, **changes})  # type: ignore[arg-type]


class Refusing:
    """A store that refuses until told otherwise, and remembers what it took."""

    def __init__(self, path: Path) -> None:
        self.spill_path = path
        self.is_down = True
        self.tried = threading.Event()
        self.taken: list[Call] = []

    def write_calls(self, calls: Sequence[Call]) -> None:
        self.tried.set()
        if self.is_down:
            raise StoreError("down")
        self.taken += calls


def test_close_writes_all_of_fifty_thousand_calls(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    recorder = BatchRecorder(store)
    for number in range(50_000):
        recorder.record(a_call(number))
    recorder.close()
    recorder.close()
    assert store.query("SELECT COUNT(*), COUNT(DISTINCT id) FROM calls") == [(50_000, 50_000)]
    assert recorder.shed == 0
    store.close()


def test_calls_wait_in_order_while_the_database_is_away(tmp_path: Path) -> None:
    store = Refusing(tmp_path / "t.db")
    recorder = BatchRecorder(store, flush_interval_s=3600, batch=7)
    for number in range(50):
        recorder.record(a_call(number))
    with pytest.raises(StoreError):
        recorder.flush()
    store.is_down = False
    recorder.flush()
    assert [c.id for c in store.taken] == [f"call-{n}" for n in range(50)]
    recorder.close()


def test_a_locked_database_delays_and_loses_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "t.db")
    store.query("PRAGMA busy_timeout = 0")
    recorder = BatchRecorder(store, flush_interval_s=3600)
    other = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(100):
        recorder.record(a_call(number))
    with pytest.raises(StoreError, match="another process holds it"):
        recorder.flush()
    other.execute("COMMIT")
    other.close()
    recorder.close()
    assert len(store.calls(CallFilter())) == 100
    store.close()


def test_what_cannot_be_written_at_close_is_spilt_beside_the_database_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = BatchRecorder(Refusing(tmp_path / "t.db"), flush_interval_s=3600)
    calls = [a_call(n, cost_usd=Decimal("0.1")) for n in range(3)]
    for call in calls:
        recorder.record(call)
    recorder.close()
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("t.db.unwritten-") and file.suffix == ".jsonl"
    lines = file.read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Call) for line in lines] == calls
    assert "3 calls could not be written" in caplog.text


def spilt(folder: Path, count: int) -> None:
    """What a process leaves that ended while its database was away."""
    recorder = BatchRecorder(Refusing(folder / "t.db"), flush_interval_s=3600, batch=10)
    for number in range(count):
        recorder.record(a_call(number))
    recorder.close()


def test_the_next_start_writes_back_what_was_spilt(tmp_path: Path) -> None:
    spilt(tmp_path, 25)
    spilt(tmp_path, 30)  # the same ids again: each call is kept once
    assert len(list(tmp_path.iterdir())) == 6
    store = Watched(SqliteStore(tmp_path / "t.db"), 30)
    recorder = BatchRecorder(store, flush_interval_s=0.001)
    assert store.is_full.wait(60)
    recorder.close()
    recorder = BatchRecorder(store, flush_interval_s=3600)
    recorder.write_back()  # whatever close() left in peace
    recorder.close()
    assert {c.id for c in store.store.calls(CallFilter())} == {f"call-{n}" for n in range(30)}
    assert not list(tmp_path.glob("*unwritten*"))
    store.store.close()


class Watched:
    """A store that says when it holds so many calls."""

    def __init__(self, store: SqliteStore, count: int) -> None:
        self.store = store
        self.spill_path = store.spill_path
        self.count = count
        self.is_full = threading.Event()

    def write_calls(self, calls: Sequence[Call]) -> None:
        self.store.write_calls(calls)
        if self.store.query("SELECT COUNT(*) FROM calls") == [(self.count,)]:
            self.is_full.set()


def test_two_processes_that_write_back_the_same_file_keep_each_call_once(tmp_path: Path) -> None:
    spilt(tmp_path, 25)
    store = SqliteStore(tmp_path / "t.db")
    recorders = [BatchRecorder(store, flush_interval_s=3600) for _ in range(2)]
    threads = [threading.Thread(target=r.write_back) for r in recorders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for recorder in recorders:
        recorder.close()
    assert len(store.calls(CallFilter())) == 25
    store.close()


def test_a_file_spilt_by_an_earlier_version_is_written_back_too(tmp_path: Path) -> None:
    (tmp_path / "t.db.unwritten.jsonl").write_bytes(msgspec.json.encode(a_call(1)) + b"\n")
    store = SqliteStore(tmp_path / "t.db")
    recorder = BatchRecorder(store, flush_interval_s=3600)
    recorder.write_back()
    recorder.close()
    assert [c.id for c in store.calls(CallFilter())] == ["call-1"]
    store.close()


def test_a_spilt_file_with_broken_lines_is_kept_for_a_person(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spilt(tmp_path, 2)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    store = Refusing(tmp_path / "t.db")
    store.is_down = False
    recorder = BatchRecorder(store, flush_interval_s=3600)
    recorder.write_back()
    recorder.close()
    assert [c.id for c in store.taken] == ["call-0"]
    assert [f.suffix for f in tmp_path.iterdir()] == [".damaged"]
    assert "1 lines of" in caplog.text


def test_spilt_files_stay_while_the_database_is_away(tmp_path: Path) -> None:
    spilt(tmp_path, 25)
    recorder = BatchRecorder(Refusing(tmp_path / "t.db"), flush_interval_s=3600)
    with pytest.raises(StoreError):
        recorder.write_back()
    recorder.close()
    assert len(list(tmp_path.iterdir())) == 3


def test_past_half_of_the_queue_calls_go_to_disk_and_come_back_when_the_database_does(
    tmp_path: Path,
) -> None:
    store = Refusing(tmp_path / "t.db")
    recorder = BatchRecorder(store, flush_interval_s=0.001, most_queued=100, batch=10)
    recorded = 0
    while len(list(tmp_path.glob("*.jsonl"))) < 20:  # twice what memory may hold
        if len(recorder._queue) < 100:  # pyright: ignore[reportPrivateUsage]
            recorder.record(a_call(recorded))
            recorded += 1
    store.is_down = False
    recorder.close()
    following = BatchRecorder(store, flush_interval_s=3600)
    following.write_back()
    following.close()
    assert {c.id for c in store.taken} == {f"call-{n}" for n in range(recorded)}
    assert recorder.shed == 0
    assert not list(tmp_path.iterdir())


def test_when_the_disk_is_full_too_calls_wait_in_memory_and_new_ones_are_shed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Refusing(tmp_path / "t.db")
    recorder = BatchRecorder(store, flush_interval_s=0.001, most_queued=10, most_spilt_bytes=1)
    recorded = 0
    while recorder.shed < 5 or "cannot be put beside the database either" not in caplog.text:
        recorder.record(a_call(recorded))
        recorded += 1
    store.is_down = False
    recorder.close()
    assert len(store.taken) == recorded - recorder.shed
    assert not list(tmp_path.iterdir())


def test_a_full_queue_sheds_the_new_row_counts_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Refusing(tmp_path / "t.db")
    recorder = BatchRecorder(store, flush_interval_s=3600, most_queued=2)
    for number in range(5):
        recorder.record(a_call(number))
    store.is_down = False
    recorder.close()
    assert [c.id for c in store.taken] == ["call-0", "call-1"]
    assert recorder.shed == 3
    assert "1 rows shed" in caplog.text


def test_a_row_that_no_database_can_hold_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Fixed: a provider that claimed 2**70 tokens ended the writer thread, and its batch."""
    store = SqliteStore(tmp_path / "t.db")
    recorder = BatchRecorder(store, flush_interval_s=3600)
    for call in (a_call(1), a_call(2, input_tokens=2**70), a_call(3)):
        recorder.record(call)
    recorder.close()
    assert {c.id for c in store.calls(CallFilter())} == {"call-1", "call-3"}
    assert recorder.shed == 1
    assert "call-2" in caplog.text
    store.close()


def test_a_spill_that_cannot_be_written_is_said_and_close_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = BatchRecorder(Refusing(tmp_path / "gone" / "t.db"), flush_interval_s=3600)
    recorder.record(a_call(1))
    recorder.close()
    assert "1 calls are lost" in caplog.text


_WRITER = """
import signal, sys, threading
from pilothouse.client.recorder import BatchRecorder
from pilothouse.core.call import Call
from pilothouse.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1]); recorder = BatchRecorder(store, flush_interval_s=float(sys.argv[2]))
told = threading.Event(); signal.signal(signal.SIGTERM, lambda *_: told.set())
def some(first, last):
    for n in range(first, last):
        recorder.record(Call(id=str(n), request_id="r", at_us=n, source="serve", route="r", arm="a",
            target="t", provider="p", model="m", status="ok"))
some(0, 3000); recorder.flush(); some(3000, 4000)
print("recorded", flush=True)
told.wait(60); recorder.close(); store.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "kept"), [(signal.SIGTERM, 4000), (signal.SIGKILL, 3000)], ids=["TERM", "KILL"]
)
def test_sigterm_loses_nothing_and_sigkill_only_what_was_not_flushed(
    tmp_path: Path, number: int, kept: int
) -> None:
    path = tmp_path / "t.db"
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), "3600"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"recorded\n"
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    store = SqliteStore(path)
    assert store.query("SELECT COUNT(*) FROM calls") == [(kept,)]
    assert store.query("PRAGMA integrity_check") == [("ok",)]
    store.close()
