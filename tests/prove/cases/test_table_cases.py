"""Tables: CSV, Parquet, and the folders that Hugging Face's data sets are."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.prove.cases import CasesFrom, load_cases, open_cases


def csv(folder: Path, text: str | bytes, name: str = "c.csv") -> list[Case]:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    return load_cases(name, folder)


def test_cells_become_fields_and_other_columns_variables(tmp_path: Path) -> None:
    head = "id,prompt,expected,tags,choices,synthetic,tone\n"
    (case,) = csv(tmp_path, head + '1,"Hi, ""you""",4,"a;b",x|y,yes,dry\n')
    assert case == Case(
        id="1",
        prompt='Hi, "you"',
        expected="4",
        tags=("a", "b"),
        choices=("x", "y"),
        is_synthetic=True,
        variables={"tone": "dry"},
    )


def test_a_row_is_named_by_the_line_it_starts_on(tmp_path: Path) -> None:
    rows = 'id,prompt,expected\n1,"two\nlines",a\n2,"three\n\nlines",\n3,q,a\n1,q,a\n'
    with pytest.raises(InvalidInput) as caught:
        csv(tmp_path, rows)
    first, second = str(caught.value).splitlines()
    assert 'c.csv:4: `expected` of case "2" is empty' in first
    assert 'c.csv:8: the id "1" is used twice (first on line 2)' in second


def test_a_mark_tabs_and_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    (case,) = csv(tmp_path, b"\xef\xbb\xbfprompt\texpected\r\ncaf\xc3\xa9\tx\r\n\r\n", "c.tsv")
    assert (case.prompt, case.expected) == ("café", "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no case in this file"),
        ("prompt\n", "there is no case in this file"),
        ("a,b\n1,2\n", "no column is the prompt (there are: a, b)"),
        ("question,input\n1,2\n", "may be the column question or input"),
        ("prompt,prompt\n1,2\n", 'c.csv:1: two columns are named "prompt"'),
        ("prompt,\n1,2\n", "c.csv:1: column 2 has no name"),
        ("prompt,expected\n1\n", "c.csv:2: 1 cells under 2 columns"),
        ('prompt\n"open\n', "not a table: unexpected end of data"),
        ("prompt,expcted\nq,1\n", 'unknown column "expcted". Did you mean "expected"?'),
        ("prompt,synthetic\nq,perhaps\n", 'synthetic: "perhaps" is neither true nor false'),
        ("prompt,details\nq,{\n", "details: not JSON"),
        (b"prompt\ncaf\xe9\n", "not UTF-8"),
    ],
)
def test_a_fault_of_a_table_is_said(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        csv(tmp_path, text)
    assert message in str(caught.value)


def test_one_column_that_can_only_be_the_prompt_is_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("question,answer\n2+2?,4\n")
    source = open_cases("c.csv", tmp_path)
    (case,) = source
    assert (case.prompt, case.expected) == ("2+2?", "4")
    assert any("`question` is read as `prompt`" in note for note in source.notes)


def parquet(path: Path, **columns: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_parquet_rows_are_cases(tmp_path: Path) -> None:
    answers = [{"text": ["4"]}, {"text": ["9"]}]
    parquet(tmp_path / "c.parquet", q=["2+2?", "3*3?"], answers=answers, level=[1, 2])
    fields = {"prompt": "q", "expected": "answers.text"}
    first, second = load_cases(CasesFrom(file="c.parquet", fields=fields), tmp_path)
    assert (first.prompt, first.expected, first.variables) == ("2+2?", "4", {"level": "1"})
    assert second.expected == "9"


def test_a_fault_in_parquet_is_said_with_its_row(tmp_path: Path) -> None:
    parquet(tmp_path / "c.parquet", prompt=["a", "", "b"], id=["1", "2", "1"])
    with pytest.raises(InvalidInput) as caught:
        load_cases("c.parquet", tmp_path)
    first, second = str(caught.value).splitlines()
    assert 'c.parquet: row 2: the prompt of case "2" is empty' in first
    assert 'c.parquet: row 3: the id "1" is used twice (first on row 1)' in second
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InvalidInput, match="not a Parquet file"):
        load_cases("c.parquet", tmp_path)


def test_a_folder_gives_its_test_split(tmp_path: Path) -> None:
    parquet(tmp_path / "data" / "train-00000-of-00001.parquet", question=["t"], answer=["1"])
    parquet(tmp_path / "data" / "test-00000-of-00002.parquet", question=["a"], answer=["1"])
    parquet(tmp_path / "data" / "test-00001-of-00002.parquet", question=["b"], answer=["2"])
    source = open_cases(".", tmp_path)
    assert [case.prompt for case in source] == ["a", "b"]
    assert any("split `test` of test, train" in note for note in source.notes)
    train = CasesFrom(file=".", split="train")
    assert [case.prompt for case in load_cases(train, tmp_path)] == ["t"]
    with pytest.raises(InvalidInput, match=r'no split "tets"\. Did you mean "test"\?'):
        load_cases(CasesFrom(file=".", split="tets"), tmp_path)


def test_a_card_says_which_file_is_which_split(tmp_path: Path) -> None:
    card = "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: mine\n    path: x*.jsonl\n---\n"
    (tmp_path / "README.md").write_text(card)
    (tmp_path / "x1.jsonl").write_text('{"prompt": "a"}\n')
    (tmp_path / "y.jsonl").write_text('{"prompt": "b"}\n')
    assert [case.prompt for case in load_cases(".", tmp_path)] == ["a"]


def test_several_subsets_must_be_chosen_from(tmp_path: Path) -> None:
    for name in ("main", "socratic"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test.csv").write_text("prompt\nq\n")
    with pytest.raises(InvalidInput, match=r"say which `split:` .*main/test, socratic/test"):
        load_cases(".", tmp_path)
    assert len(load_cases(CasesFrom(file=".", split="main/test"), tmp_path)) == 1


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no data file in this folder"):
        load_cases(".", tmp_path)
    with pytest.raises(InvalidInput, match="this is a folder, not a file"):
        load_cases(CasesFrom(file=".", format="csv"), tmp_path)
