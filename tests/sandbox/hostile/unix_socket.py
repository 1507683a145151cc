# ruff: noqa
"""Speaks to services of the machine through their files, and to abstract ones."""

import socket

for path in [
    "/var/run/docker.sock",
    "/run/dbus/system_bus_socket",
    "/tmp/.X11-unix/X0",
    "\0hidden",
]:
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        print("ESCAPED: reached", path)
    except OSError:
        pass
print("contained")
