"""Personal data and credentials in questions and answers: redacted, masked, or a reason to stop.

Told by shape and check digits alone, so with few false alarms and without names or street addresses. What is
found and where the shapes come from: `_pii_find.py`, `_pii_numbers.py`, `_pii_secrets.py`.
"""

from __future__ import annotations

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
from pilothouse.core.guard_text import (
    answer_texts,
    request_texts,
    with_answer_texts,
    with_request_texts,
)
from pilothouse.core.request import Request
from pilothouse.guards._pii_find import KINDS, PiiKind, find
from pilothouse.guards._pii_names import PLACEHOLDER, Names, Restore, restored
from pilothouse.guards._pii_stream import PiiScan, replaced

_WORDS: dict[PiiKind, str] = {
    "secret": "a key or token",
    "email": "an e-mail address",
    "iban": "a bank account (IBAN)",
    "card": "a card number",
    "ssn": "a US social security number",
    "ip": "an IP address",
    "phone": "a phone number",
}


class PiiSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`redact`: a placeholder such as `<EMAIL_1>`. `mask`: stars. `block`: refuse."""

    action: Literal["redact", "mask", "block"] = "redact"
    kinds: Annotated[tuple[PiiKind, ...], Meta(min_length=1)] = KINDS
    applies_to: Literal["both", "request", "answer"] = "both"
    restore: bool = False
    """Whether placeholders in the answer get their values back; for `redact`."""


class Pii:
    """The guard."""

    def __init__(self, settings: PiiSettings) -> None:
        self._settings = settings
        self._kinds = frozenset(settings.kinds)
        self._reads_request = settings.applies_to != "answer"
        self._reads_answer = settings.applies_to != "request"

    def before(self, request: Request) -> Allowed | Changed[Request] | Blocked:
        """The question without what is found in it."""
        if not self._reads_request:
            return ALLOWED
        work = _Work(self._settings.action, self._kinds, _placeholders(request), {})
        changed = with_request_texts(request, work.change)
        if work.found and self._settings.action == "block":
            return _blocked("the request", work.found)
        if changed is request:
            return ALLOWED
        kept = work.names.values if self._settings.restore else {}
        return Changed(changed, work.notes(), kept)

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """The same for the answer; then placeholders get their values back."""
        work = _Work(self._settings.action, self._kinds, frozenset(), seen.kept)
        changed = answer
        if self._reads_answer:
            changed = with_answer_texts(answer, work.change)
            if self._settings.action == "block":
                for text, where in answer_texts(answer):
                    if where == "thinking":
                        work.change(text, where)
                if work.found:
                    return _blocked("the answer", work.found)
        notes = work.notes()
        if seen.kept:
            back = with_answer_texts(changed, lambda t, w: restored(t, seen.kept, w))
            notes += (Note("restore"),) if back is not changed else ()
            changed = back
        return ALLOWED if changed is answer else Changed(changed, notes)

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """The same for a run of text. Thinking is only looked at, to block."""
        is_blocking = self._settings.action == "block"
        if where == "thinking" and not is_blocking:
            return None
        if not self._reads_answer and not seen.kept:
            return None
        return _Run(self._settings.action, self._kinds, seen, where, reads=self._reads_answer)


class _Work:
    """One pass over a question or an answer."""

    def __init__(
        self,
        action: str,
        kinds: frozenset[PiiKind],
        taken: frozenset[str],
        kept: Mapping[str, str],
    ) -> None:
        self._action = action
        self._kinds = kinds
        self.names = Names(taken, kept)
        self.found: dict[PiiKind, int] = {}

    def change(self, text: str, where: Where) -> str:
        """The text without them; the same object when there are none."""
        found = find(text, self._kinds)
        if not found:
            return text
        return replaced(text, found, 0, len(text), self.instead)

    def instead(self, value: str, kind: PiiKind) -> str | None:
        """What stands in its place."""
        self.found[kind] = self.found.get(kind, 0) + 1
        if self._action == "block":
            return None
        return masked(value, kind) if self._action == "mask" else self.names.name(value, kind)

    def notes(self) -> tuple[Note, ...]:
        """Kinds and how many, never values."""
        deed = "mask" if self._action == "mask" else "redact"
        return tuple([Note(deed, count, _WORDS[kind]) for kind, count in self.found.items()])


class _Run:
    """One run of text of a stream: first found and replaced, then given back."""

    def __init__(
        self, action: str, kinds: frozenset[PiiKind], seen: Seen, where: Where, *, reads: bool
    ) -> None:
        self._work = _Work(action, kinds, frozenset(), seen.kept)
        self._is_blocking = action == "block"
        self._scan = PiiScan(kinds, self._work.instead) if reads else None
        self._restore = Restore(seen.kept, where) if seen.kept else None

    def feed(self, text: str) -> str | Blocked:
        """Text that may go out now."""
        said = text if self._scan is None else self._scan.put(text)
        return self._said(said, is_end=False)

    def end(self) -> str | Blocked:
        """The rest."""
        return self._said("" if self._scan is None else self._scan.end(), is_end=True)

    def notes(self) -> Sequence[Note]:
        """What was replaced; what got its value back is not counted in a stream."""
        return () if self._is_blocking else self._work.notes()

    def _said(self, text: str, *, is_end: bool) -> str | Blocked:
        if self._is_blocking and self._work.found:
            return _blocked("the answer", self._work.found)
        if self._restore is None:
            return text
        text = self._restore.put(text)
        return text + self._restore.end() if is_end else text


def masked(value: str, kind: PiiKind) -> str:
    """Stars for letters and digits; of cards and accounts the last four stay."""
    end = len(value) - 4 if kind in ("card", "iban") else len(value)
    return "".join(["*" if c.isalnum() else c for c in value[:end]]) + value[end:]


def _placeholders(request: Request) -> frozenset[str]:
    """Words of the question that look like ours: they are the caller's, and stay so."""
    return frozenset(
        name
        for text, _ in request_texts(request)
        if "<" in text
        for name in PLACEHOLDER.findall(text)
    )


def _blocked(what: str, found: Mapping[PiiKind, int]) -> Blocked:
    kinds = ", ".join([_WORDS[kind] for kind in found])
    return Blocked(reason=f"{what} holds {kinds}: take it out", code="pii_detected")


def _problems(settings: PiiSettings, environ: Mapping[str, str] | None) -> Sequence[Problem]:
    if settings.restore and settings.action != "redact":
        return [("restore", f"only what is redacted can be restored, not with {settings.action}")]
    if settings.restore and settings.applies_to == "answer":
        return [("restore", "nothing of the request is redacted, so nothing can be restored")]
    return ()


plugin = GuardKind(
    PiiSettings,
    lambda settings, environ: Pii(settings),
    _problems,
    actions=("redact", "mask", "block", "flag"),
)
