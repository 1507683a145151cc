"""What to write instead of a value that does not fit: the words that are known, the number written out."""

from __future__ import annotations

import re
from typing import Any

from msgspec import inspect

from pilothouse.core.errors import did_you_mean

_SIZES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}


def hint(value: Any, kind: inspect.Type) -> str:
    """A continuation of an error message with its leading space or colon; empty when nothing is to be said."""
    members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for member in members:
        if said := _said(value, member):
            return said
    return ""


def _said(value: Any, kind: inspect.Type) -> str:
    match kind:
        case inspect.LiteralType():
            words = [str(v) for v in kind.values]
            near = did_you_mean(str(value), words)
            return f".{near}" if near else f". Known: {', '.join(words)}."
        case inspect.IntType() | inspect.FloatType() if isinstance(value, str):
            return f': "{value}"' + _written_out(value)
        case inspect.FloatType() if kind.le == 1 and _is_percentage(value):
            return f", because it is a share: {value / 100:g} for {value:g} %"
        case inspect.DecimalType():
            return f': "{value}" is not a plain number such as 250.00 (the key names the currency)'
        case inspect.DateType():
            return f': "{value}" is not a day such as 2026-11-24'
        case _:
            return ""


def _written_out(text: str) -> str:
    found = re.fullmatch(r"([0-9]+(?:[.][0-9]+)?) ?([kmb])", text.strip().lower())
    if found is None:
        return " is not a number"
    return f", written out: {float(found[1]) * _SIZES[found[2]]:.0f}"


def _is_percentage(value: Any) -> bool:
    return isinstance(value, int | float) and 1 < value <= 100
