"""What this machine lets a sandbox stand on, tried out strongest first, and entered once for all programs.

With namespaces the process gets a root of its own: the system's programs and Python, read-only, an empty
network, and nothing else. Nothing of the machine's files is there to be read.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass

from pilothouse.sandbox.inside import kernel, landlock, seccomp

BOX = "/box"
USERS = range(1_000_000_000, 2_000_000_000)
"""User ids that no machine gives to anybody: a program's is drawn from them."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Ground:
    """What there is. `readable` are the paths that a program may read."""

    level: str
    """`namespaces` (as root), `user namespaces` or `none`."""
    is_root: bool
    """Of the machine, not only of a container's user namespace."""
    has_own_user: bool
    """Whether a program runs as a user that nobody else is."""
    landlock: int
    has_seccomp: bool
    readable: tuple[str, ...]
    proc: int
    """An open folder: /proc as it was."""

    @property
    def has_namespaces(self) -> bool:
        """Network, mounts, processes and IPC of its own."""
        return self.level != "none"

    @property
    def open_to(self) -> list[str]:
        """What a program cannot be kept from here."""
        is_network_open = not (self.has_namespaces or self.has_seccomp)
        are_files_open = not (self.has_namespaces or self.landlock)
        return ["the network"] * is_network_open + ["this machine's files"] * are_files_open

    @property
    def is_fork_counted(self) -> bool:
        """Whether the kernel holds a program to its number of processes: it does not hold root's."""
        return not self.is_root or self.has_own_user

    @property
    def words(self) -> str:
        """For a report."""
        spaces = {
            "namespaces": "pid+net+mount+ipc namespaces",
            "user namespaces": "user+pid+net+mount+ipc namespaces",
        }
        parts = [spaces.get(self.level, "")]
        parts.append("own user" if self.has_own_user else "")
        parts.append(f"landlock {self.landlock}" if self.landlock else "")
        parts.append("seccomp" if self.has_seccomp else "")
        return ", ".join([p for p in parts if p] + ["rlimits"])


def levels() -> tuple[str, ...]:
    """Strongest first."""
    if not sys.platform.startswith("linux"):
        return ("none",)
    return ("namespaces", "user namespaces", "none")


def settle(level: str, extra: tuple[str, ...], without: frozenset[str]) -> Ground:
    """Enters `level`; there is no way back. Raises `OSError` when the machine does not permit it."""
    is_linux = sys.platform.startswith("linux")
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY) if is_linux else -1
    readable = _readable(extra)
    is_root = os.getuid() == 0 and _is_first_user_namespace()
    is_readable_by_all = level != "none" or _is_python_open()
    if level != "none":
        _leave(level)
        _build_root(readable)
    return Ground(
        level=level,
        is_root=is_root,
        has_own_user=os.getuid() == 0 and is_readable_by_all and _can_change_user(),
        landlock=landlock.version() if is_linux and "landlock" not in without else 0,
        has_seccomp=is_linux and "seccomp" not in without and seccomp.is_known(),
        readable=readable,
        proc=proc,
    )


def _readable(extra: tuple[str, ...]) -> tuple[str, ...]:
    stdlib = (sys.base_prefix, sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["platstdlib"])
    wanted = dict.fromkeys((*_SYSTEM, *stdlib, *extra, *_DEVICES))
    kept: list[str] = []
    for path in wanted:
        below = any(path.startswith(k + "/") for k in kept)
        if path != "/" and not below and os.path.lexists(path):
            kept.append(path)
    return tuple(kept)


def _leave(level: str) -> None:
    flags = kernel.NEWNS | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS
    if level == "namespaces":
        kernel.unshare(flags)
        return
    user, group = os.getuid(), os.getgid()
    kernel.unshare(flags | kernel.NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    os.write(fd, text.encode())
    os.close(fd)


def _build_root(readable: tuple[str, ...]) -> None:
    """/proc is a folder that every machine has and that is not needed any more: the new root stands on it."""
    root = "/proc"
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("root", root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=1m")
    for path in readable:
        there = root + path
        os.makedirs(os.path.dirname(there), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
        if os.path.islink(path):  # noqa: PTH114
            os.symlink(os.readlink(path), there)  # noqa: PTH115, PTH211
            continue
        if os.path.isdir(path):  # noqa: PTH112
            os.makedirs(there, mode=0o755, exist_ok=True)  # noqa: PTH103
        else:
            os.close(os.open(there, os.O_CREAT | os.O_WRONLY, 0o644))
        kernel.mount(path, there, "", kernel.MS_BIND | kernel.MS_REC)
        if path not in _DEVICES:
            kernel.make_read_only(there, is_whole_tree=True)
    os.mkdir(root + BOX, 0o755)  # noqa: PTH102
    os.symlink(BOX, root + "/tmp")  # noqa: PTH211
    kernel.change_root(root)
    kernel.make_read_only("/", is_whole_tree=False)


def _is_first_user_namespace() -> bool:
    try:
        fd = os.open("/proc/self/uid_map", os.O_RDONLY)
    except OSError:
        return True
    text = os.read(fd, 4096).split()
    os.close(fd)
    return text == [b"0", b"0", b"4294967295"]


def change_user(user: int) -> None:
    """For good. Raises `OSError` where it is not permitted or there is no such id."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _can_change_user() -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            change_user(USERS[0])
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _is_python_open() -> bool:
    """Whether another user could read this Python (one that root has in its home cannot be)."""
    path = sysconfig.get_paths()["stdlib"]
    while path != "/":
        if os.stat(path).st_mode & 0o005 != 0o005:  # noqa: PTH116
            return False
        path = os.path.dirname(path)  # noqa: PTH120
    return True
