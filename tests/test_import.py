"""`import pilothouse` brings in nothing that a script did not ask for."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_importing_the_package_imports_no_door_no_loop_and_no_socket() -> None:
    code = "import sys; before = set(sys.modules); import pilothouse; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "click",
        "yaml",
        "asyncio",
        "uvloop",
        "httptools",
        "sqlite3",
        "socket",
        "ssl",
        "msgspec",
    }
    assert heavy & {name.split(".")[0] for name in done.stdout.split()} == set()
