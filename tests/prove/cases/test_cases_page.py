"""The examples of docs/cases.md are read as the page says."""

import re
from pathlib import Path

import pytest

from pilothouse.prove.cases import CasesFrom, load_cases, open_cases

PAGE = (Path(__file__).parents[3] / "docs" / "cases.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```\w+ (\S+)\n(.*?)```", PAGE, re.DOTALL))
WANTED = {
    "cases.jsonl": [
        ("Is a refund due?", "yes"),
        ("Which of these is a mammal?", "B"),
        ("Who signed it?", "Ada"),
        ("2+2?", "4"),
    ],
    "cases.csv": [('Is "free" a price?', "no"), ("Two\nlines?", "yes")],
    "promptfooconfig.yaml": [
        ("Translate to French: Hello", "Bonjour"),
        ("Translate to German: Hello", "Bonjour"),
    ],
    "samples.json": [("Which is a mammal?", "B"), ("2+2?", "4")],
}


def test_the_page_has_no_example_that_is_not_run() -> None:
    assert set(EXAMPLES) == set(WANTED)


@pytest.mark.parametrize("name", WANTED)
def test_an_example_is_read_as_the_page_says(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    found = [(case.prompt, case.expected) for case in load_cases(name, tmp_path)]
    assert found == WANTED[name]


def test_the_notes_that_the_page_speaks_of_are_there(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(EXAMPLES["promptfooconfig.yaml"], encoding="utf-8")
    source = open_cases("p.yaml", tmp_path)
    assert len(list(source)) == 2
    assert any("`javascript`" in note for note in source.notes)


def test_every_option_of_the_page_is_an_option() -> None:
    block = re.search(r"```yaml\ncases:\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    keys = re.findall(r"^  (\w+):", block[1], re.MULTILINE)
    assert set(keys) <= set(CasesFrom.__struct_fields__)
