# ruff: noqa
"""1 GB on stdout."""

import os

block = b"x" * 1_000_000
for _ in range(1_000):
    os.write(1, block)
print("ESCAPED: 1 GB was printed")
