"""Is the answer's number the expected one?

`take` says which number of the text is the answer's:

- `last` (default): the last number, read as a person reads it: "$1,234.50", "-3", "20.00", "64.", "1/2".
  A percentage is read as written: "50 %" is 50.
- `marked`: the number after the last `####`, else the last number.
- `last_digits`: the last unbroken run of digits, signs and decimal points ignored ("20.00" is read as 00,
  "0.5" as 5), in the expected text too. By this rule the published labels of the recorded GSM8K answers
  were made. It is here to reproduce them; `last` judges 50 of those 2,638 answers otherwise
  (docs/statistics.md#the-recorded-gsm8k-answers).
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade

_PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<sign>[-−])?[$€£]?(?P<sign_after>[-−])?(?P<number>{_PLAIN})"
    rf"(?:\s?/\s?(?P<below>{_PLAIN})(?!\s?/))?"
)
"""A minus counts only when it touches its number: "- 64" is an item of a list, "7 - 64" a sum."""
_DIGITS = re.compile(r"\d+")


Take = Literal["last", "marked", "last_digits"]


class NumberScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Right when the numbers differ by at most `tolerance`."""

    take: Take = "last"
    tolerance: Decimal = Decimal(0)

    def check(self, case: Case) -> None:
        """Raises `ValueError` when the case expects no number."""
        if not any(_expected(self.take, text) is not None for text in case.right_answers):
            raise ValueError(f'case {case.id}: expected "{case.expected}" is not a number')

    def score(self, given: Given, case: Case) -> Grade:
        """1.0 or 0.0, and what was read."""
        found = self.number_in(given.text)
        if found is None:
            return Grade(value=0.0, detail="no number")
        wanted = [_expected(self.take, text) for text in case.right_answers]
        is_right = any(w is not None and abs(found - w) <= self.tolerance for w in wanted)
        return Grade(value=float(is_right), detail=_shown(found))

    def number_in(self, text: str) -> Fraction | None:
        """The answer's number by the rule of `take`."""
        return _number(self.take, text)


def _number(take: Take, text: str) -> Fraction | None:
    if take == "last_digits":
        runs = _DIGITS.findall(text.replace(",", ""))
        return Fraction(runs[-1]) if runs else None
    if take == "marked" and "####" in text:
        marked = _last_number(text.rpartition("####")[2])
        if marked is not None:
            return marked
    return _last_number(text)


@lru_cache(maxsize=4096)
def _expected(take: Take, text: str) -> Fraction | None:
    """The same few texts are read when a case is checked and for each answer to it."""
    return _number(take, text)


def _last_number(text: str) -> Fraction | None:
    matches = list(_NUMBER.finditer(text))
    if not matches:
        return None
    found = matches[-1]
    value = Fraction(found["number"].replace(",", ""))
    below = Fraction(found["below"].replace(",", "")) if found["below"] else Fraction(1)
    value = value / below if below else Fraction(found["below"].replace(",", ""))
    return -value if found["sign"] or found["sign_after"] else value


def _shown(value: Fraction) -> str:
    """3/2 as `1.5`, 1/3 as `1/3`."""
    top, below = value.as_integer_ratio()
    while below % 2 == 0:
        below //= 2
    while below % 5 == 0:
        below //= 5
    return f"{Decimal(top) / Decimal(value.denominator):f}" if below == 1 else str(value)


plugin = NumberScorer
