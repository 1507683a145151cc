"""Rules that can never be asked or never match: found without trying requests.

Sound, not complete: what is found is certain, and some cases are not found (they would need a solver).
"""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.core.rules.syntax import (
    And,
    Compared,
    Constant,
    In,
    Name,
    Negative,
    Node,
    Not,
    Or,
    written,
)

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"==": "!=", "!=": "=="}


def unreachable(node: Node, earlier: Sequence[tuple[str, Node]]) -> str | None:
    """Why a rule never matches after `earlier` (name and condition); None when it may."""
    inward = _inward(node)
    if _is_never(inward):
        return "it is never true"
    for name, before in earlier:
        if _implies(inward, _inward(before), {}):
            same = "is the same" if before == node else "matches every request that this one would"
            return f'the earlier rule "{name}" {same}: `{written(before)}`'
    return None


def _inward(node: Node, *, is_negated: bool = False) -> Node:
    """The same with every `!` right before what is neither `&&`, `||` nor `!`."""
    match node:
        case Not():
            return _inward(node.of, is_negated=not is_negated)
        case And() | Or():
            parts = tuple([_inward(part, is_negated=is_negated) for part in node.parts])
            return And(parts) if isinstance(node, And) is not is_negated else Or(parts)
        case Constant() if is_negated:
            return Constant(not node.value)
        case _:
            return Not(node) if is_negated else node


def _is_never(node: Node) -> bool:
    """Whether nothing can make it true."""
    match node:
        case Constant():
            return node.value is False
        case Or():
            return all(_is_never(part) for part in node.parts)
        case And():
            parts = node.parts
            return any(_is_never(p) for p in parts) or any(
                _excludes(a, b) for i, a in enumerate(parts) for b in parts[i + 1 :]
            )
        case _:
            return False


def _implies(a: Node, b: Node, known: dict[tuple[int, int], bool]) -> bool:
    """Whether `a` being true makes `b` true. `known` keeps what was answered, so that the work is |a| x |b|."""
    key = (id(a), id(b))
    if key not in known:
        known[key] = False
        known[key] = _implies_anew(a, b, known)
    return known[key]


def _implies_anew(a: Node, b: Node, known: dict[tuple[int, int], bool]) -> bool:
    if a == b or (isinstance(b, Constant) and b.value is True):
        return True
    if isinstance(a, Or):
        return all(_implies(part, b, known) for part in a.parts)
    if isinstance(b, And):
        return all(_implies(a, part, known) for part in b.parts)
    if isinstance(a, And) and any(_implies(part, b, known) for part in a.parts):
        return True
    if isinstance(b, Or):
        return any(_implies(a, part, known) for part in b.parts)
    if isinstance(b, Not):
        return _excludes(a, b.of)
    return _atom_implies(a, b)


def _atom_implies(a: Node, b: Node) -> bool:
    """For comparisons of one fact with constants."""
    left, right = _bound(a), _bound(b)
    if left is None or right is None or left[0] != right[0]:
        return False
    (_, op_a, values_a), (_, op_b, values_b) = left, right
    if op_a == "==":
        return all(_holds(value, op_b, values_b) for value in values_a)
    if op_a == "!=" or op_b in ("==", "!="):
        is_outside = op_b == "!=" and op_a != "!="
        return is_outside and not any(_holds(value, op_a, values_a) for value in values_b)
    x, y = values_a[0], values_b[0]
    if op_a[0] != op_b[0]:
        return False
    if x == y:
        return op_a == op_b or op_b in ("<=", ">=")
    return (x > y) if op_a[0] == ">" else (x < y)  # type: ignore[operator]


def _excludes(a: Node, b: Node) -> bool:
    """Whether both can never be true of one request."""
    if a == Not(b) or b == Not(a):
        return True
    left, right = _bound(a), _bound(b)
    if left is None or right is None or left[0] != right[0]:
        return False
    (_, op_a, values_a), (_, op_b, values_b) = left, right
    if op_a == "==":
        return not any(_holds(value, op_b, values_b) for value in values_a)
    if op_b == "==":
        return not any(_holds(value, op_a, values_a) for value in values_b)
    if "!=" in (op_a, op_b) or op_a[0] == op_b[0]:
        return False
    low, high = (values_a[0], values_b[0]) if op_a[0] == ">" else (values_b[0], values_a[0])
    is_open = len(op_a) == 1 or len(op_b) == 1
    return low > high or (low == high and is_open)  # type: ignore[operator]


def _bound(node: Node) -> tuple[str, str, tuple[float | str, ...]] | None:
    """Fact, sign and constants of `fact < 5`, `5 > fact`, `fact in [..]`, `fact`, `!fact`; None otherwise."""
    match node:
        case In(item=Name(path=path), choices=choices):
            return path, "==", choices.values
        case Compared(op=op, left=left, right=right):
            if isinstance(left, Name) and (value := _constant(right)) is not None:
                return left.path, op, (value,)
            if isinstance(right, Name) and (value := _constant(left)) is not None:
                return right.path, _TURNED[op], (value,)
            return None
        case Name(path=path):
            return path, "==", (True,)
        case Not(of=Name(path=path)):
            return path, "==", (False,)
        case Not(of=inner) if isinstance(inner, Compared | In):
            bound = _bound(inner)
            if bound is None or bound[1] not in _OPPOSITE:
                return None
            opposite = _OPPOSITE[bound[1]]
            # "not one of several" is not a single comparison, and "equal to one of none" neither.
            return (bound[0], opposite, bound[2]) if len(bound[2]) == 1 else None
        case _:
            return None


def _constant(node: Node) -> float | str | None:
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Negative) and isinstance(node.of, Constant):
        value = node.of.value
        return None if isinstance(value, str) else -value
    return None


def _holds(value: float | str, op: str, values: tuple[float | str, ...]) -> bool:
    """Whether `value op constant` is true; of several constants, for equality: any."""
    if op == "==":
        return value in values
    if op == "!=":
        return value not in values
    limit = values[0]
    if isinstance(value, str) or isinstance(limit, str):
        # Texts have an order too; mixed kinds were refused before.
        order = (str(value) > str(limit)) - (str(value) < str(limit))
    else:
        order = (value > limit) - (value < limit)
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[op]
