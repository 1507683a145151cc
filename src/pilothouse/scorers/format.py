"""Does the answer have the form that was asked for? The value is the share of rules that it keeps."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from pilothouse.core.case import Case
from pilothouse.core.grade import Given, Grade
from pilothouse.scorers._json_in import json_in
from pilothouse.scorers._words import sentences

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE)
_MARKDOWN = re.compile(
    r"(?m)^#{1,6}\s|\*\*[^*\n]+\*\*|```|^\s*[-*]\s+|\[[^\]\n]+\]\([^)\n]+\)|^\|.*\|\s*$"
)


class FormatScorer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only the rules that are given count."""

    max_words: int | None = None
    min_words: int | None = None
    max_chars: int | None = None
    max_sentences: int | None = None
    min_bullets: int | None = None
    max_bullets: int | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    forbidden: tuple[str, ...] = ()
    no_markdown: bool = False
    json: bool = False
    """The whole answer is JSON."""
    is_finished: bool = True
    """It was not cut off at the token limit."""

    def check(self, case: Case) -> None:
        """Any case will do."""

    def score(self, given: Given, case: Case) -> Grade:
        """A part for each rule."""
        text = given.text.strip()
        parts = {name: float(keeps(text)) for name, keeps in self._rules().items()}
        if self.is_finished:
            parts["is_finished"] = float(given.finish_reason != "length")
        broken = [name for name, kept in parts.items() if not kept]
        value = sum(parts.values()) / len(parts) if parts else 1.0
        return Grade(
            value=value, detail=f"broken: {', '.join(broken)}" if broken else "kept", parts=parts
        )

    def _rules(self) -> dict[str, Callable[[str], bool]]:
        found: dict[str, Callable[[str], bool]] = {}
        sizes: list[tuple[str, int | None, Callable[[str], int], bool]] = [
            ("max_words", self.max_words, lambda t: len(t.split()), True),
            ("min_words", self.min_words, lambda t: len(t.split()), False),
            ("max_chars", self.max_chars, len, True),
            ("max_sentences", self.max_sentences, lambda t: len(sentences(t)), True),
            ("min_bullets", self.min_bullets, lambda t: len(_BULLET.findall(t)), False),
            ("max_bullets", self.max_bullets, lambda t: len(_BULLET.findall(t)), True),
        ]
        for name, limit, size, is_most in sizes:
            if limit is not None:
                found[name] = _within(limit, size, is_most=is_most)
        if (start := self.starts_with) is not None:
            found["starts_with"] = lambda t: t.startswith(start)
        if (end := self.ends_with) is not None:
            found["ends_with"] = lambda t: t.endswith(end)
        if self.forbidden:
            lower = [word.casefold() for word in self.forbidden]
            found["forbidden"] = lambda t: not any(word in t.casefold() for word in lower)
        if self.no_markdown:
            found["no_markdown"] = lambda t: _MARKDOWN.search(t) is None
        if self.json:
            found["json"] = _is_json
        return found


def _within(limit: int, size: Callable[[str], int], *, is_most: bool) -> Callable[[str], bool]:
    return (lambda t: size(t) <= limit) if is_most else (lambda t: size(t) >= limit)


def _is_json(text: str) -> bool:
    try:
        json_in(text, only_whole=True)
    except ValueError:
        return False
    return True


plugin = FormatScorer
