"""Python's regular expressions on RE2, whose time is linear in the text whatever the pattern.

What RE2 reads otherwise than Python is rewritten (`\\Z`, `{,3}`, `\\u00e9`; `\\w`, `\\d` and `\\s` know all of Unicode,
as Python's do); what it cannot do is refused with its place. One difference is left: `\\b` sees ASCII words only.
Source: https://github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

_re2 = cast(Any, re2)

_OUTSIDE = re.compile(
    r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|[1-9][0-9]?|.)"
    r"|\[\^?\]?"
    r"|\(\?(?:P=|<?[=!]|[>(#])"
    r"|(?:[*+?]|\{[0-9]*,?[0-9]*\})\+"
    r"|\{,[0-9]+\}"
    r"|.",
    re.DOTALL,
)
_INSIDE = re.compile(
    r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|\[:\^?[a-z]+:\]|.",
    re.DOTALL,
)
_REFUSED = (
    (re.compile(r"\(\?[=!]"), "looking ahead"),
    (re.compile(r"\(\?<[=!]"), "looking behind"),
    (re.compile(r"\(\?P=|\\[1-9][0-9]?$"), "a back-reference"),
    (re.compile(r"\(\?\("), "a condition on a group"),
    (re.compile(r"\(\?>"), "an atomic group"),
    (re.compile(r"\(\?#"), "a comment"),
    (re.compile(r"[^\\]*\+$(?<=..)"), "a possessive repeat"),
    (re.compile(r"\\[CQ]"), "an escape that Python does not know"),
)
_SPACES = r"\t-\r\x1c-\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_NO_SPACES = (
    r"\x00-\x08\x0e-\x1b\x21-\x84\x86-\x9f\xa1-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"
    r"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"
)
_WORD = r"\p{L}\p{N}_"
_CLASSES = {r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\s": _SPACES, r"\S": _NO_SPACES, r"\w": _WORD}
"""As they stand inside brackets; there is no short form of `\\W`."""


class Match(Protocol):
    """A match; 0 is all of it, and a group that took no part is None."""

    def __getitem__(self, group: int) -> str | None: ...


class LinearRegex(Protocol):
    """What is used of RE2's objects."""

    @property
    def groups(self) -> int: ...
    def search(self, text: str) -> Match | None: ...
    def fullmatch(self, text: str) -> Match | None: ...
    def finditer(self, text: str) -> Iterator[Match]: ...


@lru_cache(maxsize=1024)
def linear_regex(pattern: str, *, ignore_case: bool) -> LinearRegex:
    """Raises `ValueError`, with the place: no regular expression, or one that takes more than linear time."""
    options = _re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    written = _rewritten(pattern)
    try:
        return cast(LinearRegex, _re2.compile(written, options))
    except _re2.error as error:
        said = error.args[0].decode("utf-8", "replace")
        at = pattern.find(said.rpartition(": ")[2])
        place = f" at position {at}" if at >= 0 else ""
        raise ValueError(
            f'the pattern "{pattern}" cannot be compiled{place}: RE2 says "{said}"'
        ) from None


def _rewritten(pattern: str) -> str:
    """In RE2's spelling."""
    parts: list[str] = []
    at, is_inside = 0, False
    while at < len(pattern):
        found = (_INSIDE if is_inside else _OUTSIDE).match(pattern, at)
        assert found is not None, "`.` matches everything"
        token = found[0]
        parts.append(_inside(pattern, token, at) if is_inside else _outside(pattern, token, at))
        is_inside = token != "]" if is_inside else token.startswith("[")
        at = found.end()
    return "".join(parts)


def _outside(pattern: str, token: str, at: int) -> str:
    for refused, what in _REFUSED:
        if refused.match(token):
            raise _refusal(pattern, f'{what} ("{token}")', at)
    if token == r"\Z":
        return r"\z"
    if token == r"\W":
        return f"[^{_WORD}]"
    if token in _CLASSES:
        return f"[{_CLASSES[token]}]"
    return "{0" + token[1:] if token.startswith("{,") else _code_point(token)


def _inside(pattern: str, token: str, at: int) -> str:
    if token == r"\W":
        raise _refusal(pattern, r"\W between brackets (name the kinds, such as \p{P} or \p{Z})", at)
    return _CLASSES.get(token) or _code_point(token)


def _code_point(token: str) -> str:
    return f"\\x{{{token[2:]}}}" if re.match(r"\\[uU].", token) else token


def _refusal(pattern: str, what: str, at: int) -> ValueError:
    return ValueError(
        f'the pattern "{pattern}" cannot be compiled at position {at}: {what}. RE2, which answers in linear time,'
        " does not take that: write it without, or grade with a file of your own (the scorer `python`)"
    )
