"""A stream through the guards of its request: events in, events out, some of their text a little later.

Each run of one kind of text has guards of its own; when another kind begins, what the first still holds goes
out before it, so the order of a stream stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from pilothouse.client.guarding import Guarding, Placed, failed
from pilothouse.core.answer import (
    Begin,
    End,
    Event,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolDelta,
    Used,
)
from pilothouse.core.guard import Blocked, StreamGuard, Where

_Spoken = TextDelta | RefusalDelta | ThinkingDelta | ToolDelta


class GuardedStream:
    """`feed` every event; a `Blocked` ends the stream with an error, and nothing more is sent."""

    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding
        self._runs: dict[int, _Run] = {}
        """By choice: the run of text under way."""

    def feed(self, events: Iterable[Event]) -> list[Event] | Blocked:
        """What may go out now."""
        said: list[Event] = []
        for event in events:
            found = self._one(event)
            if isinstance(found, Blocked):
                return found
            said += found
        return said

    def _one(self, event: Event) -> Sequence[Event] | Blocked:
        if isinstance(event, (TextDelta, RefusalDelta, ThinkingDelta, ToolDelta)):
            return self._spoken(event)
        if isinstance(event, (Begin, Used)):  # they say nothing of the answer: they wait for nobody
            return (event,)
        choices = list(self._runs) if isinstance(event, End) else [event.choice]
        said: list[Event] = []
        for choice in choices:
            rest = self._ended(choice)
            if isinstance(rest, Blocked):
                return rest
            said += rest
        return [*said, event]

    def _spoken(self, event: _Spoken) -> Sequence[Event] | Blocked:
        before: Sequence[Event] | Blocked = ()
        run = self._runs.get(event.choice)
        if run is None or not run.is_same(event):
            before = self._ended(event.choice)
            if isinstance(before, Blocked):
                return before
            run = self._runs[event.choice] = _Run(self._guarding, event)
        now = run.feed(event)
        return now if isinstance(now, Blocked) else [*before, *now]

    def _ended(self, choice: int) -> Sequence[Event] | Blocked:
        run = self._runs.pop(choice, None)
        return () if run is None else run.end()


class _Run:
    """Text of one kind, of one choice (and one tool), through the guards that look at it."""

    def __init__(self, guarding: Guarding, first: _Spoken) -> None:
        self._first = first
        self._notes = guarding.notes
        where = _where(first)
        pairs = zip(reversed(guarding.chain), reversed(guarding.seen), strict=True)
        self._guards: list[tuple[Placed, StreamGuard]] = []
        self._blocked: Blocked | None = None
        for placed, seen in pairs:
            try:
                guard = placed.guard.stream(seen, where)
            except Exception as error:
                self._note(placed, error)
                continue
            if guard is not None:
                self._guards.append((placed, guard))

    def is_same(self, event: _Spoken) -> bool:
        """Whether `event` goes on with it."""
        first = self._first
        if type(event) is not type(first):
            return False
        return not isinstance(event, ToolDelta) or event.index == getattr(first, "index", None)

    def feed(self, event: _Spoken) -> Sequence[Event] | Blocked:
        """Its text, as far as the guards let it go."""
        text = _text(event)
        said = self._through(text)
        if isinstance(said, Blocked):
            return said
        if said == text:
            return (event,)
        if isinstance(event, ThinkingDelta):
            return (replace(event, text=said),) if said or event.signature else ()
        return (_with(event, said),) if said else ()

    def end(self) -> Sequence[Event] | Blocked:
        """What is still held."""
        rest = self._through("", is_end=True)
        if isinstance(rest, Blocked):
            return rest
        return (_with(self._first, rest),) if rest else ()

    def _through(self, text: str, *, is_end: bool = False) -> str | Blocked:
        if self._blocked is not None:
            return self._blocked
        for i, (placed, guard) in enumerate(self._guards):
            try:
                said = guard.feed(text) if text else ""
                if is_end and not isinstance(said, Blocked):
                    rest = guard.end()
                    said = rest if isinstance(rest, Blocked) else said + rest
            except Exception as error:
                self._note(placed, error)
                if self._blocked is not None:
                    return self._blocked
                self._guards[i] = (placed, _Open())
                continue  # what it held is lost with it: `pass` lets on what comes
            if isinstance(said, Blocked):
                self._blocked = said
                return said
            text = said
        return text

    def _note(self, placed: Placed, error: Exception) -> None:
        verdict = failed(placed, self._notes, type(error).__name__)
        if isinstance(verdict, Blocked):
            self._blocked = verdict


class _Open:
    """In the place of a guard that failed and may be passed."""

    def feed(self, text: str) -> str | Blocked:
        return text

    def end(self) -> str | Blocked:
        return ""


def _where(event: _Spoken) -> Where:
    match event:
        case TextDelta():
            return "text"
        case RefusalDelta():
            return "refusal"
        case ThinkingDelta():
            return "thinking"
        case _:
            return "arguments"


def _text(event: _Spoken) -> str:
    return event.arguments if isinstance(event, ToolDelta) else event.text


def _with(event: _Spoken, text: str) -> Event:
    """The same with other words; log-probabilities would repeat the first ones."""
    match event:
        case TextDelta():
            return TextDelta(text, event.choice)
        case ToolDelta():
            return replace(event, arguments=text)
        case ThinkingDelta():
            return replace(event, text=text, signature=None)
        case _:
            return replace(event, text=text)
