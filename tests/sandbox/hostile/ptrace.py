# ruff: noqa
"""Takes hold of another process and of its memory."""

import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
for pid in [os.getppid(), 1, 2, 3]:
    if libc.ptrace(16, pid, None, None) == 0:
        print("ESCAPED: attached to", pid)
    local = ctypes.create_string_buffer(8)
    if (
        libc.process_vm_readv(
            pid,
            ctypes.byref((ctypes.c_void_p * 2)(ctypes.addressof(local), 8)),
            1,
            ctypes.byref((ctypes.c_void_p * 2)(0x400000, 8)),
            1,
            0,
        )
        > 0
    ):
        print("ESCAPED: read memory of", pid)
print("contained")
