"""Is the answer one of the right texts, leaving case, punctuation, articles and space aside?"""

from __future__ import annotations

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import normalised, shown


class NormalisedScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exact match as SQuAD's evaluator does it; with `partial` the F1 of words instead."""

    partial: bool = False
    """Credit for part of the words: the best F1 over the right answers."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without an expected text."""
        if not any(text.strip() for text in case.right_answers):
            raise ValueError(f"case {case.id}: nothing is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """1.0 or 0.0 (or the F1), and what was compared."""
        got = normalised(given.text)
        wanted = [normalised(text) for text in case.right_answers]
        if not self.partial:
            return Grade(value=float(got in wanted), detail=shown(got))
        return Grade(value=max([_f1(got.split(), w.split()) for w in wanted]), detail=shown(got))


def _f1(got: list[str], wanted: list[str]) -> float:
    if not got or not wanted:
        return float(got == wanted)
    left = list(wanted)
    common = 0
    for word in got:
        if word in left:
            left.remove(word)
            common += 1
    return 2 * common / (len(got) + len(wanted))


plugin = NormalisedScorer
