"""Does the answer contain what it must, and nothing that it must not?"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade


class ContainsScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`texts`, or the case's right answers. `all`: the share found counts; `any`, `none`: 1 or 0."""

    texts: tuple[str, ...] = ()
    mode: Literal["any", "all", "none"] = "any"
    ignore_case: bool = True
    whole_words: bool = True

    def check(self, case: Case) -> None:
        """Raises `ValueError` when there is nothing to look for."""
        if not any(text.strip() for text in self.texts or case.right_answers):
            raise ValueError(f"case {case.id}: nothing is expected, and `texts` names nothing")

    def score(self, given: Given, case: Case) -> Grade:
        """What was found and what was not."""
        wanted = self.texts or case.right_answers
        found = [
            t for t in wanted if _pattern(t, self.ignore_case, self.whole_words).search(given.text)
        ]
        missing = [t for t in wanted if t not in found]
        if self.mode == "all":
            detail = f"missing: {', '.join(missing)}" if missing else "all found"
            return Grade(value=len(found) / len(wanted), detail=detail)
        if self.mode == "none":
            return Grade(value=float(not found), detail=f"found: {', '.join(found) or 'nothing'}")
        return Grade(value=float(bool(found)), detail=f"found: {', '.join(found) or 'nothing'}")


@lru_cache(maxsize=4096)
def _pattern(text: str, ignore_case: bool, whole_words: bool) -> re.Pattern[str]:
    pattern = r"\s+".join(re.escape(part) for part in text.split()) or re.escape(text)
    if whole_words:
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)


plugin = ContainsScorer
