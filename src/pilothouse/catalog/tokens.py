"""How many tokens a text has, about: an estimate that needs no vocabulary file.

Text is cut into pieces as byte-pair tokenisers cut it (words with their space, numbers by three, runs of
signs); a word of up to 8 letters counts as one token and a longer one as more, a sign as one. It stands in
where a provider did not report usage, and what rests on it is marked `is_usage_estimated`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+|\d{1,3}| ?[^\s\w]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+|_+"
)
_LETTERS_A_TOKEN = 8
_SIGNS_A_TOKEN = 3


@lru_cache(maxsize=8192)
def estimate_tokens(text: str) -> int:
    """Within 2.0 % of cl100k_base for half of English texts and within 8.9 % for 95 of 100.

    Measured on 3,957 GSM8K questions and answers of two models, where the total is 0.4 % too low.
    Words with letters beyond ASCII are counted a letter a token, which is too much for most of them.
    """
    count = 0
    for piece in _PIECES.findall(text):
        size = len(piece.lstrip(" "))
        if size <= 1:
            count += 1
        elif piece[-1].isalpha():
            count += size if not piece.isascii() else -(-size // _LETTERS_A_TOKEN)
        elif piece[-1].isdigit() or piece.isspace():
            count += 1
        else:
            count += -(-size // _SIGNS_A_TOKEN)
    return count
