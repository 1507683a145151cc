"""SQL and values in PostgreSQL's form: `?` to `$1`, and many rows as one JSON parameter."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from typing import Any, cast

import msgspec

_TOKEN = re.compile(r"'(?:[^']|'')*'|\?")


@lru_cache(maxsize=256)
def numbered(sql: str) -> bytes:
    """`?` outside of quotes as `$1`, `$2`, ...; a numbered `$1` stays."""
    numbers = count(1)
    return _TOKEN.sub(lambda m: f"${next(numbers)}" if m[0] == "?" else m[0], sql).encode()


def as_json(rows: Any) -> str:
    """Rows for `json_to_recordset`.

    One parameter instead of thousands: a tenth of the work of a multi-row INSERT on our side, where the
    event loop waits for it (bench/bench_store.py). PostgreSQL's text cannot hold NUL: U+FFFD takes its place.
    """
    data = msgspec.json.encode(rows)
    if b"\\u0000" in data:
        data = msgspec.json.encode(_without_nul(msgspec.json.decode(data)))
    return data.decode()


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case list():
            return [_without_nul(v) for v in cast(list[Any], value)]
        case dict():
            return {k: _without_nul(v) for k, v in cast(dict[str, Any], value).items()}
        case _:
            return value
