"""Placeholders: the same value has the same name within one request, and each gets its value back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pilothouse.core.guard import Where
from pilothouse.guards._pii_find import PiiKind

PLACEHOLDER = re.compile(r"<[A-Z]{2,8}_\d{1,6}>")
_OPEN = re.compile(r"<(?:[A-Z]{1,8}(?:_\d{0,6})?)?\Z")


class Names:
    """Gives placeholders while one request, or one answer, is read. `taken` are words that stand there already."""

    def __init__(self, taken: frozenset[str], kept: Mapping[str, str]) -> None:
        self._taken = taken
        self._counts: dict[PiiKind, int] = {}
        self._by_value = {value: name for name, value in kept.items()}
        self.values = dict(kept)
        """By placeholder."""

    def name(self, value: str, kind: PiiKind) -> str:
        """`<EMAIL_1>` for the first address, and again for the same one."""
        known = self._by_value.get(value)
        if known is not None:
            return known
        while True:
            self._counts[kind] = count = self._counts.get(kind, 0) + 1
            name = f"<{kind.upper()}_{count}>"
            if name not in self._taken and name not in self.values:
                break
        self._by_value[value] = name
        self.values[name] = value
        return name


def restored(text: str, values: Mapping[str, str], where: Where) -> str:
    """`text` with every placeholder of `values` given its value back."""
    if "<" not in text:
        return text
    return PLACEHOLDER.sub(lambda match: _value(match[0], values, where), text)


class Restore:
    """`restored` for text in pieces: what may be the beginning of a placeholder waits."""

    def __init__(self, values: Mapping[str, str], where: Where) -> None:
        self._values = values
        self._where: Where = where
        self._held = ""

    def put(self, text: str) -> str:
        """More text."""
        whole = self._held + text
        last = whole.rfind("<")
        cut = last if last != -1 and _OPEN.match(whole, last) else len(whole)
        self._held = whole[cut:]
        return restored(whole[:cut], self._values, self._where)

    def end(self) -> str:
        """No more comes."""
        held, self._held = self._held, ""
        return held


def _value(name: str, values: Mapping[str, str], where: Where) -> str:
    value = values.get(name, name)
    return json.dumps(value, ensure_ascii=False)[1:-1] if where == "arguments" else value
