"""Whether a text holds one of many phrases, in time that does not grow with their number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pilothouse.guards._safe_regex import SafeRegex

_WORD = re.compile(r"\w+")
_STARTS = re.compile(r"(?<!\w)\w")


class Phrases:
    """Denied phrases and expressions, and what is taken out before looking."""

    def __init__(
        self,
        phrases: Sequence[str],
        regexes: Sequence[SafeRegex],
        allowed: Sequence[SafeRegex],
        *,
        fold: Callable[[str], str],
        whole_word: bool,
    ) -> None:
        self._fold = fold
        self._regexes = regexes
        self._allowed = allowed
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        self._plain: list[str] = []
        self._prefixes: set[str] = set()
        """Every beginning of a phrase, its words joined by a space."""
        for phrase in phrases:
            words = tuple(_WORD.findall(fold(phrase)))
            if whole_word and words:
                self._by_first.setdefault(words[0], []).append(words)
                joined = " ".join(words)
                self._prefixes.update(joined[:n] for n in range(1, len(joined) + 1))
            else:
                self._plain.append(fold(phrase))
        longest = [len(p) for p in (*self._plain, *phrases)]
        longest += [r.longest for r in (*regexes, *allowed)]
        self.context = 2 * max(longest, default=0) + 8
        """How much of what went before a match or an exception can reach into."""
        self._longest_allowed = max([r.longest for r in allowed], default=0)
        self._tail = max([len(p) for p in self._plain] + [r.longest for r in regexes], default=0)

    def is_in(self, text: str, *, is_open: bool = False) -> bool:
        """Whether one is found; `is_open`: the last word may go on."""
        text = self._fold(text)
        for allowed in self._allowed:
            text = allowed.pattern.sub(_gap, text)
        if is_open and self._allowed:  # what comes may excuse the end of it
            text = text[: max(0, len(text) - self._longest_allowed)]
        if any(p in text for p in self._plain):
            return True
        if any(r.pattern.search(text) for r in self._regexes):
            return True
        return bool(self._by_first) and self._has_words(text, is_open=is_open)

    def open_from(self, text: str) -> int:
        """Where a match may have begun that is not whole yet."""
        cut = max(0, len(text) - self._tail) if self._tail else len(text)
        if self._allowed:  # an exception may still excuse what it began before
            cut = min(cut, max(0, len(text) - self.context))
        if self._prefixes:
            cut = min(cut, self._open_words(text))
        return cut

    def _open_words(self, text: str) -> int:
        start = max(0, len(text) - self.context)
        for found in _STARTS.finditer(text, start):
            words = " ".join(_WORD.findall(self._fold(text[found.start() :])))
            if words in self._prefixes:
                return found.start()
        return len(text)

    def _has_words(self, text: str, *, is_open: bool) -> bool:
        words = _WORD.findall(text)
        if is_open and words and text[-1:].isalnum():
            words.pop()  # `ass` may become `assist`
        for i, word in enumerate(words):
            for phrase in self._by_first.get(word, ()):
                if tuple(words[i : i + len(phrase)]) == phrase:
                    return True
        return False


def _gap(match: re.Match[str]) -> str:
    return " " * len(match[0])
