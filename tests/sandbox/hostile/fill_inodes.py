# ruff: noqa
"""A million empty files."""

try:
    for i in range(1_000_000):
        open(f"{i}", "w").close()
    print("ESCAPED: a million files")
except OSError:
    print("contained")
