# ruff: noqa
"""Leaves its folder through links."""

import os

for target in ["/etc", "/root", "/proc/self/root/etc", "../../../../etc", "/dev/shm"]:
    try:
        os.symlink(target, "door")
        if os.listdir("door"):
            print("ESCAPED: listed", target)
    except OSError:
        pass
    try:
        open("door/pilothouse-was-here", "w").close()
        print("ESCAPED: wrote into", target)
    except OSError:
        pass
    os.path.lexists("door") and os.remove("door")
try:
    os.link("/etc/passwd", "passwd")
    print("ESCAPED: linked")
except OSError:
    print("contained")
