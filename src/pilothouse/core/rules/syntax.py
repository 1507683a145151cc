"""The words of a condition as values, and back to text with no more brackets than needed."""

from __future__ import annotations

from typing import Literal as Only

from msgspec import Struct

Compare = Only["==", "!=", "<", "<=", ">", ">="]
Method = Only["startsWith", "endsWith", "contains", "lower"]
METHODS: tuple[Method, ...] = ("startsWith", "endsWith", "contains", "lower")


class Constant(Struct, frozen=True, tag=True):
    """A value written out."""

    value: bool | int | float | str


class Several(Struct, frozen=True, tag=True):
    """A list of values, right of `in`."""

    values: tuple[int | float | str, ...]


class Name(Struct, frozen=True, tag=True):
    """A fact: `input_tokens`, `key.team`, `metadata.tier`."""

    path: str


class Has(Struct, frozen=True, tag=True):
    """Whether a fact is known."""

    name: Name


class Size(Struct, frozen=True, tag=True):
    """Characters of a text."""

    of: Node


class Number(Struct, frozen=True, tag=True):
    """A text as a number; absent when it is none."""

    of: Node


class Called(Struct, frozen=True, tag=True):
    """A method of a text."""

    of: Node
    method: Method
    argument: Node | None = None


class Negative(Struct, frozen=True, tag=True):
    """`-x`."""

    of: Node


class Sum(Struct, frozen=True, tag=True):
    """`a + b`, `a - b`, `a * b`."""

    op: Only["+", "-", "*"]
    left: Node
    right: Node


class Compared(Struct, frozen=True, tag=True):
    """`a < b` and its kin."""

    op: Compare
    left: Node
    right: Node


class In(Struct, frozen=True, tag=True):
    """`a in [b, c]`."""

    item: Node
    choices: Several


class Not(Struct, frozen=True, tag=True):
    """`!a`."""

    of: Node


class And(Struct, frozen=True, tag=True):
    """`a && b && ...`, at least two."""

    parts: tuple[Node, ...]


class Or(Struct, frozen=True, tag=True):
    """`a || b || ...`, at least two."""

    parts: tuple[Node, ...]


Node = (
    Constant | Name | Has | Size | Number | Called | Negative | Sum | Compared | In | Not | And | Or
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below."""
    match node:
        case And() | Or():
            return node.parts
        case Sum() | Compared():
            return (node.left, node.right)
        case In():
            return (node.item,)
        case Has():
            return (node.name,)
        case Called():
            return (node.of,) if node.argument is None else (node.of, node.argument)
        case Not() | Negative() | Size() | Number():
            return (node.of,)
        case _:
            return ()


def written(node: Node) -> str:
    """The text that reads as `node` again."""
    return _text(node, 0)


def quoted(text: str) -> str:
    """A text in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def value_text(value: bool | float | str) -> str:
    """A constant as it is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return quoted(value) if isinstance(value, str) else repr(value)


def _text(node: Node, outer: int) -> str:
    strength, text = _strength_and_text(node)
    return f"({text})" if strength < outer else text


def _strength_and_text(node: Node) -> tuple[int, str]:
    match node:
        case Or():
            return 1, " || ".join(_text(p, 2) for p in node.parts)
        case And():
            return 2, " && ".join(_text(p, 3) for p in node.parts)
        case Compared():
            return 3, f"{_text(node.left, 4)} {node.op} {_text(node.right, 4)}"
        case In():
            listed = ", ".join(value_text(v) for v in node.choices.values)
            return 3, f"{_text(node.item, 4)} in [{listed}]"
        case Sum(op="*"):
            return 5, f"{_text(node.left, 5)} * {_text(node.right, 6)}"
        case Sum():
            return 4, f"{_text(node.left, 4)} {node.op} {_text(node.right, 5)}"
        case Not():
            return 6, f"!{_text(node.of, 6)}"
        case Negative():
            return 6, f"-{_text(node.of, 6)}"
        case _:
            return 7, _call_text(node)


def _call_text(node: Node) -> str:
    match node:
        case Constant():
            return value_text(node.value)
        case Name():
            return node.path
        case Has():
            return f"has({node.name.path})"
        case Size():
            return f"size({_text(node.of, 0)})"
        case Number():
            return f"number({_text(node.of, 0)})"
        case Called():
            argument = "" if node.argument is None else _text(node.argument, 0)
            return f"{_text(node.of, 7)}.{node.method}({argument})"
        case _:
            raise AssertionError(node)
