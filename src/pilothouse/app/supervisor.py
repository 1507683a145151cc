"""Worker processes: started one by one, started again when one dies, told to stop, waited for.

One thread and no event loop: signals are blocked and taken one at a time, so nothing races with a fork.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from time import monotonic

import msgspec
from msgspec import Struct

from pilothouse.core.errors import PilothouseError

log = logging.getLogger("pilothouse.supervisor")

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
FIRST_BACKOFF_S = 0.1
MOST_BACKOFF_S = 30.0
STEADY_S = 30.0
"""A worker that lived so long is started again as if it had never died."""
_START_S = 60.0
_AFTER_GRACE_S = 5.0


class Listening(Struct, frozen=True):
    """Where a worker listens."""

    port: int
    admin_port: int | None = None


Child = Callable[[int, int, Callable[[Listening], None]], int]
"""What a worker does, given its number, a descriptor that ends when the supervisor does, and whom to tell
that it listens. Gives its exit code."""


def backoff_s(deaths_in_row: int) -> float:
    """How long to wait before a worker is started again."""
    return min(FIRST_BACKOFF_S * 2.0 ** min(deaths_in_row - 1, 20), MOST_BACKOFF_S)


def why_ended(code: int) -> str:
    """`exit code 3`, or `SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class Supervisor:
    """`may_reload` says whether a SIGHUP goes on to the workers."""

    def __init__(self, workers: int, child: Child, may_reload: Callable[[], bool]) -> None:
        self._count = workers
        self._child = child
        self._may_reload = may_reload
        self._alive: dict[int, _Worker] = {}
        """By process id."""
        self._due_s: dict[int, float] = {}
        """When to start a worker again, by its number."""
        self._deaths: dict[int, int] = {}
        self._codes: list[int] = []
        self._life, self._life_end = os.pipe()

    def run(self, ready: Callable[[Listening], None], grace_s: float) -> int:
        """Until told to stop, or until one cannot even start. Gives the exit code for this process."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            first: Listening | None = None
            for number in range(self._count):
                told = self._start_and_hear(number)
                if told is None:
                    return self._stop(signal.SIGTERM, grace_s)
                first = first or told
            assert first is not None
            ready(first)
            return self._stop(self._watch(), grace_s)
        finally:
            for pid in self._alive:
                os.kill(pid, signal.SIGKILL)
            os.close(self._life)
            os.close(self._life_end)

    def _watch(self) -> signal.Signals:
        """Keep all alive; gives the signal that ends it."""
        while True:
            wait_s = min([due - monotonic() for due in self._due_s.values()], default=3600.0)
            info = signal.sigtimedwait(SIGNALS, max(wait_s, 0.0))
            number = info.si_signo if info is not None else None
            if number in (signal.SIGTERM, signal.SIGINT):
                return signal.Signals(number)
            if number == signal.SIGHUP and self._may_reload():
                self._send(signal.SIGHUP)
            for worker, code in self._reaped():
                self._plan_restart(worker, code)
            for index in [i for i, due in self._due_s.items() if due <= monotonic()]:
                del self._due_s[index]
                self._start(index, None)

    def _plan_restart(self, worker: _Worker, code: int) -> None:
        index, now_s = worker.index, monotonic()
        is_steady = now_s - worker.started_s >= STEADY_S
        self._deaths[index] = 1 if is_steady else self._deaths.get(index, 0) + 1
        wait_s = backoff_s(self._deaths[index])
        self._due_s[index] = now_s + wait_s
        log.error(
            "worker %d (process %d) ended by %s; it is started again in %.1f s",
            index,
            worker.pid,
            why_ended(code),
            wait_s,
        )

    def _stop(self, number: signal.Signals, grace_s: float) -> int:
        """Tell all, wait for all; those that stay too long are killed."""
        self._send(number)
        end_s = monotonic() + grace_s + _AFTER_GRACE_S
        while self._alive and monotonic() < end_s:
            signal.sigtimedwait(SIGNALS, max(end_s - monotonic(), 0.0))
            self._reaped()
        if self._alive:
            log.error("%d workers did not stop in time and are killed", len(self._alive))
            self._send(signal.SIGKILL)
        for pid in list(self._alive):
            os.waitpid(pid, 0)
            del self._alive[pid]
            self._codes.append(128 + signal.SIGKILL)
        return max(self._codes, default=0)

    def _send(self, number: signal.Signals) -> None:
        self._codes.clear()
        for pid in self._alive:
            os.kill(pid, number)

    def _reaped(self) -> list[tuple[_Worker, int]]:
        """Those that have ended since the last time; a signal may stand for several."""
        found: list[tuple[_Worker, int]] = []
        for pid in list(self._alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                self._codes.append(code if code >= 0 else 128 - code)
                found.append((self._alive.pop(pid), code))
        return found

    def _start_and_hear(self, index: int) -> Listening | None:
        """Start one and wait until it listens; None when it ended instead."""
        mine, its = os.pipe()
        try:
            self._start(index, its)
        finally:
            os.close(its)
        with os.fdopen(mine, "rb") as pipe:
            if not select.select([pipe], [], [], _START_S)[0]:
                log.error("worker %d did not listen within %.0f s", index, _START_S)
                return None
            told = pipe.read()
        return msgspec.json.decode(told, type=Listening) if told else None

    def _start(self, index: int, its: int | None) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._alive[pid] = _Worker(index, pid, monotonic())
            return
        code = 1
        try:
            os.close(self._life_end)
            code = _run_child(self._child, index, self._life, its)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


class _Worker(Struct, frozen=True):
    index: int
    pid: int
    started_s: float


def _run_child(child: Child, index: int, life: int, its: int | None) -> int:
    def told(listening: Listening) -> None:
        if its is not None:
            os.write(its, msgspec.json.encode(listening))
            os.close(its)

    try:
        return child(index, life, told)
    except PilothouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Exception:
        traceback.print_exc()
        return 1
