"""The process that starts cells. It is started once, clean of the caller's memory, files and environment.

Each message on its line is one byte with a line for one program; it forks, and the child is that program's cell.
When the caller is gone, so is the warden.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys

from pilothouse.sandbox.inside import cell, kernel
from pilothouse.sandbox.inside.ground import Ground, levels, settle


def main(line: int, options: str) -> None:
    """Takes the strongest ground there is, says so in one line of JSON, and serves until the line ends."""
    asked = json.loads(options)
    extra, without = tuple(asked["readable"]), frozenset(asked["without"])
    tried = [level for level in levels() if level not in without]
    level = next((x for x in tried if x == "none" or _is_possible(x, extra, without)), "none")
    ground = settle(level, extra, without)
    here = socket.socket(fileno=line)
    said = {"words": ground.words, "open_to": ground.open_to}
    here.sendall(json.dumps(said).encode() + b"\n")
    if sys.platform.startswith("linux"):
        kernel.prctl(kernel.SUBREAPER, 1)
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(here, ground)


def _serve(here: socket.socket, ground: Ground) -> None:
    poll = select.poll()
    poll.register(here, select.POLLIN)
    while True:
        poll.poll(1000)
        _reap()
        try:
            _, fds, _, _ = socket.recv_fds(here, 1, 1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        if not fds:
            return
        with contextlib.suppress(OSError):  # the caller sees its line end
            if _fork_cell(ground) == 0:
                here.close()
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                _be_cell(ground, fds[0])
        os.close(fds[0])


def _fork_cell(ground: Ground) -> int:
    """0 in the cell; one that is the first of its processes where there are namespaces."""
    if not ground.has_namespaces:
        return os.fork()
    middle = os.fork()
    if middle:
        if os.waitpid(middle, 0)[1]:
            raise OSError("no process namespace can be made")
        return middle
    try:
        kernel.unshare(kernel.NEWPID | kernel.NEWNS)
        is_middle = os.fork() != 0
    except OSError:
        os._exit(1)
    if is_middle:
        os._exit(0)
    return 0


def _be_cell(ground: Ground, line: int) -> None:
    code = 1
    try:
        cell.serve(ground, line)
        code = 0
    except BaseException as error:
        os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _is_possible(level: str, extra: tuple[str, ...], without: frozenset[str]) -> bool:
    """Tried out in a child, with a mount and a process, for there is no way back."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ground = settle(level, extra, without)
            if _fork_cell(ground) == 0:
                kernel.mount("box", "/box", "tmpfs", 0, "size=1m")
                os.write(write, b"yes")
        except OSError:
            pass
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    is_possible = os.read(read, 3) == b"yes"
    os.close(read)
    return is_possible


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
