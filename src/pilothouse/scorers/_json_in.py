"""The JSON in an answer: all of it, in a fence, or the first object or list that stands in the text."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_FENCE = re.compile(r"```(?:json|JSON)?\s*\n?(.*?)```", re.DOTALL)
_decoder = msgspec.json.Decoder()


def json_in(text: str, *, only_whole: bool = False) -> Any:
    """Raises `ValueError` in words when there is none."""
    whole = text.strip()
    try:
        return _decoder.decode(whole)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        said = str(error)
    if only_whole:
        raise ValueError(f"the answer is not JSON: {said}")
    for fenced in _FENCE.findall(text):
        try:
            return _decoder.decode(fenced.strip())
        except (msgspec.DecodeError, UnicodeEncodeError):
            continue
    found = _embedded(text)
    if found is None:
        raise ValueError(f"no JSON in the answer: {said}")
    return found[0]


def _embedded(text: str) -> tuple[Any] | None:
    """From the first bracket to the last of its kind."""
    for opening, closing in (("{", "}"), ("[", "]")):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            try:
                return (_decoder.decode(text[start : end + 1]),)
            except (msgspec.DecodeError, UnicodeEncodeError):
                continue
    return None
