"""A value that cannot be printed by accident, and how to take it out of other people's messages."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from typing import NoReturn
from urllib.parse import quote

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*")
_LONGEST_NAME = 64
_LEAST_ENCODED = 12
"""Shorter pieces of base64 stand in other words by chance."""


class Secret:
    """Wraps a key. `str`, `repr`, formatting and pickling never show it; `reveal` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` with every occurrence of the value replaced by `***`, also as JSON, URLs and base64 write it."""
        if not self._value:
            return text
        text = text.replace(self._value, "***")
        for form in _encoded(self._value):
            text = text.replace(form, "***")
        return text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


def _encoded(value: str) -> set[str]:
    """Other spellings, among them what base64 makes of the value at each place within a longer text."""
    found = {json.dumps(value)[1:-1], quote(value), quote(value, safe="")} - {value}
    data = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        if end - start >= _LEAST_ENCODED:
            whole = bytes(before) + data
            found |= {code(whole)[start:end].decode() for code in (b64encode, urlsafe_b64encode)}
    return found


def not_set(name: str) -> str:
    """That an environment variable is missing. Whoever wrote the key itself where its variable's name belongs
    is told so, and it is not repeated.
    """
    if len(name) <= _LONGEST_NAME and _VARIABLE.fullmatch(name):
        return f"the environment variable {name} is not set"
    return (
        "this is no name of an environment variable (is it the key itself? Then put it into the environment, "
        "and its variable's name here)"
    )
