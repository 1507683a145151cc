"""One program in one cell: its folder, its processes, its limits, and what became of it.

The cell is the first process of its own process namespace where there is one, so that everything dies with it.
Elsewhere it is the one that orphans are given to, and ends them by hand. The judge of a judged program is a
second process, of another user, and only it can say that tests passed: the program holds no line to the cell.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, cast

from pilothouse.sandbox.inside import answer, family, job, judge, kernel
from pilothouse.sandbox.inside.confine import BOX, confine, new_user
from pilothouse.sandbox.inside.ground import Ground
from pilothouse.sandbox.inside.job import Bounds, Orders, Program
from pilothouse.sandbox.inside.pipes import Heads

_LOOK_EVERY_S = 0.05
_JUDGE_MEMORY = 1 << 30


def serve(ground: Ground, line: int) -> None:
    """Takes a program from `line`, runs it, writes the result there, and leaves nothing behind."""
    program = cast("Program | None", job.receive(line))
    if program is None:
        return
    if sys.platform.startswith("linux"):
        kernel.prctl(kernel.SUBREAPER, 1)
    user = new_user(ground)
    if user is None and not ground.has_namespaces:  # the kernel counts all that this user runs
        program["bounds"]["processes"] += family.tasks_of(ground.proc, os.getuid())
    box = _box(ground, program["bounds"], user)
    try:
        result = _Cell(ground, line, program, box, user).run()
    finally:
        if not ground.has_namespaces:
            family.end_all(ground.proc)
            shutil.rmtree(box, ignore_errors=True)
    with contextlib.suppress(OSError):
        job.send(line, result)


def _box(ground: Ground, bounds: Bounds, user: int | None) -> str:
    if ground.has_namespaces:
        options = f"mode=1777,size={bounds['disk']},nr_inodes={bounds['inodes']}"
        kernel.mount("box", BOX, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
        return BOX
    box = os.path.realpath(tempfile.mkdtemp(prefix="pilothouse-box-"))
    if user is not None:
        os.chown(box, user, user)
    return box


class _Cell:
    def __init__(
        self, ground: Ground, line: int, program: Program, box: str, user: int | None
    ) -> None:
        self._ground, self._line, self._program = ground, line, program
        self._bounds, self._box, self._user = program["bounds"], box, user
        self._why: str | None = None
        self._trouble = os.pipe()
        """Where a process says that the sandbox, not its program, is at fault. No program holds it."""

    def run(self) -> dict[str, Any]:
        """The result, as `sandbox.ran.Ran` reads it."""
        begun = time.monotonic()
        ours, theirs = socket.socketpair() if self._program["is_judged"] else (None, None)
        names = ("stdout", "stderr", "verdict") if ours else ("stdout", "stderr")
        pipes = {name: os.pipe() for name in names}
        outputs = [pipes["stdout"][1], pipes["stderr"][1]]
        to_judge = theirs.fileno() if theirs else None
        first = self._start(
            self._user,
            self._box,
            self._bounds,
            outputs,
            theirs,
            lambda: answer.run(self._program, self._box, to_judge),
        )
        watched = first
        if ours is not None and theirs is not None:
            theirs.close()
            orders = cast(Orders, job.receive(self._line))
            verdict = [pipes["verdict"][1]]
            bounds: Bounds = {**self._bounds, "memory": _JUDGE_MEMORY}
            user, line = new_user(self._ground), ours.fileno()
            watched = self._start(
                user, None, bounds, verdict, ours, lambda: judge.run(orders, line, verdict[0])
            )
            ours.close()
        for _, write in (*pipes.values(), self._trouble):
            os.close(write)
        heads = Heads({name: read for name, (read, _) in pipes.items()}, self._bounds["head"])
        status = self._watch(watched, heads, begun + self._bounds["wall_s"])
        wall_s = time.monotonic() - begun
        self._end(first, watched)
        heads.rest()
        trouble = os.read(self._trouble[0], 2000).decode(errors="replace")
        return {"trouble": trouble} if trouble else self._result(status, heads, wall_s)

    def _start(
        self,
        user: int | None,
        box: str | None,
        bounds: Bounds,
        outputs: list[int],
        line: socket.socket | None,
        then: Callable[[], object],
    ) -> int:
        child = os.fork()
        if child:
            return child
        code = 127
        try:
            kept = {line.fileno() if line else 1}
            if self._program["argv"]:
                kept.add(
                    self._trouble[1]
                )  # closed when another program takes the place of this one
            if box is not None:
                os.dup2(_stdin(self._program["stdin"]), 0)
                os.dup2(outputs[0], 1)
                os.dup2(outputs[1], 2)
                os.chdir(box)
            else:
                kept |= set(outputs)
            confine(self._ground, bounds, box, user)
            self._close_all_but(kept)
            then()
            code = 0
        except BaseException as error:
            os.write(
                self._trouble[1], f"a program cannot be started in the sandbox: {error}".encode()
            )
        finally:
            os._exit(code)

    def _close_all_but(self, kept: set[int]) -> None:
        last = 2
        for fd in [*sorted(k for k in kept if k > 2), 1 << 16]:
            os.closerange(last + 1, fd)
            last = fd

    def _watch(self, process: int, heads: Heads, until: float) -> int | None:
        """Its wait status; None when it was ended before, and `_why` says so."""
        poll = select.poll()
        for fd in (*heads.open, self._line):
            poll.register(fd, select.POLLIN if fd != self._line else 0)
        pause = 0.0005
        look = time.monotonic() + _LOOK_EVERY_S
        while self._why is None:
            for fd, _ in poll.poll(min(pause, _LOOK_EVERY_S) * 1000):
                if fd == self._line:
                    self._why = "nobody waits for it any more"
                    continue
                heads.read(fd)
                if fd not in heads.open:
                    poll.unregister(fd)
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                return status
            pause = min(pause * 1.5, _LOOK_EVERY_S)
            now = time.monotonic()
            if now > until:
                self._why = "timeout"
            elif heads.total > self._bounds["most_output"]:
                self._why = f"printed more than {self._bounds['most_output'] >> 20} MB"
            elif now > look:
                look = now + _LOOK_EVERY_S
                self._look()
        return None

    def _look(self) -> None:
        processes = family.descendants(self._ground.proc)
        if family.memory(self._ground.proc, processes) > 2 * self._bounds["memory"]:
            self._why = "its processes together held more than twice the memory of one"
        if not self._ground.has_namespaces and _size(self._box, self._bounds):
            self._why = f"wrote more than {self._bounds['disk'] >> 20} MB of files"

    def _end(self, *processes: int) -> None:
        for process in processes:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        if os.getpid() != 1:
            family.end_all(self._ground.proc)
            return
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)  # the first of a process namespace reaches all of it
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def _result(self, status: int | None, heads: Heads, wall_s: float) -> dict[str, Any]:
        code = os.waitstatus_to_exitcode(status) if status is not None else None
        is_judged = self._program["is_judged"]
        return {
            "exit_code": code if code is not None and code >= 0 else None,
            "signal": -code if code is not None and code < 0 else None,
            "stdout": heads.text("stdout"),
            "stderr": heads.text("stderr"),
            "verdict": heads.text("verdict") if is_judged else None,
            "why": self._why,
            "printed": heads.total - len(heads.kept.get("verdict", b"")),
            "wall_s": wall_s,
        }


def _stdin(text: str) -> int:
    """A file that holds it: a pipe could block whoever fills it."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("stdin")
    else:
        fd, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108
    view = memoryview(text.encode(errors="surrogatepass"))
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _size(box: str, bounds: Bounds) -> bool:
    """Whether the files of `box` are more, or larger, than `bounds` let them be."""
    size = count = 0
    for folder, _, names in os.walk(box):
        for name in names:
            count += 1
            with contextlib.suppress(OSError):
                size += os.lstat(f"{folder}/{name}").st_blocks * 512
        if size > bounds["disk"] or count > bounds["inodes"]:
            return True
    return False
