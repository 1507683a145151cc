"""Which words and pieces of words a text has, as a vector. It knows spelling, not meaning: "cheap" and
"inexpensive" are strangers to it, "cheap" and "cheaper" relatives.

Words, pairs of neighbouring words, and character trigrams to fivegrams of each word are hashed (CRC-32) into
1,024 places. Weights grow with the logarithm of the count. Rare words do not count more (TF-IDF): learned on
15,000 questions it was no better in docs/caching.md's measurement, and would move with its corpus.
"""

from __future__ import annotations

import re
from array import array
from itertools import pairwise
from math import log, sqrt
from zlib import crc32

DIMENSIONS = 1024
_MOST_CHARS = 20_000
_WORD = re.compile(r"\w+")
_WORD_WEIGHT = 2.0
_GRAMS = (3, 4, 5)


class Lexical:
    """Implements `TextEmbedder`."""

    name = "lexical"
    version = "1"
    """Vectors, and what was measured with them, hold for this one alone."""

    def embed(self, text: str) -> array[float] | None:
        """1,024 numbers of length 1; None for a text without a word, or over 20,000 characters."""
        if len(text) > _MOST_CHARS:
            return None
        counts = _counts(_WORD.findall(text.lower()))
        if not counts:
            return None
        vector = array("f", bytes(4 * DIMENSIONS))
        total = 0.0
        for place, count in counts.items():
            weight = 1.0 + log(count) if count >= 1.0 else count
            vector[place] = weight
            total += weight * weight
        length = sqrt(total)
        for place in counts:
            vector[place] /= length
        return vector


def _counts(words: list[str]) -> dict[int, float]:
    counts: dict[int, float] = {}
    for word in words:
        _add(counts, f"w{word}", _WORD_WEIGHT)
        ended = f"<{word}>"
        share = 1.0 / len(ended)
        for n in _GRAMS:
            for i in range(len(ended) - n + 1):
                _add(counts, ended[i : i + n], share)
    for first, second in pairwise(words):
        _add(counts, f"b{first} {second}", 1.0)
    return counts


def _add(counts: dict[int, float], feature: str, weight: float) -> None:
    place = crc32(feature.encode()) & (DIMENSIONS - 1)
    counts[place] = counts.get(place, 0.0) + weight


plugin = Lexical()
