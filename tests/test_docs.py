"""What the README and the public API promise is run, not believed."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import pilothouse
from pilothouse.cli.main import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_examples_of_the_public_api_run() -> None:
    assert doctest.testmod(pilothouse).failed == 0


def test_every_public_name_can_be_had() -> None:
    for name in pilothouse.__all__:
        assert getattr(pilothouse, name) is not None
    with pytest.raises(AttributeError):
        _ = pilothouse.nonsense  # pyright: ignore


@pytest.mark.slow
def test_the_python_example_of_the_readme_runs(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    file = resources.files("pilothouse.tour").joinpath("files", "pilothouse.yaml")
    (tmp_path / "pilothouse.yaml").write_bytes(file.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", code[1]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "bolts" in done.stdout


def test_the_readme_opens_with_the_two_commands_and_names_only_commands_that_exist() -> None:
    assert README.index("make tour") < README.index("make test") < 600
    named = set(re.findall(r"^\$? ?pilothouse ([a-z]+)", README, re.MULTILINE))
    assert named <= set(COMMANDS)


def test_every_page_that_is_linked_is_there() -> None:
    root = Path(__file__).parents[1]
    for page in [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
