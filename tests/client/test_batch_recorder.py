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
        self.path = path
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
    lines = (tmp_path / "t.db.unwritten.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Call) for line in lines] == calls
    assert "3 calls could not be written" in caplog.text


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
