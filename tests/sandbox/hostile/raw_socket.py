# ruff: noqa
"""Listens to everything on the wire."""

import socket

for family, kind, proto in [
    (socket.AF_INET, socket.SOCK_RAW, 1),
    (17, socket.SOCK_RAW, 3),
    (16, socket.SOCK_RAW, 0),
]:
    try:
        socket.socket(family, kind, proto)
        if family != 16:
            print("ESCAPED: a raw socket of family", family)
    except OSError:
        pass
print("contained")
