"""A YAML file as a typed value: unknown keys, wrong types and missing keys are all named at once.

Every message is `file:line: key.path: what is wrong`, with the nearest known key where one is near.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar, Union

import msgspec
from msgspec import inspect

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.documents.hints import hint
from pilothouse.documents.yaml_nodes import Parsed, join, parse_yaml

T = TypeVar("T")
U = TypeVar("U")


class Document(Generic[T]):
    """A file that holds a `T`, and where in it each key stands."""

    def __init__(self, name: str, value: T, parsed: Parsed) -> None:
        self.name = name
        self.value = value
        self._parsed = parsed

    def line_of(self, path: str) -> int:
        """The 1-based line of a key path, or of its nearest parent that is written."""
        while path and path not in self._parsed.lines:
            path = path.rpartition("[" if path.endswith("]") else ".")[0]
        return self._parsed.lines.get(path, 1)

    def error(self, path: str, message: str) -> InvalidInput:
        """`file:line: key.path: message`, to be raised."""
        return InvalidInput(f"{self.name}:{self.line_of(path)}: {path}: {message}")

    def part(self, value: object, kind: type[U], path: str) -> U | list[InvalidInput]:
        """What stands at `path`, read as a `kind` that the rest of the document decided; or all its errors."""
        checker = _Checker(self.name, self._parsed)
        found = checker.converted(value, inspect.type_info(kind), path)
        if checker.problems:
            return [InvalidInput(problem) for problem in checker.problems]
        try:
            return msgspec.convert(found, kind)
        except msgspec.ValidationError as error:
            return [self.error(path, str(error))]


def load(path: Path, kind: type[T]) -> Document[T]:
    """Read `path` as a `kind` (a msgspec struct). Raises `InvalidInput`, all errors in one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidInput(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    return parse(text, kind, name=str(path))


def parse(text: str, kind: type[T], *, name: str) -> Document[T]:
    """As `load`, from text; `name` stands for the file in messages."""
    parsed = parse_yaml(text, name)
    checker = _Checker(name, parsed)
    value = checker.converted(parsed.value, inspect.type_info(kind), "")
    if checker.problems:
        raise InvalidInput("\n".join(checker.problems))
    try:
        return Document(name, msgspec.convert(value, kind), parsed)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{name}: {error}") from None


class _Checker:
    """Walks value and type together, because msgspec stops at the first error, without its key."""

    def __init__(self, name: str, parsed: Parsed) -> None:
        self.name = name
        self.parsed = parsed
        self.problems: list[str] = []

    def converted(self, value: Any, kind: inspect.Type, path: str) -> Any:
        """`value` with money as the text written; problems are collected."""
        kind = _member_for(value, kind)
        match kind:
            case inspect.StructType():
                return self._struct(value, kind, path)
            case inspect.DictType():
                if not isinstance(value, dict):
                    return self._wrong(path, "a mapping of names to values", value)
                items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
                return {
                    k: self.converted(v, kind.value_type, join(path, k)) for k, v in items.items()
                }
            case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
                if not isinstance(value, list):
                    return self._wrong(path, "a list", value)
                listed: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
                if kind.min_length is not None and len(listed) < kind.min_length:
                    self._problem(path, f"needs at least {kind.min_length} of its kind")
                return [
                    self.converted(v, kind.item_type, join(path, i)) for i, v in enumerate(listed)
                ]
            case inspect.DecimalType() if isinstance(value, int | float) and value is not True:
                value = self.parsed.texts[path].replace("_", "")
            case _:
                pass
        return self._leaf(value, kind, path)

    def _struct(self, value: Any, kind: inspect.StructType, path: str) -> Any:
        if not isinstance(value, dict):
            names = ", ".join(f.encode_name for f in kind.fields)
            return self._wrong(path, f"a mapping with the keys {names}", value)
        given: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        fields = {f.encode_name: f for f in kind.fields}
        out: dict[str, Any] = {}
        for key, item in given.items():
            if key not in fields:
                self._unknown(join(path, key), key, fields)
            else:
                out[key] = self.converted(item, fields[key].type, join(path, key))
        for field in kind.fields:
            if field.required and field.encode_name not in given:
                self._problem(path, f'the key "{field.encode_name}" is missing')
        return out

    def _leaf(self, value: Any, kind: inspect.Type, path: str) -> Any:
        try:
            msgspec.convert(value, _python_type(kind))
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            told = str(error).partition(" - at `$`")[0]
            self._problem(path, told + hint(value, kind))
        return value

    def _unknown(self, path: str, key: str, fields: dict[str, inspect.Field]) -> None:
        near = did_you_mean(key, fields) or f" Known here: {', '.join(fields)}."
        self._problem(path, f'unknown key "{key}".{near}')

    def _wrong(self, path: str, wanted: str, value: Any) -> Any:
        self._problem(path, f"expected {wanted}, got {_described(value)}")
        return value

    def _problem(self, path: str, message: str) -> None:
        line = self.parsed.lines.get(path, 1)
        where = f"{self.name}:{line}: {path}: " if path else f"{self.name}:{line}: "
        self.problems.append(where + message)


def _member_for(value: Any, kind: inspect.Type) -> inspect.Type:
    """The member of a union that fits the shape of `value`, or the union itself."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    if value is None and kind.includes_none:
        return inspect.NoneType()
    members = [t for t in kind.types if not isinstance(t, inspect.NoneType)]
    shapes: tuple[type, ...] = (inspect.StructType, inspect.DictType)
    if isinstance(value, list):
        shapes = (inspect.ListType, inspect.VarTupleType, inspect.SetType)
    if isinstance(value, dict | list):
        members = [t for t in members if isinstance(t, shapes)] or members
    return members[0] if len(members) == 1 else kind


def _python_type(kind: inspect.Type) -> Any:
    """The annotation a leaf came from; the few shapes our documents use."""
    match kind:
        case inspect.NoneType():
            return None
        case inspect.LiteralType():
            return Literal[kind.values]
        case inspect.EnumType() | inspect.CustomType():
            return kind.cls
        case inspect.UnionType():
            return Union[tuple(_python_type(t) for t in kind.types)]  # noqa: UP007
        case inspect.IntType() | inspect.FloatType():
            base = int if isinstance(kind, inspect.IntType) else float
            return _annotated(base, gt=kind.gt, ge=kind.ge, lt=kind.lt, le=kind.le)
        case inspect.StrType():
            return _annotated(
                str, min_length=kind.min_length, max_length=kind.max_length, pattern=kind.pattern
            )
        case _:
            return _SIMPLE.get(type(kind), Any)


def _annotated(base: type, **limits: Any) -> Any:
    given = {k: v for k, v in limits.items() if v is not None}
    return Annotated[base, msgspec.Meta(**given)] if given else base


def _described(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)


_SIMPLE: dict[type[inspect.Type], Any] = {
    inspect.BoolType: bool,
    inspect.DecimalType: Decimal,
    inspect.DateType: datetime.date,
    inspect.DateTimeType: datetime.datetime,
    inspect.TimeDeltaType: datetime.timedelta,
}
