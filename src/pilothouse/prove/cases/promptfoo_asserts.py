"""promptfoo's assertions as what our scorers grade by, and a count of those that none of them grades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from pilothouse.core.errors import InvalidInput

_ANSWERS = {
    "equals": "exact",
    "contains": "contains",
    "icontains": "contains",
    "contains-any": "contains",
    "icontains-any": "contains",
}
"""Type to the scorer that asks the same of `expected`; the order in which one of a test becomes it."""
_OPTIONS = {"regex": "regex", "is-json": "json_schema"}
"""Type to the scorer that asks the same once its options are written."""


class Assertions:
    """Reads them test by test and counts their types over a file."""

    def __init__(self) -> None:
        self._graded: Counter[str] = Counter()
        self._ungraded: Counter[str] = Counter()

    def read(self, given: list[Any], fill: Callable[[str], str]) -> dict[str, Any]:
        """`expected`, `accepted` and `details` of a case. `fill` puts variables into a value.

        Raises `InvalidInput` with the assertion at fault.
        """
        kept: list[dict[str, Any]] = []
        for i, assertion in enumerate(_flat(given)):
            one = dict(cast("dict[str, Any]", assertion)) if isinstance(assertion, dict) else {}
            kind = one.get("type")
            if not isinstance(kind, str):
                raise InvalidInput(f"assert[{i}]: an assertion is a mapping with `type`")
            if (kind in _ANSWERS or kind in _OPTIONS) and "value" in one:
                one["value"] = _filled(one["value"], fill)
            if kind == "equals" and not isinstance(one.get("value"), str | int | float):
                raise InvalidInput(f"assert[{i}]: `equals` needs a text or a number as its value")
            kept.append(one)
        main = next((one for kind in _ANSWERS for one in kept if one["type"] == kind), None)
        answers = [] if main is None else _answers(main)
        for one in kept:
            if one is main:
                self._graded[one["type"]] += 1
            else:
                self._ungraded[one["type"]] += 1
        row: dict[str, Any] = {"details": {"promptfoo": kept}} if kept else {}
        if answers:
            row["expected"], row["accepted"] = answers[0], answers[1:]
        return row

    def notes(self) -> list[str]:
        """A sentence for each type. Of several in one test only one can be `expected`, as all must hold."""
        said = [
            f"{count} assertions `{kind}` are `expected`: the scorer `{_ANSWERS[kind]}` asks the same"
            for kind, count in sorted(self._graded.items())
        ]
        said += [self._not_graded(kind, count) for kind, count in sorted(self._ungraded.items())]
        return said

    def _not_graded(self, kind: str, count: int) -> str:
        if kind in _OPTIONS:
            why = f"want the scorer `{_OPTIONS[kind]}` with its options written"
        elif kind in _ANSWERS:
            why = (
                "stand beside the one that is `expected`, and promptfoo wants all of a test to hold"
            )
        else:
            why = "have no scorer that asks the same"
        return f"{count} assertions `{kind}` {why}: kept in details.promptfoo, graded by nothing"


def _flat(given: list[Any]) -> list[Any]:
    """Sets of assertions opened, one level, as promptfoo nests them."""
    flat: list[Any] = []
    for one in given:
        opened = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
        inner = opened.get("assert")
        if opened.get("type") == "assert-set" and isinstance(inner, list):
            flat.extend(cast("list[Any]", inner))
        else:
            flat.append(one)
    return flat


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, list):
        return [_filled(one, fill) for one in cast("list[Any]", value)]
    return value


def _answers(assertion: dict[str, Any]) -> list[Any]:
    value: Any = assertion.get("value")
    listed = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str | int | float)]
