"""What of a text decides how many tokens another vendor's vocabulary makes of it.

Vocabularies agree closely on English words and differ on digits (one by one, or three at once), on runs of signs in
code, and most on other scripts. So a text is measured by OpenAI's o200k_base, its digits and signs, and whether it is
plain English or code at all.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pilothouse.catalog.vocabulary import encoding

_DIGIT = re.compile(r"\d")
_SIGN = re.compile(r"[^\w\s]|_")
_LETTER = re.compile(r"[^\W\d_]")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_OTHER_SHARE = 0.01


class Shape(Struct, frozen=True, kw_only=True):
    """`tokens` by o200k_base; `is_other`: more than 1 in 100 letters is not an ASCII one."""

    tokens: int
    digits: int
    signs: int
    is_other: bool


def shape(text: str) -> Shape:
    """The measures of a text; reads the vocabulary at its first call."""
    letters = len(_LETTER.findall(text))
    ascii_letters = len(_ASCII_LETTER.findall(text))
    return Shape(
        tokens=encoding("o200k_base").count(text),
        digits=len(_DIGIT.findall(text)),
        signs=len(_SIGN.findall(text)),
        is_other=letters - ascii_letters > _OTHER_SHARE * letters,
    )
