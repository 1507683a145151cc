"""Message and code of an error body, wherever its vendor puts them. Never raises: it is an error already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from pilothouse.providers._rows import ErrorBody


def read_error_body(
    body: bytes, where: ErrorBody, headers: Mapping[str, str] | None = None
) -> tuple[str, str | None]:
    """Message (perhaps empty, perhaps long: a cut could leave part of a key) and code. `headers` with lower-case
    names.

    Pages of HTML (a proxy on the way) have no message: their text says nothing to a person.
    """
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        value = None if body.lstrip()[:1] == b"<" else body.decode("utf-8", "replace").strip()
    if isinstance(value, list) and value:  # Google's streams without `alt=sse`
        value = cast("list[Any]", value)[0]
    if isinstance(value, str):
        message, code = value, None
    else:
        message = _first(value, where.message)
        code = _first(value, where.code)
    if code is None and where.code_header is not None and headers is not None:
        code = headers.get(where.code_header)
    return message or "", code


def _first(value: Any, paths: Sequence[str]) -> str | None:
    for path in paths:
        found = _at(value, path.split("."))
        if isinstance(found, str) and found:
            return found
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
    return None


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(key)]
        else:
            return None
    return value
