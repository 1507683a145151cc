"""An answer that must be JSON, and keep a schema: the configured one, or the one that was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pilothouse.core.answer import Answer, Candidate
from pilothouse.core.guard import (
    ALLOWED,
    Allowed,
    Blocked,
    Changed,
    GuardKind,
    Note,
    Passive,
    Problem,
    Seen,
    StreamGuard,
    Where,
)
from pilothouse.core.request import Request, TextPart, ToolCallPart
from pilothouse.guards._json_schema import first_error, schema_problems


class JsonSchemaOutSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a `schema`, what the request asked for is checked (its JSON schema, or any JSON object)."""

    schema: dict[str, Any] | None = None
    stream: Literal["hold", "check_at_end"] = "hold"
    """`hold`: nothing goes out before it is known to be good. `check_at_end`: an error ends the stream."""
    most_chars: Annotated[int, Meta(ge=1, le=50_000_000)] = 1_000_000


class JsonSchemaOut(Passive):
    """The guard. Answers that call tools, and candidates cut off by the caller's own limit, are judged alike."""

    def __init__(self, settings: JsonSchemaOutSettings) -> None:
        self._settings = settings

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """Every candidate that is not a call of tools."""
        schema = self._schema(seen.request)
        if schema is None:
            return ALLOWED
        for candidate in answer.candidates:
            if _is_text(candidate):
                text = "".join([p.text for p in candidate.parts if isinstance(p, TextPart)])
                if said := self.wrong(text, schema):
                    return self.blocked(said)
        return ALLOWED

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """Held, or looked at when it is over."""
        schema = self._schema(seen.request)
        if schema is None or where != "text":
            return None
        return _Run(self, schema, is_held=self._settings.stream == "hold")

    def wrong(self, text: str, schema: Any) -> str:
        """What is wrong; empty when nothing is."""
        if len(text) > self._settings.most_chars:
            return f"it has more than {self._settings.most_chars} characters"
        try:
            value = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return "it is not JSON"
        return first_error(value, schema)

    def blocked(self, said: str) -> Blocked:
        """The verdict."""
        reason = f"the answer does not keep its JSON schema: {said}"
        return Blocked(reason=reason, code="schema_mismatch")

    @property
    def most_chars(self) -> int:
        """That are kept for looking at."""
        return self._settings.most_chars

    def _schema(self, request: Request) -> Any:
        if self._settings.schema is not None:
            return self._settings.schema
        if request.output is None:
            return None
        if request.output.schema is None:
            return {"type": "object"}
        schema = json.loads(bytes(request.output.schema))
        # What cannot be checked of a caller's schema is not checked: JSON it must be all the same.
        return schema if not any(schema_problems(schema)) else True


class _Run:
    def __init__(self, guard: JsonSchemaOut, schema: Any, *, is_held: bool) -> None:
        self._guard = guard
        self._schema = schema
        self._is_held = is_held
        self._pieces: list[str] = []
        self._size = 0

    def feed(self, text: str) -> str | Blocked:
        self._size += len(text)
        if self._size > self._guard.most_chars:
            return self._guard.blocked(f"it has more than {self._guard.most_chars} characters")
        self._pieces.append(text)
        return "" if self._is_held else text

    def end(self) -> str | Blocked:
        text = "".join(self._pieces)
        if said := self._guard.wrong(text, self._schema):
            return self._guard.blocked(said)
        return text if self._is_held else ""

    def notes(self) -> Sequence[Note]:
        return ()


def _is_text(candidate: Candidate) -> bool:
    has_text = any(isinstance(part, TextPart) for part in candidate.parts)
    return has_text or not any(isinstance(part, ToolCallPart) for part in candidate.parts)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _problems(
    settings: JsonSchemaOutSettings, environ: Mapping[str, str] | None
) -> Sequence[Problem]:
    if settings.schema is None:
        return ()
    try:
        found = list(schema_problems(settings.schema))
    except (TypeError, ValueError):
        return [("schema", "not a JSON schema: a key holds the wrong kind of value")]
    return [(f"schema.{at}" if at else "schema", said) for at, said in found]


plugin = GuardKind(
    JsonSchemaOutSettings,
    lambda settings, environ: JsonSchemaOut(settings),
    _problems,
    sides=("answer",),
)
