# ruff: noqa
"""Takes back whatever it once was."""

import ctypes, os

for change in (os.setuid, os.setgid):
    try:
        change(0)
        if os.getuid() == 0 and open("/etc/shadow").read():
            print("ESCAPED: root again")
    except OSError:
        pass
libc = ctypes.CDLL(None)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
if (
    libc.capset(header, (ctypes.c_uint32 * 6)(2**32 - 1, 2**32 - 1, 0, 2**32 - 1, 2**32 - 1, 0))
    == 0
):
    print("ESCAPED: capabilities")
print("contained")
