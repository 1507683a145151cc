"""Answers that repeat what must not leave: configured secrets, and passages of the system prompt."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import quote

from msgspec import Meta, Struct

from pilothouse.core.answer import Answer
from pilothouse.core.guard import (
    ALLOWED,
    Allowed,
    Blocked,
    Changed,
    GuardKind,
    Note,
    Passive,
    Problem,
    Seen,
    StreamGuard,
    Where,
)
from pilothouse.core.guard_text import answer_texts, with_answer_texts
from pilothouse.core.request import Request
from pilothouse.core.secret import not_set

_WORD = re.compile(r"\w+")
_INSTEAD = "[secret]"
_LEAST_CHARS = 6
_SECRET = Blocked(reason="the answer holds a secret of ours", code="secret_in_answer")
_PROMPT = Blocked(reason="the answer repeats the system prompt", code="system_prompt_in_answer")


class SecretsOutSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secrets are in the environment: the file names the variables."""

    secrets_env: list[str] = []
    action: Literal["block", "redact"] = "block"
    """For secrets, as they stand, in base64 and percent-encoded. The system prompt is always blocked."""
    system_words: Annotated[int, Meta(ge=4, le=100)] | None = None
    """So many words of the system prompt in a row are a leak; None = not looked at."""


class SecretsOut(Passive):
    """The guard. Its `repr` shows no secret."""

    def __init__(self, settings: SecretsOutSettings, environ: Mapping[str, str]) -> None:
        values = [environ.get(name, "") for name in settings.secrets_env]
        self._needles = tuple({form for value in values if value for form in _forms(value)})
        self._is_redacting = settings.action == "redact"
        self._words = settings.system_words

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """Every text, thinking and arguments included."""
        texts = [(text, where) for text, where in answer_texts(answer)]
        if self._words is not None:
            prompt = _Prompt(seen.request, self._words)
            if any(prompt.is_in(text) for text, _ in texts):
                return _PROMPT
        held = [where for text, where in texts if any(n in text for n in self._needles)]
        if not held:
            return ALLOWED
        if not self._is_redacting or "thinking" in held:  # signed words cannot be changed
            return _SECRET
        changed = with_answer_texts(answer, lambda text, where: self.without(text))
        return Changed(changed, (Note("redact", len(held), "a secret of ours"),))

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """What may be the beginning of a secret, or of a passage, waits."""
        prompt = _Prompt(seen.request, self._words) if self._words is not None else None
        if not self._needles and (prompt is None or not prompt.words):
            return None
        is_redacting = self._is_redacting and where != "thinking"
        return _Run(self, prompt, self._needles, is_redacting=is_redacting)

    def without(self, text: str) -> str:
        """`text` with every secret replaced; the same object without any."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, _INSTEAD)
        return text

    def __repr__(self) -> str:
        return f"SecretsOut({len(self._needles)} secrets)"


class _Prompt:
    """The system prompt's words, and whether so many of them in a row stand in a text."""

    def __init__(self, request: Request, row: int) -> None:
        self._row = row
        texts = [m.text for m in request.messages if m.role in ("system", "developer")]
        self.words = " ".join(_WORD.findall(" ".join(texts).casefold()))
        split = self.words.split(" ")
        self._rows = {" ".join(split[i : i + row]) for i in range(len(split) - row + 1)}

    def is_in(self, text: str) -> bool:
        """Whether a passage stands in it."""
        words = _WORD.findall(text.casefold())
        rows = (" ".join(words[i : i + self._row]) for i in range(len(words) - self._row + 1))
        return bool(self._rows) and any(row in self._rows for row in rows)

    def open_from(self, text: str) -> int:
        """Where the words at the end begin that stand so, in a row, in the prompt."""
        if not self._rows:
            return len(text)
        at = len(text)
        spans = [found.span() for found in _WORD.finditer(text)][-self._row :]
        for start, _ in reversed(spans):
            tail = " ".join(_WORD.findall(text[start:].casefold()))
            # The last word may be the beginning of one: only its left end must be a word's.
            if f" {tail}" not in f" {self.words}":
                break
            at = start
        return at


class _Run:
    def __init__(
        self,
        guard: SecretsOut,
        prompt: _Prompt | None,
        needles: tuple[str, ...],
        *,
        is_redacting: bool,
    ) -> None:
        self._guard = guard
        self._prompt = prompt
        self._needles = needles
        self._is_redacting = is_redacting
        self._held = ""
        self._count = 0

    def feed(self, text: str) -> str | Blocked:
        self._held += text
        if (blocked := self._check()) is not None:
            return blocked
        cut = min([len(self._held), *(_open_from(self._held, n) for n in self._needles)])
        if self._prompt is not None:
            cut = min(cut, self._prompt.open_from(self._held))
        said, self._held = self._held[:cut], self._held[cut:]
        return said

    def end(self) -> str | Blocked:
        blocked = self._check()
        return self._held if blocked is None else blocked

    def _check(self) -> Blocked | None:
        if self._prompt is not None and self._prompt.is_in(self._held):
            return _PROMPT
        clean = self._guard.without(self._held)
        if clean is not self._held:
            if not self._is_redacting:
                return _SECRET
            self._held = clean
            self._count += 1
        return None

    def notes(self) -> Sequence[Note]:
        return (Note("redact", self._count, "a secret of ours"),) if self._count else ()


def _open_from(text: str, needle: str) -> int:
    """Where the longest end of `text` begins that is a beginning of `needle`."""
    for size in range(min(len(text), len(needle) - 1), 0, -1):
        if text.endswith(needle[:size]):
            return len(text) - size
    return len(text)


def _forms(value: str) -> set[str]:
    """As it stands, and as a model is talked into spelling it."""
    encoded = b64encode(value.encode()).decode().rstrip("=")
    return {value, encoded, quote(value, safe="")}


def _problems(settings: SecretsOutSettings, environ: Mapping[str, str] | None) -> Sequence[Problem]:
    if not settings.secrets_env and settings.system_words is None:
        return [("", "nothing is looked for: give secrets_env, system_words, or both")]
    found: list[Problem] = []
    for i, name in enumerate(settings.secrets_env if environ is not None else ()):
        value = (environ or {}).get(name, "")
        if not value:
            found.append((f"secrets_env[{i}]", not_set(name)))
        elif len(value) < _LEAST_CHARS:
            message = f"what {name} holds is too short to be told from other words"
            found.append((f"secrets_env[{i}]", message))
    return found


plugin = GuardKind(
    SecretsOutSettings,
    SecretsOut,
    _problems,
    actions=("block", "redact", "flag"),
    sides=("answer",),
)
