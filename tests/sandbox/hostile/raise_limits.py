# ruff: noqa
"""Gives itself more."""

import resource

for kind in (
    resource.RLIMIT_AS,
    resource.RLIMIT_DATA,
    resource.RLIMIT_CPU,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_CORE,
):
    soft, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if resource.getrlimit(kind)[0] != soft:
            print("ESCAPED: limit", kind)
    except (OSError, ValueError):
        pass
print("contained")
