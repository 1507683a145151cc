# ruff: noqa
"""Sends a datagram."""

import socket

try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"secret", ("1.1.1.1", 53))
    print("ESCAPED: a datagram was sent")
except OSError:
    print("contained")
