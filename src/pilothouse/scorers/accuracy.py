"""The guide's accuracy evaluator: right or wrong, by what the case expects.

Choices: the letter. A number: the last number of the answer. Else the text, leaving case, punctuation and articles
aside, alone or as a whole phrase inside the answer. Name a scorer of one rule where you know which one you want.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import normalised
from pilothouse.scorers.choice import ChoiceScorer
from pilothouse.scorers.number import NumberScorer

_choice, _number = ChoiceScorer(), NumberScorer()


class AccuracyScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """1.0 or 0.0; the detail says which rule was taken."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` without an expected text."""
        if not any(text.strip() for text in case.right_answers):
            raise ValueError(f"case {case.id}: nothing is expected")

    def score(self, given: Given, case: Case) -> Grade:
        """See the file."""
        if case.choices:
            try:
                _choice.check(case)
                return _said("choice", _choice.score(given, case))
            except ValueError:
                pass
        if all(_is_number(text) for text in case.right_answers):
            return _said("number", _number.score(given, case))
        got = f" {normalised(given.text)} "
        right = [w for text in case.right_answers if (w := normalised(text)) and f" {w} " in got]
        return Grade(
            value=float(bool(right)), detail=f"text: {right[0] if right else 'not in it'}"[:200]
        )


def _is_number(text: str) -> bool:
    bare = text.strip().replace(",", "").strip("$€£%-+ ")
    return bare.replace(".", "", 1).isdigit()


def _said(rule: str, grade: Grade) -> Grade:
    return replace(grade, detail=f"{rule}: {grade.detail}")


plugin = AccuracyScorer
