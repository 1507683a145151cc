# ruff: noqa
"""10 GB in files that are each small enough."""

try:
    for i in range(10_000):
        with open(f"part{i}", "wb") as f:
            f.write(b"x" * 1_000_000)
    print("ESCAPED: 10 GB in 10,000 files")
except OSError:
    print("contained")
