"""Byte-pair encoding as tiktoken does it, in plain Python: the same numbers for the same text.

A pattern cuts the text into pieces; within a piece the neighbouring pair with the lowest rank is merged, the leftmost
of equals first, until no pair has a rank. Pieces repeat, so the answers of short ones are remembered.
The algorithm is that of https://github.com/openai/tiktoken (MIT, Copyright (c) 2022 OpenAI, Shantanu Jain).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from heapq import heapify, heappop, heappush

_REMEMBERED_PIECES = 65_536
_LONGEST_REMEMBERED = 64
_NONE = -1


class Encoding:
    """One vocabulary with the pattern that cuts text for it."""

    def __init__(self, name: str, ranks: Mapping[bytes, int], pattern: re.Pattern[str]) -> None:
        self.name = name
        self._ranks = ranks
        self._pieces = pattern.finditer

        @lru_cache(maxsize=_REMEMBERED_PIECES)
        def tokens_of(piece: str) -> tuple[int, ...]:
            return merge(piece.encode(), ranks)

        self._tokens_of = tokens_of

    def encode(self, text: str) -> list[int]:
        """The text's tokens; what looks like a special token is text like any other.

        Half a surrogate pair is read as U+FFFD, as tiktoken reads it.
        """
        tokens: list[int] = []
        for found in self._pieces(_without_halves(text)):
            piece = found.group()
            if len(piece) <= _LONGEST_REMEMBERED:
                tokens.extend(self._tokens_of(piece))
            else:
                tokens.extend(merge(piece.encode(), self._ranks))
        return tokens

    def count(self, text: str) -> int:
        """How many tokens the text has: `len(encode(text))`."""
        return len(self.encode(text))


def merge(piece: bytes, ranks: Mapping[bytes, int]) -> tuple[int, ...]:
    """The tokens of one piece, in O(n log n).

    `piece` is not empty, and every single byte has a rank (else KeyError).
    """
    whole = ranks.get(piece)
    if whole is not None:
        return (whole,)
    size = len(piece)
    following = list(range(1, size + 1))  # where the part that starts here ends
    previous = list(range(-1, size - 1))  # where the part before this one starts; _NONE: merged

    def rank_of_pair(start: int) -> int | None:
        middle = following[start]
        return None if middle >= size else ranks.get(piece[start : following[middle]])

    pairs = [(rank, s) for s in range(size) if (rank := rank_of_pair(s)) is not None]
    heapify(pairs)
    is_gone = bytearray(size)
    while pairs:
        rank, start = heappop(pairs)
        if is_gone[start] or rank_of_pair(start) != rank:
            continue  # a neighbour was merged since
        middle = following[start]
        is_gone[middle] = 1
        end = following[start] = following[middle]
        if end < size:
            previous[end] = start
        for changed in (start, previous[start]):
            if changed != _NONE and (new := rank_of_pair(changed)) is not None:
                heappush(pairs, (new, changed))
    tokens: list[int] = []
    start = 0
    while start < size:
        tokens.append(ranks[piece[start : following[start]]])
        start = following[start]
    return tuple(tokens)


def _without_halves(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
