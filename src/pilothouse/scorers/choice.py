"""Which option did the answer choose? For multiple choice.

`rule` says where the letter is looked for: `answer_is` ("the answer is (B)", "Answer: B", else the last letter that
stands alone), `first_letter` (the first that stands alone), `last_letter`. When no letter is found, an answer that
names exactly one option's text counts as that option.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._words import normalised

_SAID = re.compile(
    r"(?:answer|option|choice)\s*(?:is|:|=)?\s*:?\s*\**\s*[\(\[\{\"']?\s*\**([A-Z])\b(?!['’])",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*\(?([A-Z])\b")
_ALONE = re.compile(r"(?<![\w'’])\(?\**([A-Z])\**[\).:]?(?![\w'’])")
_NONE = "no choice"


class ChoiceScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Right when the letter is the expected one. `expected` is a letter or one option's text."""

    rule: Literal["answer_is", "first_letter", "last_letter"] = "answer_is"
    options: int = 26
    """How many letters there are, for cases without `choices`."""

    def check(self, case: Case) -> None:
        """Raises `ValueError` when no option is expected."""
        if self._wanted(case) is None:
            raise ValueError(
                f'case {case.id}: expected "{case.expected}" is neither a letter nor one of the choices'
            )

    def score(self, given: Given, case: Case) -> Grade:
        """The letter that was read; (wanted, read) for the confusion matrix."""
        wanted, read = self._wanted(case) or "", self._read(given.text, case) or _NONE
        right = {wanted, *(self._letter(t, case) for t in case.accepted)}
        return Grade(value=float(read in right), detail=read, labels=(wanted, read))

    def _wanted(self, case: Case) -> str | None:
        return self._letter(case.expected or "", case)

    def _letter(self, text: str, case: Case) -> str | None:
        text = text.strip()
        bare = text.strip("()[]. ").upper()
        if len(bare) == 1 and bare.isalpha():
            return bare if ord(bare) - 65 < self._count(case) else None
        places = [
            i for i, choice in enumerate(case.choices) if normalised(choice) == normalised(text)
        ]
        return chr(65 + places[0]) if len(places) == 1 else None

    def _read(self, text: str, case: Case) -> str | None:
        count = self._count(case)
        found = self._letters(text)
        letters = [x.upper() for x in found if ord(x.upper()) - 65 < count]
        if letters:
            return letters[0] if self.rule == "first_letter" else letters[-1]
        said = normalised(text)
        named = [
            i
            for i, c in enumerate(case.choices)
            if (n := normalised(c)) and f" {n} " in f" {said} "
        ]
        return chr(65 + named[0]) if len(named) == 1 else None

    def _letters(self, text: str) -> list[str]:
        if self.rule == "answer_is":
            said = [m[1] for m in _SAID.finditer(text)] or [m[1] for m in _BOXED.finditer(text)]
            if said:
                return said
        bare = text.strip()
        if len(bare) == 1:
            return [bare] if bare.isascii() and bare.isalpha() else []
        return [m[1] for m in _ALONE.finditer(text) if not _is_word(m, text)]

    def _count(self, case: Case) -> int:
        return len(case.choices) or self.options


def _is_word(match: re.Match[str], text: str) -> bool:
    """ "A" and "I" that begin or carry a sentence are words, unless they are marked as a letter."""
    if match[1] not in "AI" or match[0] != match[1]:
        return False
    after = text[match.end() : match.end() + 2]
    return bool(re.match(r"\s[a-z]", after))


plugin = ChoiceScorer
