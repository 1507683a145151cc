# ruff: noqa
"""1 GB on stderr."""

import os

block = b"x" * 1_000_000
for _ in range(1_000):
    os.write(2, block)
print("ESCAPED: 1 GB was printed")
