"""Words that must not be asked, or must not be answered: phrases and bounded regular expressions.

Phrases are compared word by word after folding (`_folding.py`), so their number costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from pilothouse.core.answer import Answer
from pilothouse.core.guard import (
    ALLOWED,
    Allowed,
    Blocked,
    Changed,
    GuardKind,
    Note,
    Problem,
    Seen,
    StreamGuard,
    Where,
)
from pilothouse.core.guard_text import answer_texts, request_texts
from pilothouse.core.request import Request
from pilothouse.guards._folding import folded
from pilothouse.guards._phrases import Phrases
from pilothouse.guards._safe_regex import Unsafe, safe_regex

Entry = Annotated[str, Meta(min_length=1, max_length=500)]
_RE = "re:"
_HALF_WORD = re.compile(r"\A\w+")


class ContentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry is a phrase, or `re:` and a regular expression (over the folded text)."""

    deny: Annotated[list[Entry], Meta(min_length=1)]
    allow: list[Entry] = []
    """What is taken out before looking: the innocent words that hold a denied one."""
    applies_to: Literal["both", "request", "answer"] = "both"
    whole_word: bool = True
    fold: bool = True
    """Whether case and compatibility forms make no difference."""
    message: str | None = None
    """What the caller is told."""


class Content:
    """The guard."""

    def __init__(self, settings: ContentSettings) -> None:
        self._settings = settings
        self._words = words_of(settings)

    def before(self, request: Request) -> Allowed | Changed[Request] | Blocked:
        """The question."""
        if self._settings.applies_to == "answer":
            return ALLOWED
        if any(self._words.is_in(text) for text, _ in request_texts(request)):
            return self._blocked("request")
        return ALLOWED

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """The answer, thinking included."""
        if self._settings.applies_to == "request":
            return ALLOWED
        if any(self._words.is_in(text) for text, _ in answer_texts(answer)):
            return self._blocked("answer")
        return ALLOWED

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """A run of the answer."""
        if self._settings.applies_to == "request":
            return None
        return _Run(self._words, self._blocked("answer"))

    def _blocked(self, what: str) -> Blocked:
        reason = self._settings.message or f"the {what} holds words that are not allowed here"
        return Blocked(reason=reason, code="content_denied")


class _Run:
    """What may be the beginning of a match waits; what went out is kept as context."""

    def __init__(self, words: Phrases, blocked: Blocked) -> None:
        self._words = words
        self._blocked = blocked
        self._before = ""
        self._held = ""

    def feed(self, text: str) -> str | Blocked:
        self._held += text
        if self._words.is_in(self._before + self._held, is_open=True):
            return self._blocked
        cut = self._words.open_from(self._held)
        said, self._held = self._held[:cut], self._held[cut:]
        if said:
            before = self._before + said
            self._before = before[-self._words.context :]
            if len(before) > len(self._before):  # never half a word: it could be a denied one
                self._before = _HALF_WORD.sub("", self._before)
        return said

    def end(self) -> str | Blocked:
        held, self._held = self._held, ""
        return self._blocked if self._words.is_in(self._before + held) else held

    def notes(self) -> Sequence[Note]:
        return ()


def words_of(settings: ContentSettings) -> Phrases:
    """The lists made ready. Raises `Unsafe`."""
    fold = folded if settings.fold else str
    deny = [e for e in settings.deny if not e.startswith(_RE)]
    regexes = [
        safe_regex(e.removeprefix(_RE), ignore_case=settings.fold)
        for e in settings.deny
        if e.startswith(_RE)
    ]
    allow = [
        safe_regex(
            e.removeprefix(_RE) if e.startswith(_RE) else re.escape(fold(e)),
            ignore_case=settings.fold,
        )
        for e in settings.allow
    ]
    return Phrases(deny, regexes, allow, fold=fold, whole_word=settings.whole_word)


def _problems(settings: ContentSettings, environ: Mapping[str, str] | None) -> Sequence[Problem]:
    found: list[Problem] = []
    for key in ("deny", "allow"):
        entries: list[str] = getattr(settings, key)
        for i, entry in enumerate(entries):
            try:
                words_of(ContentSettings(deny=[entry], fold=settings.fold))
            except Unsafe as error:
                found.append((f"{key}[{i}]", f'"{entry}": {error}'))
            if not folded(entry.removeprefix(_RE)).strip():
                found.append((f"{key}[{i}]", "nothing is left of it when it is folded"))
    return found


plugin = GuardKind(ContentSettings, lambda settings, environ: Content(settings), _problems)
