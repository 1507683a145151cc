"""`Call` to a row of `calls` and back, and filters to SQL."""

from __future__ import annotations

from typing import Any

from pilothouse.core.call import Call
from pilothouse.core.pico import pico_usd, usd
from pilothouse.core.ports import CallFilter

CALL_COLUMNS = tuple("cost_pico_usd" if f == "cost_usd" else f for f in Call.__struct_fields__)
_COST = Call.__struct_fields__.index("cost_usd")
_BOOLEANS = [Call.__struct_fields__.index(f) for f in ("is_stream", "is_usage_estimated")]


def row_from_call(call: Call) -> tuple[Any, ...]:
    """Values in the order of `CALL_COLUMNS`."""
    row = [getattr(call, field) for field in Call.__struct_fields__]
    if call.cost_usd is not None:
        row[_COST] = pico_usd(call.cost_usd)
    return tuple(row)


def call_from_row(row: tuple[Any, ...]) -> Call:
    """The inverse of `row_from_call`."""
    values = dict(zip(Call.__struct_fields__, row, strict=True))
    for i in _BOOLEANS:
        field = Call.__struct_fields__[i]
        values[field] = bool(values[field])
    if values["cost_usd"] is not None:
        values["cost_usd"] = usd(values["cost_usd"])
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
