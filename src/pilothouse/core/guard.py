"""What a guard promises: it looks at a question or an answer and lets it pass, changes it, or blocks it.

A guard is pure: whatever it needs is passed to its `build`. What one request needs later (which placeholder
stood for what) is handed on in `Changed.kept`, so a guard is shared by all requests and remembers none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from pilothouse.core.answer import Answer
from pilothouse.core.request import Request

T = TypeVar("T")
Where = Literal["text", "thinking", "refusal", "arguments"]
"""Which words of an answer: `arguments` is the JSON text of a tool call."""
OnError = Literal["block", "pass"]
"""What becomes of a request whose guard failed or was late: refused, or let through with a note."""
Side = Literal["request", "answer", "both"]
"""What of an exchange a guard looks at."""
Deed = Literal["redact", "mask", "change", "restore", "flag", "block", "error"]
"""What a guard did, for the record: few words, so that they can be counted."""
Action = Literal["redact", "mask", "block", "flag"]
"""What a configured guard shall do. `flag`: nothing but say that it would have."""


class Note(Struct, frozen=True):
    """What was done, how often, and to what kind of thing; never what was found."""

    deed: Deed
    count: int = 1
    what: str = ""


class Allowed(Struct, frozen=True):
    """Nothing to say; `notes` for the record."""

    notes: tuple[Note, ...] = ()


class Changed(Struct, Generic[T], frozen=True):
    """Go on with `value`. `notes` say what was done, never what was found."""

    value: T
    notes: tuple[Note, ...]
    kept: Mapping[str, str] = {}
    """What this guard wants back with the answer."""


class Blocked(Struct, frozen=True, kw_only=True):
    """It ends here. `reason` is fit for the caller: it never repeats what was found."""

    reason: str
    code: str
    """One word for programs, e.g. `pii_detected`."""


ALLOWED = Allowed()


class Seen(Struct, frozen=True):
    """What a guard knows of the question when it looks at the answer."""

    request: Request
    """As it came to this guard."""
    kept: Mapping[str, str] = {}
    """What it handed on."""


class StreamGuard(Protocol):
    """Watches one run of text of one stream. Holds back no more than a match could need, bounded."""

    def feed(self, text: str) -> str | Blocked:
        """Text that may go out now."""
        ...

    def end(self) -> str | Blocked:
        """The rest; the run is over."""
        ...

    def notes(self) -> Sequence[Note]:
        """What it did, asked once when the run is over."""
        ...


Verdict = Allowed | Changed[T] | Blocked


class Guard(Protocol):
    """One configured guard. A verdict may come later (an awaitable) when somebody else is asked."""

    def before(
        self, request: Request
    ) -> Allowed | Changed[Request] | Blocked | Awaitable[Allowed | Changed[Request] | Blocked]:
        """Before any target is asked."""
        ...

    def after(
        self, answer: Answer, seen: Seen
    ) -> Allowed | Changed[Answer] | Blocked | Awaitable[Allowed | Changed[Answer] | Blocked]:
        """Of a whole answer."""
        ...

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """For one run of text; None = passes untouched."""
        ...


Problem = tuple[str, str]
"""The key within the settings (empty = all of them), and what is wrong there."""


class GuardKind(Struct, frozen=True):
    """What a plugin file holds: the shape of its settings, what can be wrong with them, and how it is built."""

    settings: type[Any]
    """A frozen msgspec struct; every field has a default unless it must be given. Its `action` and
    `applies_to`, where it has them, are said beside the settings."""
    build: Callable[[Any, Mapping[str, str]], Guard]
    """Settings without problems, and the environment, to a guard."""
    problems: Callable[[Any, Mapping[str, str] | None], Sequence[Problem]] = lambda settings, env: ()
    """Environment None = not to be looked at."""
    actions: tuple[Action, ...] = ("block", "flag")
    """What it can be told to do; the first is what it does untold."""
    sides: tuple[Side, ...] = ("both", "request", "answer")
    """What it can look at; the first is what it does untold."""
    files: tuple[str, ...] = ()
    """Settings that are paths, relative to the configuration's folder."""


class Passive:
    """The guard that says nothing: what a guard does not look at it takes from here."""

    def before(self, request: Request) -> Allowed | Changed[Request] | Blocked:
        """Allowed."""
        return ALLOWED

    def after(self, answer: Answer, seen: Seen) -> Allowed | Changed[Answer] | Blocked:
        """Allowed."""
        return ALLOWED

    def stream(self, seen: Seen, where: Where) -> StreamGuard | None:
        """Untouched."""
        return None
