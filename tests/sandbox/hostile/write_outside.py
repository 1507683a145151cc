# ruff: noqa
"""Writes wherever a program could."""

import os, sys

for folder in [
    "/",
    "/etc",
    "/usr",
    "/usr/local",
    "/var/tmp",
    "/dev/shm",
    "/dev",
    "/proc/sys",
    "/root",
    "/home",
    sys.prefix,
    "..",
]:
    path = os.path.join(folder, "pilothouse-was-here")
    try:
        with open(path, "w") as f:
            f.write("x")
        print("ESCAPED: wrote", path)
    except OSError:
        pass
print("contained")
