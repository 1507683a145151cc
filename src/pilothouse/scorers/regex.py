"""Does a pattern match the answer, and does its group say what is expected?

RE2 looks for it, so no pattern and no answer can take for ever (`_linear_regex` says what that costs in syntax). The
last of many matches is looked for one by one, each in linear time. Needs `pilothouse[prove]`.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._linear_regex import LinearRegex, Match, linear_regex
from pilothouse.scorers._words import normalised, shown


class RegexScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`pattern`, or `details.pattern` of the case. With a group and an expected text, the last match must say it."""

    pattern: str | None = None
    ignore_case: bool = False
    whole: bool = False
    """The pattern must match the whole answer."""

    def __post_init__(self) -> None:
        if self.pattern is not None:
            linear_regex(self.pattern, ignore_case=self.ignore_case)

    def check(self, case: Case) -> None:
        """Raises `ValueError`: no pattern, or one that cannot be compiled."""
        try:
            compiled = self._of(case)
        except ValueError as error:
            raise ValueError(f"case {case.id}: {error}") from None
        if compiled.groups and self.pattern is not None and not case.right_answers:
            raise ValueError(
                f"case {case.id}: the pattern's group has nothing expected to be compared with"
            )

    def score(self, given: Given, case: Case) -> Grade:
        """1.0 or 0.0, and what matched."""
        compiled = self._of(case)
        is_compared = bool(compiled.groups and case.right_answers)
        match = self._match(compiled, given.text, is_last=is_compared)
        if match is None:
            return Grade(value=0.0, detail="no match")
        if not is_compared:
            return Grade(value=1.0, detail=shown(match[0] or ""))
        got = normalised(match[1] or "")
        is_right = got in [normalised(t) for t in case.right_answers]
        return Grade(value=float(is_right), detail=shown(match[1] or ""))

    def _match(self, compiled: LinearRegex, text: str, *, is_last: bool) -> Match | None:
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no UTF-8
        if self.whole:
            return compiled.fullmatch(text.strip())
        text = text.removesuffix("\n")  # Python's `$` stands before it, RE2's only behind it
        if not is_last:
            return compiled.search(text)
        last = deque(compiled.finditer(text), maxlen=1)
        return last[0] if last else None

    def _of(self, case: Case) -> LinearRegex:
        pattern = self.pattern if self.pattern is not None else case.details.get("pattern")
        if not isinstance(pattern, str) or not pattern:
            raise ValueError(
                "there is no pattern: give `pattern` as an option or in the case's details"
            )
        return linear_regex(pattern, ignore_case=self.ignore_case)


plugin = RegexScorer
