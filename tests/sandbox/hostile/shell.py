# ruff: noqa
"""Hands the work to a shell."""

import os, subprocess

for command in [
    "cat /etc/passwd",
    "cat /etc/shadow",
    "ls /root",
    "echo x > /etc/pilothouse",
    "ls /proc/1/",
]:
    try:
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=5)
        if done.returncode == 0:
            print("ESCAPED:", command, done.stdout[:20])
    except (OSError, subprocess.SubprocessError):
        pass
try:
    os.execv("/bin/sh", ["sh", "-c", "echo contained; cat /etc/passwd && echo ESCAPED"])
except OSError:
    print("contained")
