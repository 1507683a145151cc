"""Text to the words of a condition. Names and types are checked afterwards (`types.py`)."""

from __future__ import annotations

import re
from typing import NamedTuple, cast

from pilothouse.core.errors import InvalidInput, did_you_mean
from pilothouse.core.rules.syntax import (
    METHODS,
    And,
    Called,
    Compare,
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
    Several,
    Size,
    Sum,
    children,
)

MOST_CHARS = 2000
MOST_DEPTH = 40
_LARGEST = 2**53
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<sign>&&|\|\||[=!<>]=|[-+*<>!()\[\].,])"
    r"|(?P<end>\Z))"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_FUNCTIONS = ("has", "size", "number")
_INSTEAD = {
    "&": "&&",
    "|": "||",
    "=": "==",
    "and": "&&",
    "or": "||",
    "not": "!",
    "True": "true",
    "False": "false",
}


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class RuleError(InvalidInput):
    """A condition that cannot be used. `at` is the 0-based character at fault."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def parse(text: str) -> Node:
    """The condition that `text` says. Raises `RuleError`."""
    if len(text) > MOST_CHARS:
        raise RuleError(f"longer than {MOST_CHARS} characters: split it into several rules", 0)
    parser = _Parser(_tokens(text))
    node = parser.either()
    parser.expect_end()
    _check_depth(node)
    return node


def _check_depth(root: Node) -> None:
    """Chains (`a + b + c ...`) nest without brackets, and what reads them afterwards recurses."""
    level: tuple[Node, ...] = (root,)
    for _ in range(MOST_DEPTH):
        level = tuple(child for node in level for child in children(node))
        if not level:
            return
    raise RuleError(f"nested deeper than {MOST_DEPTH}: split it into several rules", 0)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            sign = text[start]
            instead = _INSTEAD.get(sign)
            hint = f' Did you mean "{instead}"?' if instead else ""
            if sign in "\"'":
                raise RuleError(f"the text that starts with {sign} has no end", start)
            raise RuleError(f'"{sign}" has no meaning here.{hint}', start)
        kind = match.lastgroup or "end"
        found.append(_Token(kind, match[kind], match.start(kind)))
        if kind == "end":
            return found
        at = match.end()


class _Parser:
    """Recursive descent, of bounded depth."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._i = 0
        self._depth = 0

    def either(self) -> Node:
        """`a || b`."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise RuleError(f"nested deeper than {MOST_DEPTH}", self._now.at)
        parts = [self._all()]
        while self._take("||"):
            parts.append(self._all())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def expect_end(self) -> None:
        """Nothing may follow."""
        token = self._now
        if token.kind != "end":
            instead = _INSTEAD.get(token.text)
            hint = f' Did you mean "{instead}"?' if instead else ""
            raise RuleError(f'"{token.text}" was not expected here.{hint}', token.at)

    @property
    def _now(self) -> _Token:
        return self._tokens[self._i]

    def _take(self, *signs: str) -> str | None:
        token = self._now
        if token.kind in ("sign", "word") and token.text in signs:
            self._i += 1
            return token.text
        return None

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            got = f'"{self._now.text}"' if self._now.text else "the end"
            raise RuleError(f'expected "{sign}", got {got}', self._now.at)

    def _all(self) -> Node:
        parts = [self._comparison()]
        while self._take("&&"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _comparison(self) -> Node:
        left = self._sum()
        if self._take("in"):
            return In(left, self._several())
        op = self._take("==", "!=", "<=", ">=", "<", ">")
        if op is None:
            return left
        node = Compared(cast("Compare", op), left, self._sum())
        if self._take("==", "!=", "<=", ">=", "<", ">", "in"):
            at = self._tokens[self._i - 1].at
            raise RuleError("comparisons cannot be chained: write a < b && b < c", at)
        return node

    def _sum(self) -> Node:
        left = self._product()
        while op := self._take("+", "-"):
            left = Sum("+" if op == "+" else "-", left, self._product())
        return left

    def _product(self) -> Node:
        left = self._signed()
        while self._take("*"):
            left = Sum("*", left, self._signed())
        return left

    def _signed(self) -> Node:
        signs: list[str] = []
        while sign := self._take("!", "-"):
            signs.append(sign)
        node = self._with_methods(self._single())
        for sign in reversed(signs):
            node = Not(node) if sign == "!" else Negative(node)
        return node

    def _with_methods(self, node: Node) -> Node:
        while self._take("."):
            token = self._now
            if token.text not in METHODS:
                hint = did_you_mean(token.text, METHODS) or f" Known here: {', '.join(METHODS)}."
                raise RuleError(f'unknown method "{token.text}".{hint}', token.at)
            self._i += 1
            self._expect("(")
            argument = None if token.text == "lower" else self.either()
            self._expect(")")
            node = Called(node, token.text, argument)
        return node

    def _single(self) -> Node:
        token = self._now
        self._i += 1
        match token.kind:
            case "number" | "text":
                return Constant(_constant(token))
            case "word" if token.text in ("true", "false"):
                return Constant(token.text == "true")
            case "word" if self._now.text == "(" and self._now.kind == "sign":
                return self._function(token)
            case "word":
                return self._name(token)
            case "sign" if token.text == "(":
                node = self.either()
                self._expect(")")
                return node
            case _:
                got = f'"{token.text}"' if token.text else "the end"
                raise RuleError(f"expected a value, got {got}", token.at)

    def _function(self, token: _Token) -> Node:
        if token.text not in _FUNCTIONS:
            hint = did_you_mean(token.text, _FUNCTIONS) or f" Known here: {', '.join(_FUNCTIONS)}."
            raise RuleError(f'unknown function "{token.text}".{hint}', token.at)
        self._expect("(")
        at = self._now.at
        of = self.either()
        self._expect(")")
        if token.text == "size":
            return Size(of)
        if token.text == "number":
            return Number(of)
        if not isinstance(of, Name):
            raise RuleError("has() takes the name of a fact, e.g. has(metadata.tier)", at)
        return Has(of)

    def _name(self, token: _Token) -> Node:
        path = token.text
        # `model.startsWith(...)` is a method, `key.team` a longer name.
        while self._now.text == "." and self._now.kind == "sign":
            following = self._tokens[self._i + 1]
            is_call = self._tokens[min(self._i + 2, len(self._tokens) - 1)].text == "("
            if following.kind != "word" or is_call:
                break
            path = f"{path}.{following.text}"
            self._i += 2
        return Name(path)

    def _several(self) -> Several:
        self._expect("[")
        values: list[int | float | str] = []
        while not self._take("]"):
            if values:
                self._expect(",")
            is_negative = bool(self._take("-"))
            token = self._now
            if token.kind not in ("number", "text") or (is_negative and token.kind == "text"):
                raise RuleError("a list holds numbers or texts", token.at)
            self._i += 1
            value = _constant(token)
            values.append(-value if is_negative and not isinstance(value, str) else value)
        if not values:
            raise RuleError("an empty list holds nothing: this is never true", self._now.at)
        return Several(tuple(values))


def _constant(token: _Token) -> int | float | str:
    if token.kind == "text":
        return _unquoted(token)
    if token.text.isdigit():
        value = int(token.text)
        if value > _LARGEST:
            raise RuleError(f"{token.text} is too large (at most {_LARGEST})", token.at)
        return value
    number = float(token.text)
    if number > _LARGEST:
        raise RuleError(f"{token.text} is too large (at most {_LARGEST})", token.at)
    return number


def _unquoted(token: _Token) -> str:
    inner, out, i = token.text[1:-1], "", 0
    while i < len(inner):
        if inner[i] == "\\":
            if inner[i + 1] not in _ESCAPES:
                raise RuleError(f'unknown escape "\\{inner[i + 1]}"', token.at + i + 1)
            out += _ESCAPES[inner[i + 1]]
            i += 2
        else:
            out += inner[i]
            i += 1
    return out
