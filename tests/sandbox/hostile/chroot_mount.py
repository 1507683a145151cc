# ruff: noqa
"""Moves its root, mounts, and makes namespaces of its own to be root in."""

import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
os.mkdir("new")
try:
    os.chroot("new")
    print("ESCAPED: chroot")
except OSError:
    pass
if libc.mount(b"none", b"new", b"tmpfs", 0, None) == 0:
    print("ESCAPED: mount")
if libc.umount2(b"/", 2) == 0:
    print("ESCAPED: umount")
for flag in (0x10000000, 0x20000, 0x40000000):
    if libc.unshare(flag) == 0:
        print("ESCAPED: unshare", hex(flag))
print("contained")
