"""`Call` to a row of `calls` and back, and filters to SQL."""

from __future__ import annotations

from typing import Any

from msgspec.structs import astuple

from pilothouse.core.call import Call
from pilothouse.core.pico import pico_usd, usd
from pilothouse.core.ports import CallFilter

MONEY = {"cost_usd": "cost_pico_usd", "saved_usd": "saved_pico_usd"}
"""Fields of a call to the columns that hold them as whole pico-dollars."""
CALL_COLUMNS = tuple(MONEY.get(f, f) for f in Call.__struct_fields__)
_MONEY = [Call.__struct_fields__.index(f) for f in MONEY]
_BOOLEANS = [Call.__struct_fields__.index(f) for f in ("is_stream", "is_usage_estimated")]


def row_from_call(call: Call) -> tuple[Any, ...]:
    """Values in the order of `CALL_COLUMNS`."""
    row = list(astuple(call))
    for i in _MONEY:
        if row[i] is not None:
            row[i] = pico_usd(row[i])
    return tuple(row)


def call_from_row(row: tuple[Any, ...]) -> Call:
    """The inverse of `row_from_call`."""
    values = dict(zip(Call.__struct_fields__, row, strict=True))
    for i in _BOOLEANS:
        field = Call.__struct_fields__[i]
        values[field] = bool(values[field])
    for field in MONEY:
        if values[field] is not None:
            values[field] = usd(values[field])
    return Call(**values)


def where_clause(where: CallFilter) -> tuple[str, list[Any]]:
    """A WHERE condition (`TRUE` when nothing is asked for) and its bound values."""
    parts: list[str] = []
    values: list[Any] = []
    for field in CallFilter.__struct_fields__:
        value = getattr(where, field)
        if value is None:
            continue
        match field:
            case "since_us":
                parts.append("at_us >= ?")
            case "until_us":
                parts.append("at_us < ?")
            case _:
                parts.append(f"calls.{field} = ?")
        values.append(value)
    return " AND ".join(parts) or "TRUE", values
