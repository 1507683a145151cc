from __future__ import annotations

from pilothouse.cli.output import table

ROWS = [
    ["a-model", "context 16,385 < 32,000 needed (short by 15,615); no tools; not known: its price"]
]


def test_a_table_is_plain_when_piped_and_wraps_its_last_column_on_a_narrow_terminal() -> None:
    assert len(table(["model", "why"], ROWS).splitlines()) == 2
    narrow = table(["model", "why"], ROWS, 50).splitlines()
    assert len(narrow) > 2 and all(len(line) <= 50 for line in narrow)
    assert narrow[2].startswith(" " * 9) and narrow[2][9] != " "


def test_a_column_too_narrow_to_read_is_left_as_it_is() -> None:
    assert len(table(["model", "why"], ROWS, 20).splitlines()) == 2
