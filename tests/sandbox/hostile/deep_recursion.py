# ruff: noqa
"""Recursion without end, with Python's own guard taken away."""

import sys

sys.setrecursionlimit(10**9)


def down(n):
    return down(n + 1) + 1


try:
    down(0)
except (RecursionError, MemoryError):
    print("contained")
