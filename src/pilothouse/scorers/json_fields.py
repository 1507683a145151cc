"""Are the fields of a JSON answer right, each by its own rule? The value is the share of fields that are."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._json_in import json_in
from pilothouse.scorers._words import normalised

Rule = Literal["exact", "normalised", "number", "set", "ignore"]
_MISSING = object()


class JsonFieldsScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`expected` (JSON text) or `details.fields` holds what is wanted. Dots reach into objects."""

    rules: dict[str, Rule] = {}
    """By field; `default` for the others."""
    default: Rule = "normalised"
    tolerance: Decimal = Decimal(0)
    """For numbers."""
    no_others: bool = False
    """A field that nobody asked for makes the answer lose one more."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` when no fields are expected."""
        _wanted(case)

    def score(self, given: Given, case: Case) -> Grade:
        """A part for each field."""
        wanted = {k: v for k, v in _wanted(case).items() if self._rule(k) != "ignore"}
        try:
            found = json_in(given.text)
        except ValueError as error:
            return Grade(value=0.0, detail=str(error)[:300], parts=dict.fromkeys(wanted, 0.0))
        parts = {k: float(self._is_right(k, v, _at(found, k))) for k, v in wanted.items()}
        count = len(parts)
        wrong = [k for k, right in parts.items() if not right]
        if self.no_others and isinstance(found, dict):
            known = {k.partition(".")[0] for k in _wanted(case)}
            more = [k for k in cast(dict[str, Any], found) if k not in known]
            count += len(more)
            wrong += [f"{k} (not asked for)" for k in more]
        value = sum(parts.values()) / count if count else 1.0
        return Grade(
            value=value, detail=f"wrong: {', '.join(wrong)}" if wrong else "all right", parts=parts
        )

    def _rule(self, field: str) -> Rule:
        return self.rules.get(field, self.default)

    def _is_right(self, field: str, wanted: Any, got: Any) -> bool:
        if got is _MISSING:
            return False
        rule = self._rule(field)
        if rule == "set" and isinstance(wanted, list) and isinstance(got, list):
            return {_text(x) for x in wanted} == {_text(x) for x in got}  # pyright: ignore[reportUnknownVariableType]
        if rule == "number" or (rule == "normalised" and _is_number(wanted)):
            one, other = _number(wanted), _number(got)
            return one is not None and other is not None and abs(one - other) <= self.tolerance
        if rule == "normalised":
            return _text(wanted) == _text(got)
        return bool(wanted == got)


def _wanted(case: Case) -> dict[str, Any]:
    fields = case.details.get("fields")
    if isinstance(fields, dict):
        return _flat(fields)  # pyright: ignore[reportUnknownArgumentType]
    try:
        found = msgspec.json.decode(case.expected or "")
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict) or not found:
        raise ValueError(
            f"case {case.id}: expected is no JSON object, and details.fields is missing"
        )
    return _flat(found)  # pyright: ignore[reportUnknownArgumentType]


def _flat(value: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            found |= _flat(inner, f"{at}{key}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            found[f"{at}{key}"] = inner
    return found


def _at(value: Any, field: str) -> Any:
    for key in field.split("."):
        if not isinstance(value, dict) or key not in value:
            return _MISSING
        value = value[key]  # pyright: ignore[reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


def _text(value: Any) -> str:
    return normalised(value) if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).replace(",", "").strip().strip("$€£%").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


plugin = JsonFieldsScorer
