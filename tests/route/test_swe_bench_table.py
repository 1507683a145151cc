"""The tool that makes a table of SWE-bench outcomes, on made-up ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from pilothouse.route.table import read_table

TOOL = Path(__file__).parents[2] / "tools/swe_bench_table.py"
RUNS: dict[str, Any] = {
    "a": {
        "django__django-1": {"resolved": True, "cost": 0.25, "api_calls": 3},
        "sympy__sympy-2": {"resolved": False, "cost": 0.5, "api_calls": 4},
    },
    "b": {"django__django-1": {"resolved": False, "cost": 0.125, "api_calls": 1}},
}


def made(tmp_path: Path, read: Any, *models: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "in.json").write_text(json.dumps(read))
    args = [sys.executable, str(TOOL), str(tmp_path / "in.json"), str(tmp_path / "out.jsonl")]
    return subprocess.run([*args, *models], capture_output=True, text=True, check=False)


def test_issues_that_every_model_was_given_become_cases(tmp_path: Path) -> None:
    assert made(tmp_path, RUNS).returncode == 0
    table = read_table(tmp_path / "out.jsonl")
    assert (table.models, table.ids, table.tags) == (("a", "b"), ("django__django-1",), ("django",))
    assert (table.score, table.cost_usd) == (((1.0, 0.0),), ((0.25, 0.125),))


def test_a_leaderboard_is_read_too_and_models_can_be_picked(tmp_path: Path) -> None:
    rows = [{"name": m, "per_instance_details": runs} for m, runs in RUNS.items()]
    board = {"leaderboards": [{"name": "bash-only", "results": [*rows, {"name": "c"}]}]}
    assert made(tmp_path, board, "a").returncode == 0
    assert len(read_table(tmp_path / "out.jsonl")) == 2
    assert "not in in.json: c (there: a, b)" in made(tmp_path, board, "c").stderr
