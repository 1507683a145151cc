# ruff: noqa
"""Connects to addresses in and out of the machine."""

import socket

for where in [("1.1.1.1", 53), ("127.0.0.1", 22), ("127.0.0.1", 80), ("169.254.169.254", 80)]:
    try:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.settimeout(2)
        s.connect(where)
        print("ESCAPED: connected to", where)
    except OSError:
        pass
print("contained")
