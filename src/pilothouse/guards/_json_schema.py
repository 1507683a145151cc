"""Whether a JSON value keeps a schema: the part of JSON Schema 2020-12 that structured output uses.

Source: JSON Schema Core and Validation, draft 2020-12. A word that is not checked here is refused when the
schema is read, so that nobody believes it was checked; what only describes is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from pilothouse.guards._safe_regex import Unsafe, safe_regex

_DESCRIBES = frozenset(
    [
        "$schema",
        "$id",
        "$comment",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "format",
        "contentEncoding",
        "contentMediaType",
    ]
)
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_GROUPS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE = ("items", "not", "additionalProperties")
_OTHERS = ("$ref", "type", "enum", "const", "pattern", "properties", "required", "uniqueItems")
_CHECKED = frozenset((*_NUMBERS, *_SIZES, *_GROUPS, *_ONE, *_OTHERS))
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_DEEPEST = 100


def schema_problems(schema: Any, at: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """What of the schema cannot be checked: where, and why."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict) or depth > _DEEPEST:
        yield at, "a schema is an object (or true, false), and not nested over 100 deep"
        return
    given = cast(dict[str, Any], schema)
    for key, value in given.items():
        where = f"{at}.{key}" if at else key
        if key in ("properties", "$defs", "definitions"):
            for name, inner in dict(value).items():
                yield from schema_problems(inner, f"{where}.{name}", depth + 1)
        elif key in _GROUPS:
            for i, inner in enumerate(value):
                yield from schema_problems(inner, f"{where}[{i}]", depth + 1)
        elif key in _ONE:
            yield from schema_problems(value, where, depth + 1)
        elif said := _word_problem(key, value):
            yield where, said


def _word_problem(key: str, value: Any) -> str:
    if key == "pattern":
        try:
            safe_regex(value, ignore_case=False)
        except Unsafe as error:
            return str(error)
    if key == "$ref" and not str(value).startswith("#"):
        return "only references within the schema (#/...) are followed"
    return "" if key in _CHECKED or key in _DESCRIBES else f'"{key}" is not checked here'


def first_error(value: Any, schema: Any, root: Any = None, at: str = "$", depth: int = 0) -> str:
    """Where and how the value breaks the schema, without repeating the value; empty when it keeps it."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return "" if schema else f"{at} must not be there"
    if depth > _DEEPEST:
        return f"{at} is nested too deep"
    rules = cast(Mapping[str, Any], schema)
    if "$ref" in rules:
        found = first_error(value, _resolved(rules["$ref"], root), root, at, depth + 1)
        if found:
            return found
    if said := _wrong_type(value, rules, at):
        return said
    checks = (_wrong_number, _wrong_text, _wrong_group)
    for check in checks:
        if said := check(value, rules, root, at, depth):
            return said
    if isinstance(value, dict):
        return _wrong_object(cast(dict[str, Any], value), rules, root, at, depth)
    if isinstance(value, list):
        return _wrong_array(cast(list[Any], value), rules, root, at, depth)
    return ""


def _wrong_type(value: Any, rules: Mapping[str, Any], at: str) -> str:
    kinds = rules.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is_type(value, kind) for kind in kinds):
        return f"{at} must be {' or '.join(kinds)}"
    if "const" in rules and not _same(value, rules["const"]):
        return f"{at} must be {json.dumps(rules['const'])}"
    if "enum" in rules and not any(_same(value, one) for one in rules["enum"]):
        return f"{at} must be one of {json.dumps(rules['enum'])[:200]}"
    return ""


def _is_type(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, ()))


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (dict, list)):
        return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    return one == other


def _wrong_number(value: Any, rules: Mapping[str, Any], root: Any, at: str, depth: int) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    tests: dict[str, Callable[[float], bool]] = {
        "minimum": lambda bound: value >= bound,
        "maximum": lambda bound: value <= bound,
        "exclusiveMinimum": lambda bound: value > bound,
        "exclusiveMaximum": lambda bound: value < bound,
        "multipleOf": lambda bound: abs(value / bound - round(value / bound)) < 1e-9,
    }
    for key, holds in tests.items():
        if key in rules and not holds(rules[key]):
            return f"{at} does not keep {key} {rules[key]}"
    return ""


def _wrong_text(value: Any, rules: Mapping[str, Any], root: Any, at: str, depth: int) -> str:
    for what, kind in (("Length", str), ("Items", list), ("Properties", dict)):
        if not isinstance(value, kind):
            continue
        size = len(cast(Any, value))
        if size < rules.get(f"min{what}", 0):
            return f"{at} does not keep min{what} {rules[f'min{what}']}"
        if size > rules.get(f"max{what}", size):
            return f"{at} does not keep max{what} {rules[f'max{what}']}"
    if not isinstance(value, str) or "pattern" not in rules:
        return ""
    is_kept = safe_regex(rules["pattern"], ignore_case=False).pattern.search(value)
    return "" if is_kept else f"{at} does not match {rules['pattern']}"


def _wrong_group(value: Any, rules: Mapping[str, Any], root: Any, at: str, depth: int) -> str:
    for inner in rules.get("allOf", ()):
        if said := first_error(value, inner, root, at, depth + 1):
            return said
    for key in ("anyOf", "oneOf"):
        if key not in rules:
            continue
        kept = sum(not first_error(value, inner, root, at, depth + 1) for inner in rules[key])
        if kept == 0 or (key == "oneOf" and kept != 1):
            return f"{at} keeps {kept} of the schemas of {key}"
    if "not" in rules and not first_error(value, rules["not"], root, at, depth + 1):
        return f"{at} is what it must not be"
    return ""


def _wrong_object(
    value: dict[str, Any], rules: Mapping[str, Any], root: Any, at: str, depth: int
) -> str:
    properties: Mapping[str, Any] = rules.get("properties", {})
    for name in rules.get("required", ()):
        if name not in value:
            return f'{at}: "{name}" is missing'
    others = rules.get("additionalProperties", True)
    for name, inner in value.items():
        known = name in properties
        if not known and others is False:
            return f"{at} has a key that the schema does not know"
        # A key that the schema does not name is the answer's own word, and is not repeated.
        where = f"{at}.{name[:50]}" if known else f"{at}.*"
        said = first_error(inner, properties[name] if known else others, root, where, depth + 1)
        if said:
            return said
    return ""


def _wrong_array(value: list[Any], rules: Mapping[str, Any], root: Any, at: str, depth: int) -> str:
    first: list[Any] = rules.get("prefixItems", [])
    rest = rules.get("items", True)
    for i, inner in enumerate(value):
        schema = first[i] if i < len(first) else rest
        if said := first_error(inner, schema, root, f"{at}[{i}]", depth + 1):
            return said
    if rules.get("uniqueItems"):
        seen = [json.dumps(one, sort_keys=True) for one in value]
        if len(set(seen)) != len(seen):
            return f"{at} holds something twice"
    return ""


def _resolved(ref: str, root: Any) -> Any:
    found = root
    for step in ref.removeprefix("#").strip("/").split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if step:
            if not isinstance(found, dict) or step not in found:
                return False
            found = cast(dict[str, Any], found)[step]
    return found
