"""JSON lines: our own form. One case a line; see `CaseLine` for its fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.prove.cases.case_line import FIELDS, CaseLine
from pilothouse.prove.cases.columns import Columns
from pilothouse.prove.cases.found import Found, Note
from pilothouse.prove.cases.opening import lines


def read_jsonl(path: Path, fields: dict[str, str], note: Note) -> Iterator[Found]:
    """`fields` renames; with it, what it does not name may be anything. Without, unknown fields are errors."""
    file = str(path)
    decoder = msgspec.json.Decoder(CaseLine)
    for number, line in lines(path):
        try:
            if fields:
                record = msgspec.json.decode(line, type=dict[str, Any])
                given = Columns(list(record), fields, may_alias=False).line(record)
            else:
                given = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield Found(file=file, number=number, problem=f"not a case: {error}{_hint(str(error))}")
        except InvalidInput as error:
            yield Found(file=file, number=number, problem=str(error))
        else:
            yield Found(file=file, number=number, given=given)


def _hint(said: str) -> str:
    """msgspec names an unknown field between backticks, and only then a name helps."""
    if "unknown field" not in said:
        return ""
    return did_you_mean(said.split("`")[1], FIELDS)
