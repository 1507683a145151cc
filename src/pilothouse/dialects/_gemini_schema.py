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
    given = {camel(str(k)): v for k, v in cast(dict[Any, Any], schema).items()}
    is_nullable = given.pop("nullable", None) is True
    if given.get("format") in _NOT_JSON_SCHEMA_FORMATS:
        del given["format"]
    found = {key: _value(key, value) for key, value in given.items()}
    return _with_null(found) if is_nullable else found


def _value(key: str, value: Any) -> Any:
    match key, value:
        case "type", str():
            return value.lower()
        case "properties" | "defs" | "$defs", dict():
            inner = cast(dict[str, Any], value)
            return {name: _converted(each) for name, each in inner.items()}
        case "items" | "additionalProperties", _:
            return _converted(value)
        case "anyOf", list():
            return [_converted(each) for each in cast(list[Any], value)]
        case _, str() if key in _COUNTS and value.isdigit():
            return int(value)  # protobuf writes 64-bit numbers as strings
        case _:
            return value


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """JSON schema has no `nullable`: null is one more type, value or choice."""
    found = dict(schema)
    if isinstance(found.get("enum"), list):
        found["enum"] = [*found["enum"], None]
    if isinstance(found.get("type"), str) and found["type"] != "null":
        found["type"] = [found["type"], "null"]
    elif isinstance(found.get("anyOf"), list):
        found["anyOf"] = [*found["anyOf"], {"type": "null"}]
    return found
