"""A case as the JSON that a run keeps, and back."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from pilothouse.core.case import Case
from pilothouse.core.request import Tool


class _Tools(Struct, frozen=True):
    """A tool's schema is kept as bytes; read back they need a type that says so."""

    tools: list[dict[str, Any]] = []


_encoder = msgspec.json.Encoder()
_decode = msgspec.json.Decoder(Case).decode
_decode_tools = msgspec.json.Decoder(_Tools).decode


def case_to_json(case: Case) -> bytes:
    """What `case_from_json` reads."""
    return _encoder.encode(case)


def case_from_json(data: bytes) -> Case:
    """The inverse of `case_to_json`."""
    if b'"tools":[{' not in data:
        return _decode(data)
    tools = tuple([_tool(fields) for fields in _decode_tools(data).tools])
    fields = msgspec.json.decode(data)
    case = msgspec.convert({**fields, "tools": []}, Case)
    return structs.replace(case, tools=tools)


def _tool(fields: dict[str, Any]) -> Tool:
    schema = fields.get("parameters")
    return Tool(
        name=fields["name"],
        description=fields.get("description"),
        parameters=None if schema is None else Raw(_encoder.encode(schema)),
        strict=fields.get("strict"),
    )
