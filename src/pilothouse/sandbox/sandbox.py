"""The near side of the sandbox: starts a warden, hands it programs, waits for what became of them."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import shutil
import socket
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from pilothouse.core.errors import PilothouseError
from pilothouse.sandbox.inside import job
from pilothouse.sandbox.inside.job import Orders, Program
from pilothouse.sandbox.ran import Ran

_GRACE_S = 5.0
"""What a cell may take beyond its program's time to start and to tidy up."""
_START_S = 30.0
_MAC_PROFILE = '(version 1)(allow default)(deny network*)(deny file-write* (subpath "/Users"))'


class SandboxError(PilothouseError):
    """The sandbox could not do its work; nothing is said of the program."""


class Sandbox:
    """A warden and the ground it found. Threads may share it. Close it, or use it in a `with`.

    `readable` are folders that programs may read besides the system's and Python's; `without` names means that
    are not to be used (`namespaces`, `user namespaces`, `landlock`, `seccomp`), to see what the others hold.
    Raises `SandboxError` when programs cannot be kept from the network or from files, unless `allow_weak`.
    """

    def __init__(
        self,
        *,
        readable: tuple[str, ...] = (),
        allow_weak: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._readable, self._without = readable, without
        self._lock = threading.Lock()
        self._line, self._warden, self.isolation, self.open_to = self._start()
        if self.open_to and not allow_weak:
            self.close()
            raise SandboxError(
                f"programs cannot be kept from {' and '.join(self.open_to)} here ({self.isolation} is all that is "
                "permitted). Give `container: docker`, run on a Linux that has namespaces or Landlock and seccomp, "
                "or accept it with `allow_weak: true`"
            )

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the warden and every program that still runs."""
        with self._lock:
            if self._line.fileno() >= 0:
                self._line.close()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(self._warden, 0)

    def run(self, program: Program, orders: Orders | None = None) -> Ran:
        """Blocks until it has ended. Raises `SandboxError`."""
        until = time.monotonic() + program["bounds"]["wall_s"] + _GRACE_S
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._hand_over(theirs)
            try:
                job.send(ours.fileno(), program)
                if orders is not None:
                    job.send(ours.fileno(), orders)
                if not select.select([ours], [], [], until - time.monotonic())[0]:
                    raise SandboxError("a cell of the sandbox does not answer")
                result: dict[str, Any] | None = job.receive(ours.fileno())
            except OSError as error:
                raise SandboxError(f"a cell of the sandbox broke off: {error}") from None
        if result is None:
            raise SandboxError("a cell of the sandbox ended before its program (out of memory?)")
        return self._ran(result)

    def _ran(self, result: dict[str, Any]) -> Ran:
        if "trouble" in result:
            raise SandboxError(result["trouble"])
        verdict = json.loads(result["verdict"]) if result["verdict"] else None
        return msgspec.convert({**result, "verdict": verdict, "isolation": self.isolation}, Ran)

    def _hand_over(self, line: socket.socket) -> None:
        with self._lock:
            try:
                socket.send_fds(self._line, [b"."], [line.fileno()])
                return
            except OSError:
                if self._line.fileno() < 0:
                    raise SandboxError("this sandbox is closed") from None
            self._line.close()
            os.waitpid(self._warden, 0)
            self._line, self._warden, self.isolation, _ = self._start()
            socket.send_fds(self._line, [b"."], [line.fileno()])

    def _start(self) -> tuple[socket.socket, int, str, tuple[str, ...]]:
        if not hasattr(os, "posix_spawn"):
            raise SandboxError("the sandbox needs Linux or macOS; give `container: docker` here")
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).parents[2])
        options = json.dumps({"readable": self._readable, "without": sorted(self._without)})
        code = (
            f"import sys; sys.path.insert(0, {root!r}); "
            "from pilothouse.sandbox.inside.warden import main; "
            f"sys.path.remove({root!r}); main(3, {options!r})"
        )
        # The venv's launcher would read its own files first; this is the Python behind it.
        python = os.path.realpath(sys.executable)
        argv = [*_mac_wrapper(), python, "-S", "-s", "-P", "-B", "-c", code]
        null = os.open(os.devnull, os.O_RDWR)
        actions = [
            *((os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
        try:
            warden = os.posix_spawn(argv[0], argv, clean, file_actions=actions)
        finally:
            os.close(null)
            theirs.close()
        try:
            said = json.loads(_line_of(ours))
        except ValueError:
            ours.close()
            os.waitpid(warden, 0)
            raise SandboxError("the sandbox did not start; its reason stands above") from None
        if not _mac_wrapper():
            return ours, warden, said["words"], tuple(said["open_to"])
        left = tuple(what for what in said["open_to"] if what != "the network")
        return ours, warden, f"sandbox-exec, {said['words']}", left


def _line_of(line: socket.socket) -> bytes:
    said = b""
    while not said.endswith(b"\n"):
        if not select.select([line], [], [], _START_S)[0]:
            return said
        part = line.recv(4096)
        if not part:
            return said
        said += part
    return said


def _mac_wrapper() -> list[str]:
    """macOS's own means, which keep a program from the network but not from reading; nothing elsewhere."""
    program = shutil.which("sandbox-exec") if sys.platform == "darwin" else None
    return [program, "-p", _MAC_PROFILE] if program else []


@cache
def shared_sandbox(readable: tuple[str, ...] = (), allow_weak: bool = False) -> Sandbox:
    """One for all scorers of this process, for a start takes longer than a program; it ends with the process."""
    sandbox = Sandbox(readable=readable, allow_weak=allow_weak)
    atexit.register(sandbox.close)
    return sandbox
