"""The one writer of calls: rows are queued in O(1), a thread of its own writes them in batches.

Policy of the queue: bounded; when it is full, the oldest telemetry is kept and the new row is shed and
counted. While the database cannot be written, rows wait and are tried again; what is still unwritten
at `close` is spilt to a JSON-lines file beside the database, and said.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from pilothouse.core.call import Call
from pilothouse.core.errors import StoreError

log = logging.getLogger("pilothouse.recorder")


class CallWriter(Protocol):
    """What the recorder needs of a store."""

    path: Path

    def write_calls(self, calls: Sequence[Call]) -> None: ...


class BatchRecorder:
    """Implements `Recorder`. A SIGKILL loses at most the last `flush_interval_s`; `close` loses nothing."""

    def __init__(
        self,
        store: CallWriter,
        *,
        flush_interval_s: float = 0.2,
        most_queued: int = 100_000,
        batch: int = 2_000,
    ) -> None:
        self._store = store
        self._flush_interval_s = flush_interval_s
        self._most_queued = most_queued
        self._batch = batch
        self._queue: deque[Call] = deque()
        self._stop = threading.Event()
        self._write_lock = threading.Lock()
        self.shed = 0
        """Rows not taken because the queue was full."""
        self._thread = threading.Thread(target=self._run, name="call-writer", daemon=True)
        self._thread.start()

    def record(self, call: Call) -> None:
        """Queue one row. Never blocks, never raises."""
        if len(self._queue) < self._most_queued:
            self._queue.append(call)
            return
        self.shed += 1
        if self.shed == 1 or self.shed % 10_000 == 0:
            log.error("the queue of calls is full: %d rows shed so far", self.shed)

    def flush(self) -> None:
        """Write everything queued before this call. Raises `StoreError`."""
        with self._write_lock:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch))]
                try:
                    self._store.write_calls(batch)
                except StoreError:
                    self._queue.extendleft(reversed(batch))
                    raise
                except Exception:
                    self._write_singly(batch)

    def close(self) -> None:
        """Stop, and write what is left; what cannot be written is spilt to a file. Idempotent."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        try:
            self.flush()
        except StoreError as error:
            self._spill(str(error))

    def _run(self) -> None:
        while not self._stop.wait(self._flush_interval_s):
            self._quietly(self.flush)

    def _quietly(self, write: Callable[[], None]) -> None:
        try:
            write()
        except StoreError as error:
            log.error("calls are kept in memory and tried again: %s", error)

    def _write_singly(self, batch: list[Call]) -> None:
        """A row that no database can hold (a count past 64 bits) is shed; the others are kept."""
        while batch:
            try:
                self._store.write_calls(batch[:1])
            except StoreError:
                self._queue.extendleft(reversed(batch))
                raise
            except Exception as error:
                self.shed += 1
                log.error("call %s cannot be stored and is shed: %r", batch[0].id, error)
            del batch[0]

    def _spill(self, why: str) -> None:
        path = self._store.path.with_name(self._store.path.name + ".unwritten.jsonl")
        count = len(self._queue)
        try:
            with self._write_lock, path.open("ab") as file:
                while self._queue:
                    file.write(msgspec.json.encode(self._queue[0]) + b"\n")
                    self._queue.popleft()
        except OSError as error:
            log.error(
                "%d calls are lost: not written (%s), nor to %s (%s)",
                len(self._queue),
                why,
                path,
                error,
            )
            return
        log.error("%d calls could not be written (%s); they are in %s", count, why, path)
