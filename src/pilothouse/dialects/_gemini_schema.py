"""Gemini's own schema, a part of OpenAPI 3.0, to JSON schema.

Only this way: what we write are JSON schemas, which Gemini takes in `parametersJsonSchema` and
`responseJsonSchema`. Source: https://ai.google.dev/api/caching#Schema.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec import Raw

from pilothouse.dialects._camel import camel

_encode = msgspec.json.Encoder().encode
_COUNTS = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
_NOT_JSON_SCHEMA_FORMATS = {"enum"}


def json_schema(schema: Raw) -> Raw:
    """The same as a JSON schema."""
    return Raw(_encode(_converted(msgspec.json.decode(schema))))


def _converted(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    given = {camel(str(k)): v for k, v in cast(dict[Any, Any], schema).items()}
    for key, value in given.items():
        match key:
            case "nullable":
                pass
            case "type":
                found["type"] = _type(value, is_nullable=given.get("nullable") is True)
            case "properties" | "defs" | "$defs" if isinstance(value, dict):
                inner = cast(dict[str, Any], value)
                found[key] = {name: _converted(each) for name, each in inner.items()}
            case "items" | "additionalProperties":
                found[key] = _converted(value)
            case "anyOf" if isinstance(value, list):
                found[key] = [_converted(each) for each in cast(list[Any], value)]
            case "format" if value in _NOT_JSON_SCHEMA_FORMATS:
                pass
            case "enum" if given.get("nullable") is True and isinstance(value, list):
                found[key] = [*cast(list[Any], value), None]
            case _ if key in _COUNTS and isinstance(value, str) and value.isdigit():
                found[key] = int(value)  # protobuf writes 64-bit numbers as strings
            case _:
                found[key] = value
    if given.get("nullable") is True and "type" not in given and "anyOf" in found:
        found["anyOf"].append({"type": "null"})
    return found


def _type(value: Any, *, is_nullable: bool) -> Any:
    if not isinstance(value, str):
        return value
    name = value.lower()
    return [name, "null"] if is_nullable and name != "null" else name
