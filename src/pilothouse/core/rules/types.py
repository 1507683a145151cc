"""What facts there are and what kind each is; a condition that mixes kinds or misspells a fact is refused."""

from __future__ import annotations

from typing import Literal

from pilothouse.core.errors import did_you_mean
from pilothouse.core.rules.parse import RuleError
from pilothouse.core.rules.syntax import (
    And,
    Called,
    Compared,
    Constant,
    Has,
    In,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Or,
    Size,
    Sum,
    children,
    written,
)

Kind = Literal["truth", "number", "text"]

FACTS: dict[str, Kind] = {
    "model": "text",
    "stream": "truth",
    "dialect": "text",
    "subject": "text",
    "conversation": "text",
    "max_output_tokens": "number",
    "key.id": "text",
    "key.team": "text",
    "input_tokens": "number",
    "messages": "number",
    "has_tools": "truth",
    "has_images": "truth",
    "has_audio": "truth",
    "has_files": "truth",
    "has_code": "truth",
    "wants_json": "truth",
    "wants_thinking": "truth",
    "script": "text",
}
"""Beside these, `metadata.<anything>` is a text."""
CONTENT_FACTS = frozenset(list(FACTS)[list(FACTS).index("input_tokens") :])
"""What is only known once the whole request has been read."""
_A = {"truth": "true or false", "number": "a number", "text": "a text"}


def check(node: Node, text: str = "") -> None:
    """Raises `RuleError` unless `node` is true or false for every request. `text`: to find the place."""
    kind = _kind(node, text)
    if kind != "truth":
        raise _error(node, f"is {_A[kind]}, and a condition is true or false", text)


def names(node: Node) -> frozenset[str]:
    """The facts it asks for."""
    found = {node.path} if isinstance(node, Name) else set[str]()
    return frozenset(found.union(*(names(child) for child in children(node))))


def kind_of_fact(path: str) -> Kind | None:
    """None: there is no such fact."""
    first, dot, rest = path.partition(".")
    if first == "metadata" and dot and rest:
        return "text"
    return FACTS.get(path)


def _kind(node: Node, text: str) -> Kind:
    match node:
        case Constant():
            is_truth = isinstance(node.value, bool)
            return "truth" if is_truth else "text" if isinstance(node.value, str) else "number"
        case Name():
            return _known(node, text)
        case Has():
            _known(node.name, text)
            return "truth"
        case And() | Or():
            for part in node.parts:
                _must_be(part, "truth", text)
            return "truth"
        case Not():
            _must_be(node.of, "truth", text)
            return "truth"
        case Compared() | In():
            return _comparison(node, text)
        case Called():
            return _call(node, text)
        case Negative() | Sum() | Size() | Number():
            wanted: Kind = "text" if isinstance(node, Size | Number) else "number"
            for child in children(node):
                _must_be(child, wanted, text)
            return "number"


def _call(node: Called, text: str) -> Kind:
    _must_be(node.of, "text", text)
    if node.argument is None:
        return "text"
    _must_be(node.argument, "text", text)
    return "truth"


def _comparison(node: Compared | In, text: str) -> Kind:
    if isinstance(node, In):
        kind = _kind(node.item, text)
        for value in node.choices.values:
            is_fit = kind == ("text" if isinstance(value, str) else "number")
            if not is_fit:
                raise _error(node, f"compares {_A[kind]} with {value!r}", text)
        return "truth"
    left, right = _kind(node.left, text), _kind(node.right, text)
    if left != right:
        raise _error(node, f"compares {_A[left]} with {_A[right]}", text)
    if left == "truth" and node.op not in ("==", "!="):
        raise _error(node, "true and false have no order", text)
    return "truth"


def _known(node: Name, text: str) -> Kind:
    kind = kind_of_fact(node.path)
    if kind is None:
        hint = did_you_mean(node.path, FACTS)
        hint = hint or f" Known here: {', '.join(FACTS)}, metadata.NAME."
        raise RuleError(f'unknown fact "{node.path}".{hint}', max(0, text.find(node.path)))
    return kind


def _must_be(node: Node, wanted: Kind, text: str) -> None:
    kind = _kind(node, text)
    if kind != wanted:
        raise _error(node, f"is {_A[kind]}, and {_A[wanted]} is needed here", text)


def _error(node: Node, message: str, text: str) -> RuleError:
    shown = written(node)
    return RuleError(f"`{shown}` {message}", max(0, text.find(shown)))
