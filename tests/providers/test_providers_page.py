from __future__ import annotations

import re
from pathlib import Path

from pilothouse.core.errors import ErrorClass
from pilothouse.providers._rows import Endpoint, ProviderRow, row_names

PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")


def test_the_page_lists_every_provider() -> None:
    listed = re.search(r"Known: (.*?)\.", PAGE, re.DOTALL)
    assert listed
    assert re.findall(r"\w+", listed[1]) == list(row_names())


def test_the_page_names_only_fields_that_exist() -> None:
    table = PAGE.partition("| field | says |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:] if line]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named
    assert named <= set(ProviderRow.__struct_fields__) | set(Endpoint.__struct_fields__)


def test_the_page_explains_every_class_of_error_that_a_refusal_can_have() -> None:
    table = PAGE.partition("| class | is |")[2]
    named = set(re.findall(r"`(\w+)`", table.partition("\n\n")[0]))
    assert named == set(ErrorClass.__args__) - {"cancelled", "keys_exhausted", "target_limited"}
