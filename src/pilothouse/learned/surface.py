"""What a prompt looks like, whatever it is about: 24 numbers that mean the same in every domain."""

from __future__ import annotations

from math import log, log1p

_ASKING = frozenset(["what", "which", "who", "when", "where", "whom", "whose"])
_WORKING = frozenset(
    [
        "how",
        "why",
        "prove",
        "explain",
        "find",
        "calculate",
        "compute",
        "determine",
        "evaluate",
        "solve",
    ]
)
_NEGATING = frozenset(["not", "except", "false", "never", "without"])
_ALL_OR_NONE = frozenset(["none", "above", "all", "both", "neither"])
_LINKING = frozenset(
    [
        "if",
        "each",
        "than",
        "half",
        "twice",
        "times",
        "then",
        "both",
        "which",
        "following",
        "would",
        "because",
    ]
)

SURFACE = (
    *("characters", "words", "word length", "digits", "numbers", "distinct numbers", "marks"),
    *("lines", "questions", "mathematics", "code marks", "commas", "repeated words"),
    *("repeated words, counted", "asks which", "asks how", "sentences", "words a sentence"),
    *("LaTeX", "longest word", "negation", "all or none", "quotes", "linking words"),
)
"""Names of the features, in their order; counts are logarithms."""
PRIOR = (
    *("characters", "words", "commas", "sentences", "repeated words", "repeated words, counted"),
    *("negation", "linking words", "words a sentence", "code marks"),
)
"""What the shipped prior looks at: how much there is to read, and how it hangs together."""


def surface(text: str, words: list[str]) -> tuple[float, ...]:
    """A value for each of `SURFACE`. `words`: those of `text`."""
    chars, count = len(text) or 1, len(words) or 1
    letters = sum(map(len, words))
    distinct = set(words)
    numbers = [w for w in words if w[0].isdigit()]
    n = text.count
    lines = n("\n")
    sentences = 1 + n(". ") + n(".\n") + n("? ") + n("?\n")
    repeated = count - len(distinct) if words else 0
    return (
        log1p(chars),
        log1p(count),
        letters / count,
        sum(map(len, numbers)) / chars,
        log1p(len(numbers)),
        log1p(len(set(numbers))),
        (chars - letters - n(" ") - lines) / chars,
        log1p(lines),
        log1p(n("?")),
        log1p(n("=") + n("+") + n("^") + n("*") + n("<") + n(">")),
        log1p(n("(") + n("[") + n("{") + n(";") + n("_")),
        log1p(n(",")),
        repeated / count,
        log1p(repeated),
        0.0 if _ASKING.isdisjoint(words[:6]) else 1.0,
        0.0 if _WORKING.isdisjoint(distinct) else 1.0,
        log(sentences),
        log(count / sentences + 1),
        log1p(n("\\") + n("$")),
        log1p(max(map(len, words), default=0)),
        0.0 if _NEGATING.isdisjoint(distinct) else 1.0,
        0.0 if _ALL_OR_NONE.isdisjoint(distinct) else 1.0,
        log1p(n('"') + n("'")),
        log1p(len(distinct & _LINKING)),
    )
