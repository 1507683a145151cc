# ruff: noqa
"""Does nothing for ever."""

while True:
    pass
