"""A cell's processes, found through /proc: how much memory they hold together, and how to end them all."""

from __future__ import annotations

import contextlib
import os
import signal

_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(proc: int, process: str = "self") -> list[int]:
    """Ids as that /proc counts them; without those that ended meanwhile. Empty where there is no /proc."""
    found: list[int] = []
    if proc >= 0:
        waiting = _children(proc, process)
        while waiting:
            found.append(waiting.pop())
            waiting += _children(proc, str(found[-1]))
    return found


def memory(proc: int, processes: list[int]) -> int:
    """Bytes resident, shared pages counted once for each."""
    return sum(int((_read(proc, f"{p}/statm").split() or ["0"] * 2)[1]) for p in processes) * _PAGE


def tasks_of(proc: int, user: int) -> int:
    """Threads of all processes of a user: what `RLIMIT_NPROC` counts without namespaces."""
    count = 0
    for name in os.listdir(proc) if proc >= 0 else ():
        with contextlib.suppress(OSError):
            if name.isdigit() and os.stat(name, dir_fd=proc).st_uid == user:
                count += len(_listed(proc, f"{name}/task"))
    return count


def end_all(proc: int) -> None:
    """Every descendant of this process, which must be a subreaper, killed and waited for."""
    for _ in range(1000):  # a fork bomb is faster than one pass
        for process in descendants(proc):
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            if not descendants(proc):
                return
            continue
        return


def _children(proc: int, process: str) -> list[int]:
    out: list[int] = []
    for task in _listed(proc, f"{process}/task"):
        out += map(int, _read(proc, f"{process}/task/{task}/children").split())
    return out


def _listed(proc: int, path: str) -> list[str]:
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
        try:
            return os.listdir(fd)  # noqa: PTH208
        finally:
            os.close(fd)
    return []


def _read(proc: int, path: str) -> str:
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY, dir_fd=proc)
        try:
            return os.read(fd, 1 << 16).decode()
        finally:
            os.close(fd)
    return ""
