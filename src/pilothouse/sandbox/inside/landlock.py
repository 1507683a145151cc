"""Landlock: from here on this process may read only these folders and write only those.

Holds for root too, and for all that the process starts. Source: include/uapi/linux/landlock.h. Versions of it:
1 files, 2 moves, 3 truncation, 4 TCP, 5 device ioctl, 6 signals and abstract sockets.
"""

from __future__ import annotations

import ctypes
import os

from pilothouse.sandbox.inside import kernel

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL = 1, 2, 4, 8, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """0 = this kernel has none."""
    try:
        return kernel.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def restrict(abi: int, readable: tuple[str, ...], writable: tuple[str, ...]) -> None:
    """Paths that do not exist are passed over. Needs `NO_NEW_PRIVS`. Raises `OSError`."""
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    wanted = _Ruleset(handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = kernel.syscall(_CREATE, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0))
    for paths, allowed in ((readable, _READ), (writable, handled)):
        for path in paths:
            _allow(rules, path, allowed & handled)
    kernel.syscall(_RESTRICT, rules, ctypes.c_uint32(0))
    os.close(rules)


def _allow(rules: int, path: str, allowed: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib takes 8 ms of a start
        allowed &= _OF_FILES
    rule = _Beneath(allowed, place)
    kernel.syscall(_ADD, rules, 1, ctypes.byref(rule), ctypes.c_uint32(0))
    os.close(place)
