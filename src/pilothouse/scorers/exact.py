"""Is the answer the expected text, word for word?"""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.case import Case


class ExactScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Right when the texts are equal, after the normalisations asked for."""

    ignore_case: bool = False
    ignore_space: bool = True
    """Surrounding space is cut, and runs of space count as one."""

    def score(self, text: str, case: Case) -> tuple[float, str]:
        """1.0 or 0.0, and the text that was compared. Raises `ValueError` without an expected text."""
        if case.expected is None:
            raise ValueError(f"case {case.id}: nothing is expected, so nothing can be exact")
        got, wanted = self._normal(text), self._normal(case.expected)
        return float(got == wanted), got[:200]

    def _normal(self, text: str) -> str:
        if self.ignore_space:
            text = " ".join(text.split())
        return text.casefold() if self.ignore_case else text


plugin = ExactScorer
