"""Does a pattern match the answer, and does its group say what is expected?

A pattern that can take exponential time (an open repeat inside an open repeat, such as `(a+)+`) is refused; what is
left is polynomial, and the text is cut to 10,000 characters so that it stays bearable.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any, cast

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import normalised, shown

_MOST = 10_000
_parser: Any = import_module("re._parser")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


class RegexScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`pattern`, or `details.pattern` of the case. With a group and an expected text, the last match must say it."""

    pattern: str | None = None
    ignore_case: bool = False
    whole: bool = False
    """The pattern must match the whole answer."""

    def __post_init__(self) -> None:
        if self.pattern is not None:
            _compiled(self.pattern, self.ignore_case)

    def check(self, case: Case) -> None:
        """Raises `ValueError`: no pattern, or one that cannot be compiled."""
        try:
            compiled = _compiled(self._of(case), self.ignore_case)
        except ValueError as error:
            raise ValueError(f"case {case.id}: {error}") from None
        if compiled.groups and self.pattern is not None and not case.right_answers:
            raise ValueError(
                f"case {case.id}: the pattern's group has nothing expected to be compared with"
            )

    def score(self, given: Given, case: Case) -> Grade:
        """1.0 or 0.0, and what matched."""
        compiled = _compiled(self._of(case), self.ignore_case)
        text = given.text[:_MOST]
        matches = [compiled.fullmatch(text.strip())] if self.whole else [*compiled.finditer(text)]
        match = matches[-1] if matches else None
        if match is None:
            return Grade(value=0.0, detail="no match")
        if not compiled.groups or not case.right_answers:
            return Grade(value=1.0, detail=shown(match[0]))
        got = normalised(match[1] or "")
        is_right = got in [normalised(t) for t in case.right_answers]
        return Grade(value=float(is_right), detail=shown(match[1] or ""))

    def _of(self, case: Case) -> str:
        pattern = self.pattern if self.pattern is not None else case.details.get("pattern")
        if not isinstance(pattern, str) or not pattern:
            raise ValueError(
                "there is no pattern: give `pattern` as an option or in the case's details"
            )
        return pattern


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise ValueError(f'the pattern "{pattern}" cannot be compiled: {error}') from None
    if _is_nested(_parser.parse(pattern), inside=False):
        raise ValueError(
            f'the pattern "{pattern}" repeats a repeat: some texts would take it for ever'
        )
    return compiled


def _is_nested(tree: Any, *, inside: bool) -> bool:
    """Whether an open repeat stands inside another."""
    for op, given in tree:
        is_open = str(op) in _REPEATS and given[1] == _parser.MAXREPEAT
        if is_open and inside:
            return True
        if any(_is_nested(body, inside=inside or is_open) for body in _bodies(given)):
            return True
    return False


def _bodies(given: Any) -> list[Any]:
    """The expressions inside one, alternatives included."""
    if isinstance(given, _parser.SubPattern):
        return [given]
    if isinstance(given, tuple | list):
        parts = cast(list[Any], list(given))  # pyright: ignore[reportUnknownArgumentType]
        return [body for part in parts for body in _bodies(part)]
    return []


plugin = RegexScorer
