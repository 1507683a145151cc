# ruff: noqa
"""Fills 8 GB."""

kept = []
try:
    for _ in range(80):
        kept.append(bytearray(b"x" * 100_000_000))
except MemoryError:
    kept.clear()
    print("contained")
else:
    print("ESCAPED: 8 GB")
