# ruff: noqa
"""One file of 10 GB."""

import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("big", "wb") as f:
        for _ in range(10_000):
            f.write(b"x" * 1_000_000)
    print("ESCAPED: 10 GB")
except OSError:
    print("contained")
