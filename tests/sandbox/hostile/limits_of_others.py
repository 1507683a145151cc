# ruff: noqa
"""Takes time and descriptors from the processes above it, so that they die instead of it."""

import os
import resource

for pid in [os.getppid(), 1, 2, 3]:
    if pid == os.getpid():
        continue
    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):
        try:
            resource.prlimit(pid, kind, (0, 0))
            print("ESCAPED: limits of", pid)
        except OSError:
            pass
print("contained")
