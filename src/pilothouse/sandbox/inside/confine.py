"""The last steps of a process before it runs what nobody trusts: limits, user, privileges, files, calls."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys

from pilothouse.sandbox.inside import kernel, landlock, seccomp
from pilothouse.sandbox.inside.ground import BOX, USERS, Ground, change_user
from pilothouse.sandbox.inside.job import Bounds


def new_user(ground: Ground) -> int | None:
    """An id for one program; None where it has to be the caller's own."""
    return random.choice(USERS) if ground.has_own_user else None


def confine(ground: Ground, bounds: Bounds, box: str | None, user: int | None) -> None:
    """`box` is the one folder that may be written; None = none at all. Raises `OSError`."""
    os.setsid()
    os.umask(0o077)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    _limit(bounds, is_fork_counted=ground.is_fork_counted)
    if user is not None:
        change_user(user)
    elif ground.has_namespaces:
        kernel.unshare(kernel.NEWUSER)  # its own count of processes, and no way back to the other
    if not sys.platform.startswith("linux"):
        return
    kernel.prctl(kernel.NO_NEW_PRIVS, 1)
    kernel.drop_capabilities()
    kernel.prctl(kernel.DUMPABLE, 0)
    if ground.landlock:
        landlock.restrict(ground.landlock, ground.readable, (*_writable(box), "/dev/null"))
    if ground.has_seccomp:
        is_apart = ground.has_namespaces or ground.landlock >= 6 or user is not None
        seccomp.restrict(may_fork=ground.is_fork_counted, may_signal=is_apart)


def _writable(box: str | None) -> tuple[str, ...]:
    return () if box is None else (box,)


def _limit(bounds: Bounds, *, is_fork_counted: bool) -> None:
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: bounds["cpu_s"] + 1,
        resource.RLIMIT_FSIZE: bounds["disk"],
        resource.RLIMIT_NOFILE: bounds["open_files"],
        resource.RLIMIT_DATA: bounds["memory"],
        resource.RLIMIT_STACK: 8 << 20,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if bounds["is_address_space_bound"]:
        wanted[resource.RLIMIT_AS] = bounds["memory"]
    if is_fork_counted:
        wanted[resource.RLIMIT_NPROC] = bounds["processes"]
    if sys.platform.startswith("linux"):
        wanted |= {resource.RLIMIT_MSGQUEUE: 0, resource.RLIMIT_SIGPENDING: 64}
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        # at the soft limit of time comes a signal that says so, at the hard one just the end
        soft = max(value - 1, 1) if kind == resource.RLIMIT_CPU else value
        try:
            resource.setrlimit(kind, (soft, value))
        except (OSError, ValueError):
            if sys.platform.startswith("linux"):  # macOS does not know all of them
                raise


__all__ = ["BOX", "confine", "new_user"]
