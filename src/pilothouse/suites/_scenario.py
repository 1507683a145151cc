"""Benchmarks of your own by configuration, in the manner of HELM's scenarios: a file of items, which field is what, the
words around them, examples before them, and a scorer. No code.

    title: Contract clauses
    items: clauses.jsonl
    instructions: "Name the kind of clause."
    question: "{text}"
    expected: kind
    shots: 2                      # the first items are shown as examples and not asked
    scorer: {classification: {labels: [indemnity, warranty]}}
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from pilothouse.core.case import Case
from pilothouse.core.errors import InvalidInput
from pilothouse.documents.strict import load
from pilothouse.suites._suite import Protocol, Suite
from pilothouse.suites._tables import field, rows

SCENARIO = "scenario:"


class ScenarioFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as written."""

    title: str
    items: str
    question: str
    """With `{field}` of the items."""
    expected: str
    """The field that holds the right answer; a list is several right ones."""
    scorer: dict[str, dict[str, Any]]
    instructions: str = ""
    about: str = ""
    choices: str | None = None
    """The field that holds options."""
    tags: list[str] = []
    """Fields whose values become tags."""
    shots: Annotated[int, Meta(ge=0, le=50)] = 0
    licence: str = "yours"


def scenario(path: Path) -> Suite:
    """Raises `InvalidInput` with file, line and key."""
    document = load(path, ScenarioFile)
    file = document.value
    try:
        names = [n for _, n, _, _ in string.Formatter().parse(file.question) if n is not None]
    except ValueError as error:
        raise document.error("question", f"not a template: {error}") from None
    if not names:
        raise document.error("question", "it names no field of the items")

    def read(folder: Path) -> Iterator[Case]:
        return _cases(file, folder / file.items)

    return Suite(
        title=file.title,
        about=file.about or file.title,
        measures="what its author chose to measure",
        licence=file.licence,
        source=str(path),
        protocol=Protocol(
            name=f"{file.title} {file.shots}-shot",
            shots=file.shots,
            is_chain_of_thought=False,
            extraction=f"as the scorer {next(iter(file.scorer), '?')} reads it",
        ),
        read=read,
        scorers={"accuracy": file.scorer},
        fetch_hint=f"{file.items} beside {path.name}",
    )


def _cases(file: ScenarioFile, items: Path) -> Iterator[Case]:
    shown = f"{file.instructions}\n\n" if file.instructions else ""
    for number, (place, row) in enumerate(rows(items, "", f"{items} is named by the scenario.")):
        question = _question(file.question, row, place)
        expected = field(row, place, file.expected)
        right = [str(e) for e in expected] if isinstance(expected, list) else [str(expected)]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        if not right:
            raise InvalidInput(f"{place}: {file.expected} is an empty list")
        if number < file.shots:
            shown += f"{question}\n{right[0]}\n\n"
            continue
        options = field(row, place, file.choices) if file.choices else ()
        yield Case(
            id=str(row.get("id", number)),
            prompt=f"{shown}{question}",
            expected=right[0],
            accepted=tuple(right[1:]),
            choices=tuple(str(o) for o in options),
            tags=tuple(str(field(row, place, name)) for name in file.tags),
        )


def _question(template: str, row: dict[str, Any], place: str) -> str:
    try:
        return template.format(**row)
    except (KeyError, IndexError) as error:
        raise InvalidInput(
            f"{place}: no field {error} for the question (there are: {', '.join(row)})"
        ) from None
