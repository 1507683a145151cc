# ruff: noqa
"""Reads the database of the run that grades it."""

for path in ["@STORE@", "../../../../../../@STORE@"]:
    try:
        print("ESCAPED: read the store:", open(path, "rb").read(16))
    except OSError:
        pass
print("contained")
