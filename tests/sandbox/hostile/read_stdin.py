# ruff: noqa
"""Reads stdin for ever."""

import sys

while sys.stdin.read(1):
    pass
print("contained")
