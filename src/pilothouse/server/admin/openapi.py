"""The OpenAPI 3.1 document of the admin API, made from the table that the door dispatches by.

Source: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from pilothouse.server.admin.operation import Operation, Page

_REF = "#/components/schemas/{name}"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def openapi(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The document as a JSON-able value."""
    types: list[Any] = []
    for one in operations:
        types += [t for t in (one.query, one.body, one.returns) if t is not None and t is not Page]
    made, components = msgspec.json.schema_components(types, ref_template=_REF)
    schemas = list(zip(types, made, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _entry(one, schemas, components)
    used = {**components, "Error": _ERROR}
    security = {"key": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pilothouse admin API", "version": version},
        "paths": paths,
        "components": {"schemas": used, "securitySchemes": security},
        "security": [{"key": []}],
    }


def _entry(
    one: Operation, schemas: list[tuple[Any, dict[str, Any]]], components: dict[str, Any]
) -> dict[str, Any]:
    error = {"description": "What was wrong.", "content": _json(_REF.format(name="Error"))}
    entry: dict[str, Any] = {
        "summary": one.summary,
        "operationId": _id_of(one),
        "responses": {
            str(one.status): {"description": "Done.", "content": _content(one, schemas)},
            "default": error,
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]
    if one.query is not None:
        parameters += _query_parameters(_schema_of(one.query, schemas), components)
    if parameters:
        entry["parameters"] = parameters
    if one.body is not None:
        entry["requestBody"] = {
            "content": {"application/json": {"schema": _schema_of(one.body, schemas)}}
        }
    if one.is_open:
        entry["security"] = []
    return entry


def _content(one: Operation, schemas: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    if one.returns is Page:
        return {"text/plain": {"schema": {"type": "string"}}}
    return {"application/json": {"schema": _schema_of(one.returns, schemas)}}


def _schema_of(kind: Any, schemas: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    return next(schema for known, schema in schemas if known is kind)


def _query_parameters(schema: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    name = cast(str, schema["$ref"]).rpartition("/")[2]
    properties: dict[str, Any] = components[name]["properties"]
    return [{"name": n, "in": "query", "schema": s} for n, s in properties.items()]


def _id_of(one: Operation) -> str:
    words = [w.strip("{}").replace(".", "_") for w in one.path.split("/")[1:]]
    return "_".join([one.method.lower(), *words])


def _json(ref: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": ref}}}
