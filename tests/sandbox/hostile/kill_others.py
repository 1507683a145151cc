# ruff: noqa
"""Signals to the parent, the group and everybody."""

import os, signal

for pid in [os.getppid(), 1, 0, -1]:
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        os.kill(pid, signal.SIGTERM if pid == 0 else signal.SIGKILL)
    except OSError:
        pass
print("contained")
