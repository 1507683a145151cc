"""Joins a text to the one it goes on from: what the second repeats of the first's end is left out. Pure."""

from __future__ import annotations

_MOST_CHARS = 400
"""Repetitions longer than this are not looked for."""
_LEAST_WORDS = 2


class Overlap:
    """Reads the second text piece by piece and holds it back only while it might still be a repetition.

    Repeated is what starts at the beginning of a word of the first text and reaches to its end: two words
    or more, or the one word that the first text broke off in. A single whole word said again ("very very")
    is meant.
    """

    __slots__ = ("_candidates", "_held", "_is_decided")

    def __init__(self, said: str) -> None:
        self._candidates = _ends(said)
        self._held = ""
        self._is_decided = not self._candidates

    def feed(self, text: str) -> str:
        """What of `text`, and of what was held back, is new."""
        if self._is_decided:
            return text
        self._held += text
        if any(len(c) > len(self._held) and c.startswith(self._held) for c in self._candidates):
            return ""
        return self.rest()

    def rest(self) -> str:
        """What is held back, when nothing more comes."""
        self._is_decided = True
        held, self._held = self._held, ""
        for candidate in self._candidates:
            if held.startswith(candidate):
                return held[len(candidate) :]
        return held


def _ends(said: str) -> list[str]:
    """Ends of `said` that would be a repetition, the longest first."""
    start = max(0, len(said) - _MOST_CHARS)
    found: list[str] = []
    for i in range(start, len(said)):
        at_word = said[i].isalnum() and (i == 0 or not said[i - 1].isalnum())
        if at_word or (said[i].isspace() and i and not said[i - 1].isspace()):
            end = said[i:]
            is_broken_word = at_word and end.isalnum()
            if is_broken_word or len(end.split()) >= _LEAST_WORDS:
                found.append(end)
    return found
