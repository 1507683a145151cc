"""The one writer of calls: rows are queued in O(1), a thread of its own writes them in batches.

While the database cannot be written, rows wait in memory and are tried again; past half of the queue the
oldest go to files (`spill.py`), and so does at `close` what is still unwritten. The files are written back
when the database is there again, or by the next start. Only when neither memory nor disk has room is a new
row shed and counted.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pilothouse.client.spill import SpillFiles
from pilothouse.core.call import Call
from pilothouse.core.errors import StoreError

log = logging.getLogger("pilothouse.recorder")

_SLOWEST_RETRY_S = 2.0


class CallWriter(Protocol):
    """What the recorder needs of a store."""

    @property
    def spill_path(self) -> Path:
        """What the names of spilt files start with: one for each database."""
        ...

    def write_calls(self, calls: Sequence[Call]) -> None:
        """Append rows; one whose id is there is left as it is. `StoreError`: try again later."""
        ...


class BatchRecorder:
    """Implements `Recorder`. `close` loses nothing.

    A SIGKILL loses at most the last `flush_interval_s`, and what waits in memory while the database is away.
    """

    def __init__(
        self,
        store: CallWriter,
        *,
        flush_interval_s: float = 0.2,
        most_queued: int = 100_000,
        batch: int = 2_000,
        most_spilt_bytes: int = 2**30,
    ) -> None:
        self._store = store
        self._flush_interval_s = flush_interval_s
        self._most_queued = most_queued
        self._batch = batch
        self._spill = SpillFiles(store.spill_path, most_bytes=most_spilt_bytes)
        self._queue: deque[Call] = deque()
        self._stop = threading.Event()
        self._write_lock = threading.Lock()
        self._failures = 0
        self._is_spilt = True  # an earlier process may have left something
        self.shed = 0
        """Rows not taken because there was no room, or that no database can hold."""
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
                batch = self._taken()
                left = self._written(batch)
                if left is not None:
                    self._queue.extendleft(reversed(batch))
                    raise left

    def close(self) -> None:
        """Stop, and write what is left; what cannot be written is spilt to files. Idempotent."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        try:
            self.flush()
        except StoreError as error:
            with self._write_lock:
                self._spill_down_to(0, str(error))

    def write_back(self) -> None:
        """Write what was spilt, here or by a process before this one; stops early when closing.

        Raises `StoreError`, `OSError`.
        """
        with self._write_lock:
            for path in self._spill.files():
                calls, broken = self._spill.read(path)
                for start in range(0, len(calls), self._batch):
                    if self._stop.is_set():
                        return  # the file stays as it is for the next start
                    left = self._written(calls[start : start + self._batch])
                    if left is not None:
                        raise left
                self._spill.remove(path, is_whole=not broken)
                log.warning("%d calls of %s are written", len(calls), path)
                if broken:
                    log.error("%d lines of %s are no calls; it is kept as .damaged", broken, path)
            self._is_spilt = False

    def _run(self) -> None:
        wait_s = self._flush_interval_s
        while not self._stop.wait(wait_s):
            is_written = self._tried(self._work)
            wait_s = self._flush_interval_s
            if not is_written:  # a database that is away is not asked five times a second
                wait_s = max(wait_s, min(wait_s * 2 ** min(self._failures, 9), _SLOWEST_RETRY_S))

    def _work(self) -> None:
        self.flush()
        if self._is_spilt:
            self.write_back()

    def _tried(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except (StoreError, OSError) as error:
            self._failures += 1
            if self._failures == 1:
                log.error("calls are kept and tried again: %s", error)
            with self._write_lock:
                self._spill_down_to(self._most_queued // 2, str(error))
            return False
        if self._failures:
            log.warning("calls are written again, after %d failed tries", self._failures)
            self._failures = 0
        return True

    def _taken(self) -> list[Call]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch))]

    def _written(self, batch: list[Call]) -> StoreError | None:
        """Write `batch`; what is written is taken out of it. The error when the database is away."""
        try:
            self._store.write_calls(batch)
        except StoreError as error:
            return error
        except Exception:
            return self._written_singly(batch)
        batch.clear()
        return None

    def _written_singly(self, batch: list[Call]) -> StoreError | None:
        """A row that no database can hold (a count past 64 bits) is shed; the others are kept."""
        while batch:
            try:
                self._store.write_calls(batch[:1])
            except StoreError as error:
                return error
            except Exception as error:
                self.shed += 1
                log.error("call %s cannot be stored and is shed: %r", batch[0].id, error)
            del batch[0]
        return None

    def _spill_down_to(self, most: int, why: str) -> None:
        while len(self._queue) > most:
            calls = self._taken()
            try:
                path = self._spill.write(calls)
            except (OSError, ValueError) as error:
                self._queue.extendleft(reversed(calls))
                self._say_unspilt(most, why, error)
                return
            self._is_spilt = True
            log.error("%d calls could not be written (%s); they are in %s", len(calls), why, path)

    def _say_unspilt(self, most: int, why: str, error: Exception) -> None:
        if most:  # they are in memory still, and tried again
            log.error("calls cannot be put beside the database either: %s", error)
            return
        log.error(
            "%d calls are lost: not written (%s), nor beside %s (%s)",
            len(self._queue),
            why,
            self._store.spill_path,
            error,
        )
