"""MBPP: both of the publisher's files are read, and what they hold can be graded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.core.grade import Given
from pilothouse.scorers.code import CodeScorer
from pilothouse.suites.mbpp import plugin as suite

FULL = {
    "text": "Write a function that adds two numbers.",
    "code": "def add(a, b):\r\n  return a + b",
    "test_setup_code": "import math",
    "test_list": ["assert add(1, 2) == 3", "assert add(math.inf, 1) == math.inf"],
    "challenge_test_list": [],
}
CHECKED = {
    "source_file": "x.ipynb",
    "prompt": "Write a function that adds two numbers.",
    "code": "def add(a, b):\n  return a + b",
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(add(0.1, 0.2), 0.3)"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [json.dumps({**FULL, "task_id": n}) for n in (10, 11, 510, 511)]
    (tmp_path / "mbpp.jsonl").write_text("\n".join(lines))
    (tmp_path / "sanitized-mbpp.json").write_text(json.dumps([{**CHECKED, "task_id": 77}]))
    return tmp_path


def test_the_test_set_of_the_full_file_is_tasks_11_to_510(folder: Path) -> None:
    assert [c.id for c in suite.read(folder / "mbpp.jsonl")] == ["mbpp/11", "mbpp/510"]


def test_a_folder_gives_the_checked_tasks(folder: Path) -> None:
    assert [c.id for c in suite.read(folder)] == ["mbpp/77"]


@pytest.mark.parametrize(("name", "code"), [("mbpp.jsonl", FULL), ("sanitized-mbpp.json", CHECKED)])
def test_reference_code_passes_and_wrong_code_fails(
    folder: Path, name: str, code: dict[str, str]
) -> None:
    scorer = CodeScorer(**suite.scorers["tests"]["code"])
    case = next(iter(suite.read(folder / name)))
    scorer.check(case)
    assert str(code["test_list"][0]) in case.prompt
    assert scorer.score(Given(text=f"```python\n{code['code']}\n```"), case).value == 1.0
    assert scorer.score(Given(text="def add(a, b): return a"), case).value == 0.0


def test_a_task_without_tests_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mbpp.jsonl").write_text(json.dumps({**FULL, "task_id": 12, "test_list": []}))
    with pytest.raises(InvalidInput, match=r"mbpp.jsonl:1: task 12 has no text or no tests"):
        list(suite.read(tmp_path))
