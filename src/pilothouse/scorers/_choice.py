"""From a document's `{number: {take: last}}` to a scorer and the name a report gives it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from pilothouse import registry
from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean

Options = dict[str, Any]


class Scorer(Protocol):
    """From an answer's text to a value in 0-1 and what was read."""

    def score(self, text: str, case: Case) -> tuple[float, str]: ...


def choose_scorer(given: dict[str, Options]) -> tuple[str, Scorer]:
    """Raises `InvalidInput` (without a place: `place` gives it)."""
    if len(given) != 1:
        raise InvalidInput("name one scorer, e.g. {number: {take: last}}")
    [(name, options)] = given.items()
    try:
        plugin = registry.plugin("scorers", name)
        unknown = [key for key in options if key not in plugin.__struct_fields__]
        if unknown:
            hint = did_you_mean(unknown[0], plugin.__struct_fields__)
            raise InvalidInput(f'unknown option "{unknown[0]}".{hint}')
        scorer = msgspec.convert(options, plugin, strict=False)
    except (NotFound, msgspec.ValidationError) as error:
        raise InvalidInput(str(error)) from None
    inner = ", ".join(f"{k}: {v}" for k, v in options.items())
    return (f"{name} ({inner})" if inner else name), scorer


def place(where: str, given: dict[str, Options]) -> str:
    """The key path that an error of `choose_scorer` is about."""
    return f"{where}.{next(iter(given))}" if len(given) == 1 else where
