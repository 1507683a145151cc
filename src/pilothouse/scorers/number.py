"""Is the answer's number the expected one?

`take` says which number of the text is the answer's:

- `last` (default): the last number, read as a person reads it: "$1,234.50", "-3", "20.00", "64.".
- `marked`: the number after the last `####`, else the last number.
- `last_digits`: the last unbroken run of digits, signs and decimal points ignored ("20.00" is read as 00,
  "0.5" as 5), in the expected text too. This is the rule by which the published labels of the recorded GSM8K answers were made; it
  is here to reproduce them, and is wrong about 49 of those 2,638 answers.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

from msgspec import Struct

from pilothouse.core.case import Case

_NUMBER = re.compile(r"(?<![\w.])[-−]?\s?\$?\s?(\d[\d,]*(?:\.\d+)?|\.\d+)")
_SIGNED = re.compile(r"[-−]")
_DIGITS = re.compile(r"\d+")


class NumberScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Right when the numbers differ by at most `tolerance`."""

    take: Literal["last", "marked", "last_digits"] = "last"
    tolerance: Decimal = Decimal(0)

    def score(self, text: str, case: Case) -> tuple[float, str]:
        """1.0 or 0.0, and what was read. Raises `ValueError` when the case expects no number."""
        wanted = case.expected or ""
        expected = self.number_in(wanted) if self.take == "last_digits" else _plain_number(wanted)
        if expected is None:
            raise ValueError(f'case {case.id}: expected "{case.expected}" is not a number')
        found = self.number_in(text)
        if found is None:
            return 0.0, "no number"
        return float(abs(found - expected) <= self.tolerance), str(found)

    def number_in(self, text: str) -> Decimal | None:
        """The answer's number by the rule of `take`."""
        if self.take == "last_digits":
            runs = _DIGITS.findall(text.replace(",", ""))
            return Decimal(runs[-1]) if runs else None
        if self.take == "marked" and "####" in text:
            marked = _last_number(text.rpartition("####")[2])
            if marked is not None:
                return marked
        return _last_number(text)


def _last_number(text: str) -> Decimal | None:
    matches = list(_NUMBER.finditer(text))
    if not matches:
        return None
    value = _plain_number(matches[-1][1])
    if value is None:
        return None
    return -value if _SIGNED.match(matches[-1][0]) else value


def _plain_number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", "").replace("$", "").strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


plugin = NumberScorer
