"""Some seconds of `make soak`: the same audit, on every change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "tools" / "soak.py"


@pytest.mark.slow
def test_after_seconds_under_load_and_faults_the_books_add_up() -> None:
    done = subprocess.run(
        [sys.executable, str(SOAK), "--minutes", "0.1", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    # Seconds say nothing of memory: it is still warming up.
    wrong = [line for line in found["audit"] if not line["holds"] and "memory" not in line["what"]]
    assert not wrong
    assert found["outcomes"]["whole"] and found["outcomes"]["streamed"]
    assert sum(found["faults"].values()) > found["faults"][""] > 0
