"""Do two answers to one question say the same? By looking, without a model: rather "another" than wrongly "the same".

Same are: equal texts but for case, space and punctuation around words; equal JSON; the same number or letter that
both name as their answer. Code is compared with its case and punctuation. Wording that differs is another answer.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec

from pilothouse.core.answer import Answer
from pilothouse.core.request import ToolCallPart
from pilothouse.scorers.number import NumberScorer

_QUIET = ".,;:!?…\"'“”‘’«»„*_`#()[]{}"
"""What stands around a word and changes nothing; signs (-, +, $, %) do."""
_SAID = re.compile(r"####|\\boxed\{|\b(?:answer|option|choice)\b\s*(?:is|:|=)", re.IGNORECASE)
_LETTER = re.compile(r"^[\s:=(\[{\"'*]*([A-Z])(?![\w'’])")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_SHORT_WORDS = 20
"""A last sentence longer than this is prose: a number in it need not be the answer."""
_ANY = 1_000_000
_NUMBER = NumberScorer()


def is_same(first: Answer, second: Answer) -> bool:
    """Whether the second says what the first did; the first candidates are compared."""
    if _tool_calls(first) != _tool_calls(second):
        return False
    one, other = first.text, second.text
    if "```" in one or "```" in other:
        return one.split() == other.split()
    if _words(one) == _words(other):
        return True
    one_json, other_json = _json(one), _json(other)
    if one_json is not None or other_json is not None:
        return one_json == other_json
    if _SAID.search(one) or _SAID.search(other):  # then the other one's last sentence answers too
        said, most_words = _answer(one, _ANY), _ANY
    else:
        said, most_words = _answer(one, _SHORT_WORDS), _SHORT_WORDS
    return said is not None and said == _answer(other, most_words)


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [bare for word in folded.split() if (bare := word.strip(_QUIET))]


def _json(text: str) -> Any:
    """An object or a list; None for everything else."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _answer(text: str, most_words: int) -> object:
    """The number or letter that the text names as its answer, or ends with in a sentence of so many words."""
    marks = list(_SAID.finditer(text))
    if marks:
        after = text[marks[-1].end() :]
        letter = _LETTER.match(after)
        if letter is not None:
            return letter[1]
        line = after.strip().partition("\n")[0]
        return _NUMBER.number_in(line)
    sentences = [s for s in _SENTENCE_END.split(text) if s.strip()]
    if not sentences or len(sentences[-1].split()) > most_words:
        return None
    bare = sentences[-1].strip().strip(_QUIET)
    if len(sentences) == 1 and len(bare) == 1 and bare.isascii() and bare.isalpha():
        return bare.upper()
    return _NUMBER.number_in(sentences[-1])


def _tool_calls(answer: Answer) -> list[tuple[str, Any]]:
    parts = answer.candidates[0].parts
    return [(p.name, _arguments(p.arguments)) for p in parts if isinstance(p, ToolCallPart)]


def _arguments(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
