"""Which column of a table is which field of a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

import msgspec

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.prove.cases.case_line import FIELDS, CaseLine
from pilothouse.prove.cases.found import Note

_ALIASES = {"prompt": ("question", "input"), "expected": ("answer", "target")}
_LISTS = {"accepted": "|", "choices": "|", "tags": ",", "then": "|", "images": ","}
_JSON = ("messages", "tools", "variables", "details")
_TRUE = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_NEAR = 0.8


class Columns:
    """The columns of one table, settled once, and applied to every row.

    `fields` maps our names to columns (`answers.text` reaches into nested ones). Other columns become
    variables of the prompt template, where they hold text, numbers or truth.
    """

    def __init__(
        self, columns: Sequence[str], fields: Mapping[str, str], *, may_alias: bool = True
    ) -> None:
        """Raises `InvalidInput` when a name is unknown, or when it is not plain which column is meant."""
        self.notes: list[str] = []
        self._from = {name: _settled(name, column, columns) for name, column in fields.items()}
        taken = {path[0] for path in self._from.values()}
        for name in FIELDS:
            if name not in self._from and name in columns and name not in taken:
                self._from[name] = (name,)
        if may_alias:
            self._alias(columns)
        taken = {path[0] for path in self._from.values()}
        self._rest = [column for column in columns if column not in taken]
        if may_alias and not fields:
            self._refuse_near_names()
        if "prompt" not in self._from and "messages" not in self._from and may_alias:
            raise InvalidInput(
                f"no column is the prompt (there are: {', '.join(columns)}): rename one to `prompt`, "
                "or say `fields: {prompt: COLUMN}`"
            )

    def tell(self, file: str, note: Note) -> None:
        """Say which names were taken for others."""
        for text in self.notes:
            note(f"{file}: {text}")

    def line(self, row: Mapping[str, Any]) -> CaseLine:
        """Raises `InvalidInput` with the column at fault."""
        given: dict[str, Any] = {}
        for name, path in self._from.items():
            value = _reached(row, path)
            if value is None:
                continue
            try:
                value = _READ.get(name, _as_is)(value, name)
            except ValueError as error:
                raise InvalidInput(f"{'.'.join(path)}: {error}") from None
            if value is not None:
                given[name] = value
        rest = {c: row[c] for c in self._rest if isinstance(row.get(c), str | int | float | bool)}
        if rest:
            given["variables"] = {**rest, **given.get("variables", {})}
        try:
            return msgspec.convert(given, CaseLine)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"not a case: {error}") from None

    def _alias(self, columns: Sequence[str]) -> None:
        for name, others in _ALIASES.items():
            if name in self._from or (name == "prompt" and "messages" in self._from):
                continue
            there = [column for column in others if column in columns]
            if len(there) > 1:
                raise InvalidInput(
                    f"the {name} may be the column {' or '.join(there)}: "
                    f"say which with `fields: {{{name}: {there[0]}}}`"
                )
            if there:
                self._from[name] = (there[0],)
                self.notes.append(f"the column `{there[0]}` is read as `{name}`")

    def _refuse_near_names(self) -> None:
        for column in self._rest:
            missing = [name for name in FIELDS if name not in self._from]
            near = get_close_matches(column, missing, n=1, cutoff=_NEAR)
            if near:
                raise InvalidInput(
                    f'unknown column "{column}". Did you mean "{near[0]}"? '
                    "(Else say under `fields:` which columns are meant.)"
                )


def _settled(name: str, column: str, columns: Sequence[str]) -> tuple[str, ...]:
    if name not in FIELDS:
        raise InvalidInput(
            f'fields: unknown field "{name}".{did_you_mean(name, FIELDS)} Known: {", ".join(FIELDS)}'
        )
    if column in columns:
        return (column,)
    first, *rest = column.split(".")
    if first not in columns or not rest:
        hint = did_you_mean(column, columns)
        there = ", ".join(columns)
        raise InvalidInput(
            f'fields.{name}: no column "{column}".{hint} The columns there are: {there}'
        )
    return (first, *rest)


def _reached(row: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = row.get(path[0])
    for step in path[1:]:
        if isinstance(value, str) and value.startswith(("{", "[")):
            value = _json(value, step)
        if isinstance(value, list):
            listed = cast("list[Any]", value)
            value = listed[int(step)] if step.isdecimal() and int(step) < len(listed) else None
        elif isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        else:
            return None
    return value


def _as_is(value: Any, name: str) -> Any:
    return value


def _text(value: Any, name: str) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _one(value: Any, name: str) -> Any:
    """A list of one is that one: Hugging Face's `answers.text` is often a list."""
    if isinstance(value, list):
        listed = cast("list[Any]", value)
        if len(listed) != 1:
            raise ValueError(f"a list of {len(listed)}, where one text is wanted")
        return listed[0]
    return value


def _optional(value: Any, name: str) -> Any:
    return None if value == "" else _text(value, name)


def _listed(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _json(value, name)
    split = value.replace(";", ",") if _LISTS[name] == "," else value
    return [part.strip() for part in split.split(_LISTS[name]) if part.strip()]


def _context(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return _json(value, name) if value.startswith('["') else (value or None)
    return value


def _json(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from None


def _truth(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    if value == "":
        return None
    if value.strip().lower() not in _TRUE:
        raise ValueError(f'"{value}" is neither true nor false')
    return _TRUE[value.strip().lower()]


_READ: dict[str, Callable[[Any, str], Any]] = {
    "prompt": _text,
    "expected": _one,
    "id": _optional,
    "cluster": _optional,
    "context": _context,
    "synthetic": _truth,
    **dict.fromkeys(_LISTS, _listed),
    **dict.fromkeys(_JSON, _json),
}
