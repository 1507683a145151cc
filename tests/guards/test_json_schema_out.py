"""JSON or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.guard import ALLOWED, Blocked, Seen
from pilothouse.core.request import Message, OutputFormat, Request, ToolCallPart
from pilothouse.guards._json_schema import first_error, schema_problems
from pilothouse.guards.json_schema_out import JsonSchemaOut, JsonSchemaOutSettings, plugin

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}


def asked(output: OutputFormat | None = None) -> Seen:
    return Seen(Request(model="m", messages=(Message.of_text("user", "x"),), output=output))


def test_an_answer_that_breaks_the_schema_is_blocked_with_the_place() -> None:
    guard = JsonSchemaOut(JsonSchemaOutSettings(schema=SCHEMA))
    assert guard.after(Answer.of_text('{"city": "Oslo", "people": 2}'), asked()) is ALLOWED
    verdict = guard.after(Answer.of_text('{"city": "Oslo", "people": 0}'), asked())
    assert isinstance(verdict, Blocked) and "$.people does not keep minimum 1" in verdict.reason


def test_a_refusal_names_no_key_that_the_answer_made_up() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    guard = JsonSchemaOut(JsonSchemaOutSettings(schema=schema))
    verdict = guard.after(Answer.of_text('{"ann@example.com": 1}'), asked())
    assert isinstance(verdict, Blocked) and "ann" not in verdict.reason


def test_what_the_request_asked_for_is_the_schema_where_none_is_configured() -> None:
    guard = JsonSchemaOut(JsonSchemaOutSettings())
    wanted = OutputFormat(schema=Raw(json.dumps(SCHEMA).encode()))
    assert isinstance(guard.after(Answer.of_text("{}"), asked(wanted)), Blocked)
    assert isinstance(guard.after(Answer.of_text("[]"), asked(OutputFormat())), Blocked)
    assert guard.after(Answer.of_text("Oslo"), asked()) is ALLOWED


def test_an_answer_that_calls_a_tool_is_not_json_and_need_not_be() -> None:
    guard = JsonSchemaOut(JsonSchemaOutSettings(schema=SCHEMA))
    call = ToolCallPart(id="1", name="f", arguments="{}")
    assert guard.after(Answer(candidates=(Candidate(parts=(call,)),)), asked()) is ALLOWED


@pytest.mark.parametrize(("mode", "first"), [("hold", ""), ("check_at_end", '{"city"')])
def test_a_stream_is_held_or_judged_at_its_end(mode: Any, first: str) -> None:
    guard = JsonSchemaOut(JsonSchemaOutSettings(schema=SCHEMA, stream=mode))
    stream = guard.stream(asked(), "text")
    assert stream is not None
    assert stream.feed('{"city"') == first
    assert isinstance(stream.end(), Blocked)
    small = JsonSchemaOut(JsonSchemaOutSettings(schema=SCHEMA, most_chars=10))
    stream = small.stream(asked(), "text")
    assert stream is not None and isinstance(stream.feed("x" * 11), Blocked)


# After the examples of the specification's own sections on each word.
CASES: list[tuple[Any, list[Any], list[Any]]] = [
    ({"type": "integer"}, [1, 1.0, -3], [1.5, True, "1"]),
    ({"type": ["string", "null"]}, ["a", None], [1, []]),
    ({"enum": [1, "a", None]}, [1, 1.0, "a", None], [True, 2]),
    ({"const": {"a": [1]}}, [{"a": [1]}], [{"a": [2]}]),
    ({"multipleOf": 0.1, "exclusiveMaximum": 1}, [0.3, 0.9], [0.35, 1]),
    ({"minLength": 2, "maxLength": 3, "pattern": "^[ab]{1,3}$"}, ["ab", 7], ["a", "abca", "xy"]),
    (
        {"items": {"type": "number"}, "minItems": 1, "uniqueItems": True},
        [[1, 2]],
        [[], [1, 1], ["a"]],
    ),
    ({"prefixItems": [{"type": "string"}], "items": False}, [["a"], []], [["a", 1], [1]]),
    ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, ["a", 6], [4]),
    ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, [0, 5], [2]),
    ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, [2], [0, 5]),
    ({"not": {"type": "null"}}, [1], [None]),
    (
        {"additionalProperties": {"type": "string"}, "maxProperties": 1},
        [{"a": "b"}],
        [{"a": 1}, {"a": "", "b": ""}],
    ),
    (
        {
            "$ref": "#/$defs/tree",
            "$defs": {
                "tree": {"properties": {"next": {"$ref": "#/$defs/tree"}}, "required": ["v"]}
            },
        },
        [{"v": 1, "next": {"v": 2}}],
        [{"v": 1, "next": {}}],
    ),
    (True, [1, None], []),
    (False, [], [1, None]),
]


@pytest.mark.parametrize(("schema", "good", "bad"), CASES)
def test_each_word_of_the_schema_decides(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert not list(schema_problems(schema))
    assert [v for v in good if first_error(v, schema)] == []
    assert [v for v in bad if not first_error(v, schema)] == []


def test_what_is_not_checked_is_refused_in_the_configuration() -> None:
    settings = JsonSchemaOutSettings(
        schema={"properties": {"a": {"dependentRequired": {}, "pattern": "a*"}}}
    )
    assert [at for at, _ in plugin.problems(settings, None)] == [
        "schema.properties.a.dependentRequired",
        "schema.properties.a.pattern",
    ]
    assert plugin.problems(JsonSchemaOutSettings(schema={"$ref": "http://x"}), None)


def test_deep_nesting_and_constants_that_are_not_json_end_well() -> None:
    guard = JsonSchemaOut(JsonSchemaOutSettings(schema={"$ref": "#"}))
    assert isinstance(guard.after(Answer.of_text("{}"), asked()), Blocked)
    for text in ("[" * 100_000, '{"a": NaN}', ""):
        assert isinstance(guard.after(Answer.of_text(text), asked()), Blocked)
