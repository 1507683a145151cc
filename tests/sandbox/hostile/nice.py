# ruff: noqa
"""Puts itself before everybody else."""

import os

try:
    os.nice(-20)
    print("ESCAPED: first in line")
except OSError:
    pass
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
    print("ESCAPED: real time")
except OSError:
    print("contained")
