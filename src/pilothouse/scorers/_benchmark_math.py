"""The last box of a solution, and whether two boxes say the same: the normalisations of hendrycks/math, and numbers."""

from __future__ import annotations

import re
from fractions import Fraction

_DROPPED = re.compile(
    r"\\left|\\right|\\!|\\,|\\;|\\ |\\\$|\$|\\%|%|\^\\circ|\^{\\circ}|\\mbox\{[^}]*\}|\\text\{\s*(?:units?|cm|m|inches|"
    r"degrees|dollars|square units?)[^}]*\}"
)
_TEXT = re.compile(r"\\text(?:bf|rm|it)?\{([^}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]+)\}|(\w))\s*(?:\{([^{}]+)\}|(\w))")
_ROOT = re.compile(r"\\sqrt\s*(\w)")
_COMMA = re.compile(r"(?<=\d),(?=\d{3}\b)")


def boxed(text: str) -> str | None:
    """What stands in the last \\boxed{} or \\fbox{}; braces inside are counted."""
    start = max(text.rfind("\\boxed"), text.rfind("\\fbox"))
    if start < 0:
        return None
    opening = text.find("{", start)
    if opening < 0:
        after = text[start:].partition("boxed")[2].strip()
        return after.split("$")[0].strip() or None
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[opening + 1 : at]
    return None


def same_math(one: str, other: str) -> bool:
    """Equal after normalisation, or the same number."""
    a, b = plain(one), plain(other)
    if a == b:
        return True
    x, y = _number(a), _number(b)
    return x is not None and x == y


def plain(text: str) -> str:
    """One way to write it."""
    text = _DROPPED.sub("", text)
    text = _TEXT.sub(r"\1", text)
    text = _COMMA.sub("", text)
    for _ in range(3):  # fractions within fractions
        text = _FRACTION.sub(lambda m: f"({m[1] or m[2]})/({m[3] or m[4]})", text)
    text = _ROOT.sub(r"\\sqrt{\1}", text)
    text = "".join(text.split()).rstrip(".")
    if text.startswith("."):
        text = f"0{text}"
    head, equals, tail = text.partition("=")
    if equals and len(head) <= 2:  # "x = 5"
        text = tail
    return (
        text.replace("(", "").replace(")", "")
        if re.fullmatch(r"-?\(?-?\d+\)?/\(?\d+\)?", text)
        else text
    )


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
