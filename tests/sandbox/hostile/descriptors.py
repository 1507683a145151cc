# ruff: noqa
"""Uses what was left open: lines of the sandbox, files of the caller."""

import os

for fd in range(3, 4096):
    try:
        os.fstat(fd)
    except OSError:
        continue
    print("ESCAPED: descriptor", fd, "was open")
print("contained")
