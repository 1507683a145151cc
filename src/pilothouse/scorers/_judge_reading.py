"""What a judge said, as a number, a yes or no, or a side. Nothing is guessed: what does not say it clearly
raises `Nonsense`, with the words that were read.

Forms that are read: a JSON object (alone, fenced, or the last one in a text); `[[7]]` and `[[A]]` as MT-Bench asks
for them; `Rating: 7`; `Output (a)` and `Output (a) is better` as LLMBar's judges answer.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, cast

Side = Literal["A", "B", "tie"]

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_BRACKETS = re.compile(r"\[\[\s*(-?\d+(?:\.\d+)?)(?:\s*/\s*\d+)?\s*\]\]")
_RATING = re.compile(
    r"^\W*(?:(?:final|overall)\s+)?(?:rating|score|grade)\W*?[:=]\W*?(-?\d+(?:\.\d+)?)(?![\d.]*\s*[-–]\s*\d)",
    re.IGNORECASE | re.MULTILINE,
)
_SIDE_BRACKETS = re.compile(r"\[\[\s*(A|B|C|tie)\s*\]\]", re.IGNORECASE)
_OUTPUT_ALONE = re.compile(r"^\s*Output \(([ab])\)\.?\s*$", re.IGNORECASE)
_OUTPUT_BETTER = re.compile(r"Output \(([ab])\) is (?:the )?better", re.IGNORECASE)
_YES = ("yes", "true", "pass", "correct")
_NO = ("no", "false", "fail", "incorrect")
_SHOWN = 160


class Nonsense(ValueError):
    """A judge's answer that is no verdict. Its text is what to tell the judge, and the reader."""


def read_number(text: str, low: float, high: float) -> float:
    """The rating, which must stand on the scale. Raises `Nonsense`."""
    found = json_object(text)
    if found is not None:
        value = _field(found, ("rating", "score"), text)
        if isinstance(value, str) and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Nonsense(f"the rating {json.dumps(value)} is not a number")
        number = float(value)
    else:
        stated = _one({float(n) for n in _BRACKETS.findall(text)}, "several ratings", text)
        if stated is None:
            stated = _one({float(n) for n in _RATING.findall(text)}, "several ratings", text)
        if stated is None:
            raise Nonsense(f"no rating in {shown(text)}")
        number = stated
    if not low <= number <= high:
        raise Nonsense(f"the rating {number:g} is not between {low:g} and {high:g}")
    return number


def read_items(text: str, names: tuple[str, ...]) -> dict[str, bool]:
    """A yes or no for every item. Raises `Nonsense` when one is missing or is neither."""
    found = json_object(text)
    if found is None:
        raise Nonsense(f"no JSON object in {shown(text)}")
    missing = [name for name in names if name not in found]
    if missing:
        raise Nonsense(f"no verdict on {', '.join(missing)} in {shown(text)}")
    return {name: _yes_or_no(name, found[name]) for name in names}


def read_side(text: str) -> Side:
    """Which of two answers is better. Raises `Nonsense`, also when a text says both."""
    found = json_object(text)
    if found is not None:
        return _side(str(_field(found, ("winner", "better"), text)), text)
    for pattern in (_SIDE_BRACKETS, _OUTPUT_ALONE, _OUTPUT_BETTER):
        side = _one({m.upper() for m in pattern.findall(text)}, "several winners", text)
        if side is not None:
            return _side(side, text)
    raise Nonsense(f"no winner in {shown(text)}")


def json_object(text: str) -> dict[str, Any] | None:
    """The text's JSON object: all of it, the last fenced one, or the last that stands in it."""
    for candidate in (text, *reversed(_FENCED.findall(text))):
        found = _loaded(candidate)
        if found is not None:
            return found
    end = text.rfind("}")
    start = text.rfind("{", 0, end) if end >= 0 else -1
    while start >= 0:
        found = _loaded(text[start : end + 1])
        if found is not None:
            return found
        start = text.rfind("{", 0, start)
    return None


def shown(text: str) -> str:
    """The text on one line, its end if it is long: verdicts stand last."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _SHOWN else f'"…{line[-_SHOWN:]}"'


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _field(found: dict[str, Any], names: tuple[str, ...], text: str) -> Any:
    for name in names:
        if name in found:
            return found[name]
    raise Nonsense(f'no "{names[0]}" in {shown(text)}')


def _yes_or_no(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise Nonsense(f"{name}: {json.dumps(value)[:80]} is neither true nor false")


def _side(word: str, text: str) -> Side:
    match word.strip().upper():
        case "A":
            return "A"
        case "B":
            return "B"
        case "C" | "TIE":
            return "tie"
        case _:
            raise Nonsense(f"the winner is neither A nor B nor tie in {shown(text)}")


def _one(found: set[Any], what: str, text: str) -> Any:
    """The only one, or None; two different ones are no verdict."""
    if len(found) > 1:
        raise Nonsense(f"{what} in {shown(text)}")
    return next(iter(found), None)
