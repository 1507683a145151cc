"""The fields of a `multipart/form-data` body (RFC 7578), whole in memory; nothing nested, nothing encoded."""

from __future__ import annotations

import re

from msgspec import Struct

from pilothouse.core.errors import BadRequest

_MOST_FIELDS = 100
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))', re.IGNORECASE)
_PARAM = re.compile(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


class Field(Struct, frozen=True):
    """One field."""

    content: bytes
    filename: str | None = None


def read_form(content_type: str, body: bytes) -> dict[str, Field]:
    """Fields by name; of equal names the last. Raises `BadRequest`."""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        raise BadRequest("send the file as multipart/form-data with a boundary")
    mark = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
    # The first mark may stand at the very beginning; every other follows a line's end, which is not content.
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise BadRequest("the form is cut off: its closing boundary is missing")
    if len(pieces) > _MOST_FIELDS:
        raise BadRequest(f"the form has more than {_MOST_FIELDS} fields")
    return dict(_field(piece) for piece in pieces[1:-1])


def _field(piece: bytes) -> tuple[str, Field]:
    head, gap, content = piece.partition(b"\r\n\r\n")
    if not gap:
        raise BadRequest("a field of the form has no headers")
    for line in head.decode("utf-8", "replace").split("\r\n"):
        if line.lower().startswith("content-disposition:"):
            params = {name.lower(): _unquoted(value) for name, value in _PARAM.findall(line)}
            if "name" in params:
                return params["name"], Field(content, params.get("filename"))
    raise BadRequest("a field of the form has no name")


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value).replace("%22", '"')
