"""The part of a prompt that is read, and its words."""

from __future__ import annotations

import re
from itertools import pairwise

HEAD_CHARS, TAIL_CHARS = 1_400, 600
"""Of a long prompt, the beginning and the end are read: tasks stand there. Bounds the time of a decision."""
_WORD = re.compile(r"[^\W_]+")
_LONG = 12
"""A longer run without a space, outside ASCII, is a script that writes none; it is cut into pairs."""
_MOST_CHARS = 40
"""Of one word: what is longer is no word (base64, a hash)."""


def read_part(prompt: str) -> str:
    """All of a short prompt, the ends of a long one."""
    if len(prompt) <= HEAD_CHARS + TAIL_CHARS:
        return prompt
    return f"{prompt[:HEAD_CHARS]} {prompt[-TAIL_CHARS:]}"


def words_of(text: str) -> list[str]:
    """Lower-cased runs of letters and digits; scripts without spaces in pairs of characters."""
    words = _WORD.findall(text.lower())
    if text.isascii():
        return words
    found: list[str] = []
    for word in words:
        if len(word) > _LONG and not word.isascii():
            found += [word[i : i + 2] for i in range(0, len(word), 2)]
        else:
            found.append(word)
    return found


def terms_of(words: list[str]) -> list[str]:
    """The words, and each pair of neighbours: `how`, `many`, `how many`."""
    short = [w if len(w) <= _MOST_CHARS else w[:_MOST_CHARS] for w in words]
    return short + [f"{a} {b}" for a, b in pairwise(short)]
