"""A value that cannot be printed by accident, and how to take it out of other people's messages."""

from __future__ import annotations

from typing import NoReturn


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
