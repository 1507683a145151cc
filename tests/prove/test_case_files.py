"""Case files: every fault is said with file and line."""

from pathlib import Path

import pytest

from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases import load_cases

GOOD = '{"id": 1, "prompt": "2+2?", "expected": 4}\n'


def load(folder: Path, text: str) -> list[str | None]:
    (folder / "cases.jsonl").write_text(text, encoding="utf-8")
    return [c.expected for c in load_cases("cases.jsonl", folder)]


def test_numbers_may_be_expected_as_numbers(tmp_path: Path) -> None:
    more = '\n{"id": "b", "prompt": "q", "expected": 0.5}\n{"id": "c", "prompt": "q"}\n'
    assert load(tmp_path, GOOD + more) == ["4", "0.5", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no case in this file"),
        ("\n\n", "there is no case in this file"),
        (GOOD + "{broken\n", "cases.jsonl:2: not a case"),
        (GOOD + '{"id": 2}\n', "cases.jsonl:2: not a case: Object missing required field `prompt`"),
        (GOOD + '{"id": 2, "prompt": " "}\n', "cases.jsonl:2: the prompt of case"),
        (GOOD + '{"id": 2, "prompt": 7}\n', "cases.jsonl:2: not a case: Expected `str`, got `int`"),
        (GOOD + '{"id": 2, "prompt": "q", "expcted": 7}\n', "unknown field `expcted`"),
        (GOOD + "\n" + GOOD, 'cases.jsonl:3: the id "1" is used twice (first on line 1)'),
        (GOOD + '["a"]\n', "cases.jsonl:2: not a case: Expected `object`, got `array`"),
    ],
)
def test_a_fault_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    line = b'{"id": "x", "prompt": "caf\xe9"}\n'
    (tmp_path / "cases.jsonl").write_bytes(GOOD.encode() + line)
    with pytest.raises(InvalidInput, match=r"cases\.jsonl:2"):
        load_cases("cases.jsonl", tmp_path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        load_cases("cases.jsonl", tmp_path)


def test_excluding_every_case_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text('{"id": 1, "prompt": "q", "tags": ["x"]}\n')
    with pytest.raises(InvalidInput, match='every case carries the tag "x"'):
        load_cases("cases.jsonl", tmp_path, exclude_tag="x")


def test_the_shipped_cases_lose_their_12_contaminated_ones() -> None:
    assert len(load_cases("builtin:gsm8k", Path())) == 1319
    assert len(load_cases("builtin:gsm8k", Path(), exclude_tag="contaminated")) == 1307
