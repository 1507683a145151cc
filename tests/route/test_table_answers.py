"""A table may carry what each model said."""

from __future__ import annotations

from pathlib import Path

from pilothouse.route.table import read_table


def test_answers_of_json_lines_stand_by_case_and_model(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"prompt": "1+1", "scores": {"a": 1, "b": 0}, "answers": {"b": "3"}}\n'
        '{"prompt": "1+2", "scores": {"a": 1, "b": 1}}\n'
    )
    table = read_table(path)
    assert table.answers == ((None, "3"), (None, None))
    assert table.at([1]).answers == ((None, None),)


def test_answers_of_csv_are_a_column_a_model(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("prompt,a,b,a|answer,b|answer\nq,1,0,yes,no\nr,1,1,,no\n")
    assert read_table(path).answers == (("yes", "no"), (None, "no"))


def test_a_table_without_answers_has_none_also_after_picking(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("prompt,a\nq,1\nr,0\n")
    table = read_table(path)
    assert table.answers == ()
    assert table.at([0]).answers == ()
