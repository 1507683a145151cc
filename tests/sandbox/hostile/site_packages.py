# ruff: noqa
"""Changes the installed packages and the standard library."""

import os, site, sys, sysconfig

for folder in {
    *site.getsitepackages(),
    *sysconfig.get_paths().values(),
    os.path.dirname(os.__file__),
    *sys.path,
}:
    try:
        open(os.path.join(folder, "pilothouse_was_here.py"), "w").close()
        print("ESCAPED: wrote into", folder)
    except OSError:
        pass
try:
    with open(os.__file__, "a") as f:
        f.write("\n")
    print("ESCAPED: changed", os.__file__)
except OSError:
    print("contained")
