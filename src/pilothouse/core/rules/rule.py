"""A rule: a condition as written, checked and ready to be asked."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.facts import Facts
from pilothouse.core.rules.closure import compiled, value_of
from pilothouse.core.rules.parse import parse
from pilothouse.core.rules.syntax import (
    And,
    Compared,
    In,
    Name,
    Node,
    Not,
    Or,
    children,
    value_text,
    written,
)
from pilothouse.core.rules.types import CONTENT_FACTS, check, names


class Rule(Struct, frozen=True, kw_only=True, eq=False):
    """A condition under a name people know it by."""

    name: str
    text: str
    """As written."""
    node: Node
    matches: Callable[[Facts], bool]
    """Never raises."""
    reads_content: bool
    """Whether it asks for what only the whole request says."""


def rule_of(text: str, *, name: str) -> Rule:
    """Raises `RuleError` with the place of what is wrong."""
    node = parse(text)
    check(node, text)
    asks = names(node)
    return Rule(
        name=name,
        text=text,
        node=node,
        matches=compiled(node),
        reads_content=bool(asks & CONTENT_FACTS),
    )


def why_not(node: Node, facts: Facts) -> str:
    """The part of a condition that did not hold, with the values that it met."""
    if isinstance(node, And):
        failed = next((part for part in node.parts if not compiled(part)(facts)), node.parts[0])
        return why_not(failed, facts)
    if isinstance(node, Or):
        return "; ".join(why_not(part, facts) for part in node.parts)
    met = [_met(name, facts) for name in _names_in_order(node)]
    if isinstance(node, Name):
        return met[0]
    if isinstance(node, Compared | In | Not):
        return f"`{written(node)}`: {', '.join(met)}" if met else f"`{written(node)}` is never true"
    return f"`{written(node)}` is not true" + (f": {', '.join(met)}" if met else "")


def _met(name: Name, facts: Facts) -> str:
    value = value_of(name)(facts)
    return f"{name.path} is {'not known' if value is None else value_text(value)}"


def _names_in_order(node: Node) -> list[Name]:
    if isinstance(node, Name):
        return [node]
    found = [name for child in children(node) for name in _names_in_order(child)]
    return list(dict.fromkeys(found))
