"""Text as words, for scorers that compare them."""

from __future__ import annotations

import re
import unicodedata

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_STOP = """
a about after all also an and any are as at be because been but by can could did do does for from had has have he her
him his how i if in into is it its just may me more most my no not of on one or our out over said she should so some
such than that the their them then there these they this to up us was we were what when where which who whose why
will with would you your
"""
STOP = frozenset(_STOP.split())
"""English words that say little by themselves."""


def normalised(text: str) -> str:
    """Lower case, no punctuation, no English articles, single spaces.

    Source: the official evaluator of SQuAD 1.1 (P. Rajpurkar et al., 2016), for all of Unicode's punctuation.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join([" " if unicodedata.category(c)[0] in "PS" else c for c in folded])
    return " ".join(_ARTICLES.sub(" ", kept).split())


def words(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return [w.casefold() for w in _WORD.findall(text)]


def content_words(text: str) -> set[str]:
    """Words that say something."""
    return {w for w in words(text) if w not in STOP and (len(w) > 2 or w.isdigit())}


def numbers(text: str) -> set[str]:
    """Numbers as digits: `1,200.50` is `1200.5`."""
    return {_plain(found) for found in _NUMBER.findall(text)}


def sentences(text: str) -> list[str]:
    """Cut at full stops, question and exclamation marks, and line breaks."""
    return [s.strip() for s in _SENTENCE.split(text) if s.strip()]


def shown(text: str, most: int = 200) -> str:
    """The beginning, for a detail."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _plain(number: str) -> str:
    digits = number.replace(",", "").rstrip(".")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
