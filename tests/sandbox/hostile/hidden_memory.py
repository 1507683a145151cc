# ruff: noqa
"""Keeps data where no limit of a process counts it."""

import ctypes, mmap, os

try:
    fd = os.memfd_create("hidden")
    print("ESCAPED: memory without a name")
except OSError:
    pass
libc = ctypes.CDLL(None)
if libc.shmget(0x1234, 1 << 30, 0o1600) >= 0:
    print("ESCAPED: shared memory of System V")
try:
    mmap.mmap(-1, 4 << 30)
    print("ESCAPED: 4 GB mapped")
except (OSError, MemoryError, ValueError):
    print("contained")
