"""A checked condition to a function of facts. Closures only: no text is ever run as code.

No function made here raises, whatever the facts hold, as long as they are of their declared kinds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from pilothouse.core.facts import Facts
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
)

Get = Callable[[Facts], Any]
_INF = float("inf")
_LARGEST = 10**300
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ATTRIBUTE = {"key.id": "key_id", "key.team": "team"}


def compiled(node: Node) -> Callable[[Facts], bool]:
    """True or false for every request. `node` has passed `types.check`."""
    return _closure(node)


def value_of(node: Node) -> Get:
    """The value of any node; None = absent."""
    return _closure(node)


def _closure(node: Node) -> Get:
    match node:
        case Constant():
            return _constant(node.value)
        case Name():
            return _fact(node.path)
        case Has():
            return _is_known(_fact(node.name.path))
        case And() | Or():
            return _joined(node)
        case Not():
            return _negated(_closure(node.of))
        case Compared():
            return _compared(node)
        case In():
            return _member(_closure(node.item), frozenset(node.choices.values))
        case Called():
            return _called(node)
        case _:
            return _arithmetic(node)


def _arithmetic(node: Sum | Negative | Size | Number) -> Get:
    match node:
        case Sum():
            return _sum(node.op, _real(node.left), _real(node.right))
        case Negative():
            return _sum("-", lambda facts: 0.0, _real(node.of))
        case Size():
            return _size(_closure(node.of))
        case Number():
            return _number(_closure(node.of))


def _constant(value: Any) -> Get:
    return lambda facts: value


def _fact(path: str) -> Get:
    first, _, rest = path.partition(".")
    if first == "metadata":
        return lambda facts: facts.metadata.get(rest)
    return operator.attrgetter(_ATTRIBUTE.get(path, path))


def _is_known(get: Get) -> Get:
    return lambda facts: get(facts) is not None


def _negated(get: Get) -> Get:
    return lambda facts: not get(facts)


def _joined(node: And | Or) -> Get:
    parts = [_closure(part) for part in node.parts]
    first, second = parts[0], parts[1]
    is_and = isinstance(node, And)
    if len(parts) == 2 and is_and:
        return lambda facts: bool(first(facts) and second(facts))
    if len(parts) == 2:
        return lambda facts: bool(first(facts) or second(facts))
    every = all if is_and else any
    return lambda facts: every([part(facts) for part in parts])


def _compared(node: Compared) -> Get:
    compare = _COMPARE[node.op]
    left, right = _closure(node.left), _closure(node.right)
    is_unequal = node.op == "!="
    if isinstance(node.right, Constant):
        constant = node.right.value

        def with_constant(facts: Facts) -> bool:
            value = left(facts)
            return is_unequal if value is None else compare(value, constant)

        return with_constant

    def with_both(facts: Facts) -> bool:
        a, b = left(facts), right(facts)
        if a is None or b is None:
            return is_unequal  # absent equals nothing, not even another absent value
        return compare(a, b)

    return with_both


def _member(get: Get, choices: frozenset[Any]) -> Get:
    return lambda facts: get(facts) in choices  # None is never one of them


def _real(node: Node) -> Get:
    get = _closure(node)

    def real(facts: Facts) -> float | None:
        value = get(facts)
        if value is None:
            return None
        if -_LARGEST < value < _LARGEST:
            return float(value)
        return value if isinstance(value, float) else _INF if value > 0 else -_INF

    return real


def _sum(op: str, left: Get, right: Get) -> Get:
    combine: Callable[[float, float], float]
    combine = {"+": operator.add, "-": operator.sub, "*": operator.mul}[op]

    def sum_of(facts: Facts) -> float | None:
        a, b = left(facts), right(facts)
        return None if a is None or b is None else combine(a, b)

    return sum_of


def _size(get: Get) -> Get:
    def size(facts: Facts) -> int | None:
        value = get(facts)
        return None if value is None else len(value)

    return size


def _number(get: Get) -> Get:
    def number(facts: Facts) -> float | None:
        value = get(facts)
        if value is None or len(value) > 40:
            return None
        try:
            return float(value)
        except ValueError:
            return None

    return number


def _called(node: Called) -> Get:
    of = _closure(node.of)
    if node.argument is None:

        def lower(facts: Facts) -> str | None:
            value = of(facts)
            return None if value is None else value.lower()

        return lower
    argument = _closure(node.argument)
    test: Callable[[str, str], bool]
    test = {
        "startsWith": str.startswith,
        "endsWith": str.endswith,
        "contains": operator.contains,
    }[node.method]

    def called(facts: Facts) -> bool:
        a, b = of(facts), argument(facts)
        return False if a is None or b is None else test(a, b)

    return called
