"""From a document's `{number: {take: last}}` to a scorer and the name a report gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from pilothouse import registry
from pilothouse.core.errors import InvalidInput, NotFound, did_you_mean
from pilothouse.core.grade import AskingScorer, Scorer

Options = dict[str, Any]
AnyScorer = Scorer | AskingScorer


def choose_scorer(given: dict[str, Options], folder: Path = Path()) -> tuple[str, AnyScorer]:
    """Its file options are found from `folder`. Raises `InvalidInput` (without a place: `place` gives it)."""
    if len(given) != 1:
        raise InvalidInput("name one scorer, e.g. {number: {take: last}}")
    [(name, options)] = given.items()
    try:
        plugin = registry.plugin("scorers", name)
        unknown = [key for key in options if key not in plugin.__struct_encode_fields__]
        if unknown:
            hint = did_you_mean(unknown[0], plugin.__struct_encode_fields__)
            raise InvalidInput(f'unknown option "{unknown[0]}".{hint}')
        scorer = msgspec.convert(options, plugin, strict=False)
        if hasattr(scorer, "anchored"):
            scorer = scorer.anchored(folder)
    except (NotFound, msgspec.ValidationError, ModuleNotFoundError) as error:
        raise InvalidInput(_said(name, error)) from None
    inner = ", ".join(f"{k}: {v}" for k, v in options.items())
    return (f"{name} ({inner})" if inner else name), scorer


def looking_scorer(given: dict[str, Options], folder: Path = Path()) -> tuple[str, Scorer]:
    """As `choose_scorer`, one that asks no model. Raises `InvalidInput`."""
    name, scorer = choose_scorer(given, folder)
    if is_asking(scorer):
        raise InvalidInput(f"{name} asks a model, and here no model can be asked")
    return name, scorer  # type: ignore[return-value]


def is_asking(scorer: AnyScorer) -> bool:
    """Whether it needs models to grade."""
    return hasattr(scorer, "grade")


def asked_judges(scorer: AnyScorer) -> tuple[str, ...]:
    """The names of the judges that it asks."""
    asks = getattr(scorer, "asks", None)
    return () if asks is None else asks()


def place(where: str, given: dict[str, Options]) -> str:
    """The key path that an error of `choose_scorer` is about."""
    return f"{where}.{next(iter(given))}" if len(given) == 1 else where


def _said(name: str, error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            f'the scorer "{name}" needs {error.name}, which is not installed: '
            "pip install 'pilothouse[prove]'"
        )
    return str(error)
