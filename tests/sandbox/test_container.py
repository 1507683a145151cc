"""Programs in a container: with an engine that behaves like one, and cannot keep anything in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pilothouse.core.case import Case
from pilothouse.core.grade import Given
from pilothouse.sandbox.sandbox import SandboxError
from pilothouse.scorers.code import CodeScorer

ENGINE = """#!{python}
import os, signal, subprocess, sys
args = sys.argv[1:]
name = args[args.index("--name") + 1] if args[0] == "run" else args[1]
note = "{folder}/" + name
if args[0] == "kill":
    try:
        os.killpg(int(open(note).read()), signal.SIGKILL)
    except (OSError, ValueError):
        sys.exit(1)
    sys.exit(0)
image = args.index("python:3.12-slim") if "python:3.12-slim" in args else None
if image is None:
    print("no such image", file=sys.stderr)
    sys.exit(125)
program = args[args.index("--volume") + 1].split(":")[0]
os.setsid()
open(note, "w").write(str(os.getpid()))
argv = [a.replace("/program", program) for a in args[image + 1:]]
os.execvp(argv[0], argv)
"""
CASE = Case(
    id="c",
    prompt="def twice(n):\n",
    details={"tests": "assert twice(2) == 4", "entry_point": "twice"},
)


@pytest.fixture(autouse=True)
def _engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "podman"
    engine.write_text(ENGINE.format(python=sys.executable, folder=tmp_path))
    engine.chmod(0o755)
    python = tmp_path / "python3"
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("    return n * 2\n", 1.0, "all tests passed"),
        ("    return n * 3\n", 0.0, "exit code 1: AssertionError"),
        (
            "    return n * 2\nimport os\nos._exit(0)\n",
            0.0,
            "the program ended before its tests did",
        ),
        ("    return n * 2\nprint('x' * 40_000_000)\n", 0.0, "printed more than 16 MB"),
        ("    while True: pass\n", 0.0, "timeout after"),
        ("    return 0\nimport os\nos._exit(125)\n", 0.0, "exit code 125"),
    ],
)
def test_programs_are_graded_in_a_container(text: str, value: float, said: str) -> None:
    scorer = CodeScorer(container="podman", timeout_s=0.3)
    scorer.check(CASE)
    grade = scorer.score(Given(text=text), CASE)
    assert grade.value == value and said in (grade.detail or ""), grade


def test_input_reaches_a_program_in_a_container() -> None:
    case = Case(id="io", details={"io": [{"input": "2\n", "output": "4\n"}]})
    grade = CodeScorer(container="podman").score(Given(text="print(int(input()) * 2)"), case)
    assert grade.value == 1.0, grade


def test_an_image_that_is_not_there_is_no_fault_of_the_program() -> None:
    with pytest.raises(SandboxError, match=r"podman could not run gone:1: no such image"):
        CodeScorer(container="podman", image="gone:1").score(Given(text="    return n * 2"), CASE)
