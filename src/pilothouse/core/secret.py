"""A value that cannot be printed by accident, and how to take it out of other people's messages."""

from __future__ import annotations

import re
from typing import NoReturn

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*|[a-z_][a-z0-9_]*")
_LONGEST_NAME = 64


class Secret:
    """Wraps a key. `str`, `repr`, formatting and pickling never show it; `reveal` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` with every occurrence of the value replaced by `***`."""
        return text.replace(self._value, "***") if self._value else text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


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
