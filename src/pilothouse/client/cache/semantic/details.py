"""What makes two questions different however alike they look: numbers, names, quotes, negations, opposites.

Compared in order, because "from Oslo to Rome" is not "from Rome to Oslo". It can only say "different": what
it has no word for it lets pass. Digits and quotes are the same in all languages; the words are English.
"""

from __future__ import annotations

import re

Details = tuple[tuple[str, ...], int, tuple[str, ...]]
"""Numbers, quotes and names in order; how many negations; opposites, sorted."""

_TOKEN = re.compile(
    r"""(?P<quote>"[^"]*"|“[^”]*”|«[^»]*»|`[^`]*`)"""
    r"""|(?P<number>[-−+]?\d+(?:[.,:/]\d+)*%?)"""
    r"""|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"""
    r"""|(?P<end>[.!?:;]+(?=\s)|\n)"""
)
_NEGATIONS = frozenset(
    {"no", "not", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without",
     "cannot", "except", "unless", "non"}
)  # fmt: skip
_NUMBERS = {
    word: str(i)
    for i, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
         "eleven", "twelve"]
    )
} | {"first": "1st", "second": "2nd", "third": "3rd", "half": "1/2", "twice": "2x", "double": "2x"}  # fmt: skip
_OPPOSITE_WORDS = """
most least more less fewer highest lowest higher lower maximum minimum max min best worst better
worse before after earlier later above below over under left right inside outside increase decrease
increasing decreasing increased decreased rise fall up down start stop begin end open close enable
disable enabled disabled allow deny allowed forbidden true false valid invalid legal illegal safe
unsafe possible impossible buy sell add remove import export encode decode encrypt decrypt ascending
descending male female men women man woman mother father north south east west old new young hot
cold positive negative only always pros cons advantages disadvantages hypo hyper like unlike with
"""
_OPPOSITES = frozenset(_OPPOSITE_WORDS.split())
_PLAIN_CAPITALS = frozenset({"i"})


def details(text: str) -> Details:
    """Of one question."""
    marks: list[str] = []
    opposites: list[str] = []
    negations = 0
    is_first = True
    for match in _TOKEN.finditer(text):
        said = match[0]
        kind = match.lastgroup
        if kind == "end":
            is_first = True
            continue
        if kind != "word":
            marks.append(said)
            is_first = False
            continue
        word = said.lower().replace("’", "'")
        if word in _NUMBERS:
            marks.append(_NUMBERS[word])
        elif word in _NEGATIONS or word.endswith("n't"):
            negations += 1
        elif word in _OPPOSITES:
            opposites.append(word)
        elif _is_name(said, is_first=is_first):
            marks.append(word)
        is_first = False
    return tuple(marks), negations, tuple(sorted(opposites))


def _is_name(word: str, *, is_first: bool) -> bool:
    """Capitals within a sentence, or more than one anywhere (an acronym)."""
    if word.lower().split("'")[0] in _PLAIN_CAPITALS or word.islower():
        return False
    return not is_first or sum(map(str.isupper, word)) > 1
