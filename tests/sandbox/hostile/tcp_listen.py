# ruff: noqa
"""Opens a door of its own."""

import socket

try:
    s = socket.socket()
    s.bind(("0.0.0.0", 0))
    s.listen()
    print("ESCAPED: listens at", s.getsockname())
except OSError:
    print("contained")
