# ruff: noqa
"""Waits at a pipe that nobody opens from the other side."""

import os

os.mkfifo("pipe")
open("pipe").read()
print("ESCAPED: somebody wrote into the pipe")
