"""Did the model ask for the right functions with the right arguments?

Wanted calls are in `details.tool_calls`: [{"name": "find", "arguments": {"city": "Rome"}}]; an argument may be a list
under `{"any_of": [...]}`. An empty list means that no function is to be called. Compared as parsed JSON, in the manner
of the Berkeley Function Calling Leaderboard's AST check.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import normalised


class Wanted(Struct, frozen=True, kw_only=True):
    """One call."""

    name: str
    arguments: dict[str, Any] = {}


class ToolCallsScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value is the share of wanted calls that are right; a call too many takes from it."""

    in_order: bool = False
    extra_arguments: bool = True
    """Arguments that nobody named are fine."""
    normalise_texts: bool = True
    """Texts are compared without case, punctuation and articles."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` when the wanted calls cannot be read."""
        _wanted(case)

    def score(self, given: Given, case: Case) -> Grade:
        """Parts: the share of names and of arguments that are right."""
        wanted = _wanted(case)
        if not wanted:
            names = [use.name for use in given.tool_uses]
            return Grade(value=float(not names), detail=f"called: {', '.join(names) or 'nothing'}")
        left = [(use.name, _arguments(use.arguments)) for use in given.tool_uses]
        extra = max(0, len(left) - len(wanted))
        named = right = 0
        for call in wanted:
            place = self._place(call, left)
            if place is None:
                continue
            name, arguments = left.pop(place)
            named += name == call.name
            right += self._is_right(call, arguments)
        parts = {"names": named / len(wanted), "arguments": right / len(wanted)}
        called = ", ".join(f"{u.name}({u.arguments})" for u in given.tool_uses)
        return Grade(
            value=right / (len(wanted) + extra),
            detail=f"called: {called[:300] or 'nothing'}",
            parts=parts,
        )

    def _place(self, call: Wanted, left: list[tuple[str, dict[str, Any] | None]]) -> int | None:
        """The best one that is left: right in all, else of that name. In order: only the next one."""
        some = left[:1] if self.in_order else left
        for i, (name, arguments) in enumerate(some):
            if name == call.name and self._is_right(call, arguments):
                return i
        return next((i for i, (name, _) in enumerate(some) if name == call.name), None)

    def _is_right(self, call: Wanted, arguments: dict[str, Any] | None) -> bool:
        if arguments is None:
            return False
        if not self.extra_arguments and set(arguments) - set(call.arguments):
            return False
        return all(
            k in arguments and self._same(v, arguments[k]) for k, v in call.arguments.items()
        )

    def _same(self, wanted: Any, got: Any) -> bool:
        if isinstance(wanted, dict) and set(wanted) == {"any_of"}:  # pyright: ignore[reportUnknownArgumentType]
            return any(self._same(one, got) for one in wanted["any_of"])  # pyright: ignore[reportUnknownVariableType]
        if self.normalise_texts and isinstance(wanted, str) and isinstance(got, str):
            return normalised(wanted) == normalised(got)
        return bool(wanted == got) and isinstance(wanted, bool) == isinstance(got, bool)


def _wanted(case: Case) -> list[Wanted]:
    given = case.details.get("tool_calls")
    if given is None:
        raise ValueError(
            f"case {case.id}: details.tool_calls is missing ([] when none is to be called)"
        )
    try:
        return msgspec.convert(given, list[Wanted])
    except msgspec.ValidationError as error:
        raise ValueError(f"case {case.id}: details.tool_calls: {error}") from None


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


plugin = ToolCallsScorer
