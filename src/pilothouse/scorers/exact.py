"""Is the answer the expected text, word for word?"""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade


class ExactScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Right when the texts are equal, after the normalisations asked for."""

    ignore_case: bool = False
    ignore_space: bool = True
    """Surrounding space is cut, and runs of space count as one."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without an expected text."""
        if not case.right_answers:
            raise ValueError(f"case {case.id}: nothing is expected, so nothing can be exact")

    def score(self, given: Given, case: Case) -> Grade:
        """1.0 or 0.0, and the text that was compared."""
        got = self._normal(given.text)
        is_right = any(got == self._normal(wanted) for wanted in case.right_answers)
        return Grade(value=float(is_right), detail=got[:200])

    def _normal(self, text: str) -> str:
        if self.ignore_space:
            text = " ".join(text.split())
        return text.casefold() if self.ignore_case else text


plugin = ExactScorer
