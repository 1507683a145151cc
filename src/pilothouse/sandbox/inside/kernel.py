"""Linux system calls that Python has no function for, or not in every version we support.

Numbers and flags are from the kernel's headers (include/uapi/linux) and its syscall tables; those from 424 on
are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os

NEWNS, NEWUTS, NEWIPC, NEWUSER = 0x20000, 0x4000000, 0x8000000, 0x10000000
NEWPID, NEWNET, NEWCGROUP = 0x20000000, 0x40000000, 0x2000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
SUBREAPER, NO_NEW_PRIVS, SET_SECCOMP, BOUNDING_DROP, DUMPABLE, PARENT_DEATH = 36, 38, 22, 24, 4, 1

_MOUNT_SETATTR = 442
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

_libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """Raises `OSError` for a C function that returned less than zero."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *arguments: object) -> int:
    """A raw system call. Raises `OSError`."""
    return checked(_libc.syscall(ctypes.c_long(number), *arguments), f"syscall {number}")


def unshare(flags: int) -> None:
    """Raises `OSError`."""
    checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Raises `OSError`."""
    texts = (t.encode() or None for t in (source, target, kind))
    done = _libc.mount(*texts, ctypes.c_ulong(flags), options.encode() or None)
    checked(done, f"mount {target}")


def make_read_only(target: str, is_whole_tree: bool) -> None:
    """With every mount below it, when `is_whole_tree`. Needs Linux 5.12. Raises `OSError`."""
    wanted = (ctypes.c_uint64 * 4)(_ATTR_RDONLY | _ATTR_NOSUID, 0, 0, 0)
    reach = _AT_RECURSIVE if is_whole_tree else 0
    syscall(_MOUNT_SETATTR, _AT_FDCWD, target.encode(), reach, wanted, ctypes.c_size_t(32))


def change_root(folder: str) -> None:
    """`folder`, a mount, becomes `/`, and what was there goes out of sight. Raises `OSError`."""
    os.chdir(folder)
    number = 155 if os.uname().machine == "x86_64" else 41
    syscall(number, b".", b".")
    checked(_libc.umount2(b".", MNT_DETACH), "umount2")
    os.chdir("/")


def prctl(option: int, value: int = 0, pointer: object = 0) -> None:
    """Raises `OSError`."""
    third = pointer if pointer else ctypes.c_ulong(0)
    zero = ctypes.c_ulong(0)
    checked(_libc.prctl(option, ctypes.c_ulong(value), third, zero, zero), f"prctl {option}")


def drop_capabilities() -> None:
    """Of this process and of whatever it starts. Raises `OSError`."""
    for capability in range(64):
        try:
            prctl(BOUNDING_DROP, capability)
        except OSError:  # not one of this kernel's, or not ours to drop
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
