"""promptfoo's assertions as what our scorers grade by, and a count of those that none of them grades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from pilothouse.core.errors import InvalidInput

_SAME = {
    "equals": "exact",
    "contains": "contains",
    "icontains": "contains",
    "contains-any": "contains",
    "icontains-any": "contains",
    "regex": "regex",
    "starts-with": "contains",
    "is-json": "json_schema",
}
"""Type to the scorer that asks the same of an answer."""
_WANTED = ("equals", "contains", "icontains", "contains-any", "icontains-any")
"""Types whose values are answers, in the order in which they become `expected`."""


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
            if kind in _SAME and "value" in one:
                one["value"] = _filled(one["value"], fill)
            if kind == "equals" and not isinstance(one.get("value"), str | int | float):
                raise InvalidInput(f"assert[{i}]: `equals` needs a text or a number as its value")
            (self._graded if kind in _SAME else self._ungraded)[kind] += 1
            kept.append(one)
        answers = [answer for kind in _WANTED for answer in _answers(kept, kind)]
        row: dict[str, Any] = {"details": {"promptfoo": kept}} if kept else {}
        if answers:
            row["expected"], row["accepted"] = answers[0], answers[1:]
        return row

    def notes(self) -> list[str]:
        """A sentence for each type."""
        said = [
            f"{count} assertions `{kind}` ask what the scorer `{_SAME[kind]}` asks"
            for kind, count in sorted(self._graded.items())
        ]
        said += [
            f"{count} assertions `{kind}` have no scorer that asks the same: "
            "they are kept in details.promptfoo and graded by nothing"
            for kind, count in sorted(self._ungraded.items())
        ]
        return said


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


def _answers(kept: list[dict[str, Any]], kind: str) -> list[Any]:
    found: list[Any] = []
    for one in kept:
        if one["type"] == kind:
            value = one.get("value")
            found += cast("list[Any]", value) if isinstance(value, list) else [value]
    return [value for value in found if isinstance(value, str | int | float)]
