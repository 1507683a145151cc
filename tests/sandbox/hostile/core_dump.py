# ruff: noqa
"""Aborts, with a core file asked for."""

import os, resource

try:
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
    print("ESCAPED: core files", flush=True)
except (OSError, ValueError):
    pass
os.abort()
