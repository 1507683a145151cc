"""Regular expressions whose cost is known before they run.

Python's engine tries every way to match. Here the ways are counted from the expression itself, as an upper
bound: an alternative adds, a sequence multiplies, a repeat counts each of its lengths. So a repeat must have
an end, and neither look-around nor back-references are taken. RE2 reaches linear time by another engine;
ours refuses what this one would need.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from msgspec import Struct

# The standard library's own reading of an expression; it has no public name.
sre: Any = import_module("re._constants")
parser: Any = import_module("re._parser")
MOST_WAYS = 1_000
"""For each place in a text where a match may begin."""
MOST_CHARS = 512
"""Of one match: so much of a stream may have to wait."""
_ONE = {sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY}
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}


class Unsafe(Exception):
    """Why an expression is refused, in words."""


class SafeRegex(Struct, frozen=True):
    """An expression and the longest text it can match."""

    pattern: re.Pattern[str]
    longest: int


def safe_regex(text: str, *, ignore_case: bool) -> SafeRegex:
    """Compiled. Raises `Unsafe`."""
    try:
        tree: Any = parser.parse(text)
        pattern = re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsafe(f"not a regular expression: {error}") from None
    ways, longest = _sequence(tree)
    if ways > MOST_WAYS:
        raise Unsafe(
            f"it could be tried in {ways} ways at every place of a text, {MOST_WAYS} are allowed: "
            "shorten its repeats"
        )
    if longest > MOST_CHARS:
        raise Unsafe(f"it can match {longest} characters, {MOST_CHARS} are allowed")
    if pattern.search("") is not None:
        raise Unsafe("it matches nothing at all, and so everything")
    return SafeRegex(pattern, longest)


def _sequence(items: Any) -> tuple[int, int]:
    ways, longest = 1, 0
    for item in items:
        more, chars = _item(*item)
        ways, longest = min(ways * more, 10**9), longest + chars
    return ways, longest


def _item(op: Any, given: Any) -> tuple[int, int]:
    if op in _ONE:
        return 1, 1
    if op is sre.AT:
        return 1, 0
    if op is sre.SUBPATTERN:
        return _sequence(given[3])
    if op is sre.BRANCH:
        inner = [_sequence(branch) for branch in given[1]]
        return sum(ways for ways, _ in inner), max(chars for _, chars in inner)
    if op in _REPEATS:
        return _repeat(*given)
    raise Unsafe(f"{_NAMES.get(str(op), str(op).lower())} is not taken here")


def _repeat(least: int, most: Any, body: Any) -> tuple[int, int]:
    if most is sre.MAXREPEAT or most > MOST_CHARS:
        raise Unsafe("a repeat without an end (* or +) is not taken: say how often, e.g. {0,100}")
    ways, chars = _sequence(body)
    total = 0
    for count in range(least, int(most) + 1):
        total += 10**9 if ways > 1 and count > 30 else ways**count
        if total >= 10**9:
            break
    return max(1, total), chars * int(most)


_NAMES = {
    "ASSERT": "looking ahead or behind",
    "ASSERT_NOT": "looking ahead or behind",
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a condition on a group",
}
