# ruff: noqa
"""Starts threads without end."""

import threading, time

started = 0
try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        started += 1
except (RuntimeError, MemoryError):
    print("contained after", started)
    raise SystemExit(started < 2_000)
print("ESCAPED: 100,000 threads")
