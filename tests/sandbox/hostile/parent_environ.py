# ruff: noqa
"""Looks for keys in its own environment and in its parents'."""

import os

if "PILOTHOUSE_TEST_SECRET" in os.environ:
    print("ESCAPED: the environment was handed on")
for pid in [os.getppid(), "self", *range(1, 3000)]:
    for name in ["environ", "cmdline", "maps", "mem"]:
        try:
            with open(f"/proc/{pid}/{name}", "rb") as f:
                print("ESCAPED: read", f.name, f.read(1))
        except OSError:
            pass
print("contained")
