# ruff: noqa
"""A number that no machine can hold."""

try:
    print(len(str(9**9**9**9)))
    print("ESCAPED")
except (MemoryError, ValueError, OverflowError):
    print("contained")
