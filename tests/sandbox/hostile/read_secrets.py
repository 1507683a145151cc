# ruff: noqa
"""Reads what a program of the same user could."""

import os

for path in [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hostname",
    "/root/.ssh/id_rsa",
    "/root/.bashrc",
    "/var/log/syslog",
    "/proc/1/environ",
]:
    try:
        print("ESCAPED: read", path, open(path).read(10))
    except OSError:
        pass
for folder in ["/etc", "/root", "/home", "/var", "/proc"]:
    try:
        if os.listdir(folder):
            print("ESCAPED: listed", folder)
    except OSError:
        pass
print("contained")
