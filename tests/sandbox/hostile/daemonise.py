# ruff: noqa
"""Forks twice into a session of its own, lets go of every pipe, and waits for everybody to go away."""

import os, time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for fd in range(3):
                os.close(fd)
            os.execvp("sleep", ["sleep", "@MARK@"])
        os._exit(0)
    time.sleep(0.2)
except OSError:
    pass
print("contained")
