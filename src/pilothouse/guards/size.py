"""How much one request may bring, and one answer may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

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
from pilothouse.core.guard_text import answer_texts, request_texts
from pilothouse.core.request import MediaPart, Message, Request, ToolResultPart

Most = Annotated[int, Meta(ge=0)]
_BYTES_A_TOKEN = 4
"""Of UTF-8: English has a little more, other scripts less; an estimate, never a count."""


class SizeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most of each; what is not said has no limit here."""

    chars: Most | None = None
    """Of all texts together."""
    tokens: Most | None = None
    """Estimated: a token for each four bytes of text."""
    messages: Most | None = None
    tools: Most | None = None
    attachments: Most | None = None
    """Images, sounds, films, documents; in tool results too."""
    base64_bytes: Most | None = None
    """Of all attachments that come in the request itself."""
    answer_chars: Most | None = None
    """A stream ends with an error there."""


class Size(Passive):
    """The guard."""

    def __init__(self, settings: SizeSettings) -> None:
        self._settings = settings
        limits: dict[str, tuple[str, Callable[[Request], int]]] = {
            "chars": ("characters", _chars),
            "tokens": ("tokens (estimated)", _tokens),
            "messages": ("messages", lambda request: len(request.messages)),
            "tools": ("tools", lambda request: len(request.tools)),
            "attachments": ("attachments", lambda request: len(_media(request))),
            "base64_bytes": ("bytes of base64", _base64_bytes),
        }
        self._limits: list[tuple[int, str, Callable[[Request], int]]] = [
            (most, what, count)
            for name, (what, count) in limits.items()
            if (most := getattr(settings, name)) is not None
        ]

    def before(self, request: Request) -> Allowed | Changed[Request] | Blocked:
        """The first limit that is passed."""
        for most, what, count in self._limits:
            size = count(request)
            if size > most:
                reason = f"the request has {size} {what}; {most} are allowed here"
                return Blocked(reason=reason, code="request_too_large")
        return ALLOWED

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """Its texts together."""
        most = self._settings.answer_chars
        if most is not None and sum(len(text) for text, _ in answer_texts(answer)) > most:
            return _too_long(most)
        return ALLOWED

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """Each run of text for itself."""
        most = self._settings.answer_chars
        return None if most is None else _Counted(most)


class _Counted:
    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most

    def feed(self, text: str) -> str | Blocked:
        self._left -= len(text)
        return _too_long(self._most) if self._left < 0 else text

    def end(self) -> str | Blocked:
        return ""

    def notes(self) -> Sequence[Note]:
        return ()


def _too_long(most: int) -> Blocked:
    reason = f"the answer has more than {most} characters, which are allowed here"
    return Blocked(reason=reason, code="answer_too_large")


def _chars(request: Request) -> int:
    return sum([len(text) for text, _ in request_texts(request)])


def _tokens(request: Request) -> int:
    # An ASCII text knows its length in UTF-8 without being encoded.
    sizes = [len(t) if t.isascii() else len(t.encode()) for t, _ in request_texts(request)]
    return -(-sum(sizes) // _BYTES_A_TOKEN)


def _media(request: Request) -> list[MediaPart]:
    return [media for message in request.messages for media in _media_of(message)]


def _media_of(message: Message) -> list[MediaPart]:
    found: list[MediaPart] = []
    for part in message.parts:
        if isinstance(part, MediaPart):
            found.append(part)
        elif isinstance(part, ToolResultPart):
            found += [inner for inner in part.parts if isinstance(inner, MediaPart)]
    return found


def _base64_bytes(request: Request) -> int:
    return sum([len(media.data or "") for media in _media(request)])


def _problems(settings: SizeSettings, environ: Mapping[str, str] | None) -> Sequence[Problem]:
    if all(getattr(settings, name) is None for name in settings.__struct_fields__):
        names = ", ".join(settings.__struct_fields__)
        return [("", f"no limit is given, so nothing is limited (there are: {names})")]
    return ()


plugin = GuardKind(SizeSettings, lambda settings, environ: Size(settings), _problems)
