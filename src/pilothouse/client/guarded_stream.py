"""A stream through the guards of its request: events in, events out, some of their text a little later.

Each run of one kind of text has guards of its own; when another kind begins, what the first still holds goes
out before it, so the order of a stream stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from pilothouse.client.guarding import Guarding, Placed, blocked, failed
from pilothouse.core.answer import (
    Begin,
    End,
    Event,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolBegin,
    ToolDelta,
    Used,
)
from pilothouse.core.guard import Blocked, Note, StreamGuard, Where

_Spoken = TextDelta | RefusalDelta | ThinkingDelta | ToolDelta
_WHERES: tuple[Where, ...] = ("text", "thinking", "refusal", "arguments")


_Key = tuple[int, Where, int]
"""Choice, kind of text, number of the tool."""


class GuardedStream:
    """`feed` every event; a `Blocked` ends the stream with an error, and nothing more is sent."""

    def __init__(self, guarding: Guarding) -> None:
        self._guarding = guarding
        self._runs: dict[_Key, _Run] = {}

    @property
    def is_needed(self) -> bool:
        """Whether any guard looks at any text of this stream."""
        return any(
            placed.guard.stream(seen, where) is not None
            for placed, seen in self._guarding.outward()
            for where in _WHERES
        )

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
        rest = self._ended(None if isinstance(event, End) else event.choice, event)
        return rest if isinstance(rest, Blocked) else [*rest, event]

    def _spoken(self, event: _Spoken) -> Sequence[Event] | Blocked:
        key = (event.choice, _where(event), event.index if isinstance(event, ToolDelta) else 0)
        run = self._runs.get(key)
        before: Sequence[Event] | Blocked = ()
        if run is None:
            before = self._ended(event.choice, event)
            if isinstance(before, Blocked):
                return before
            run = self._runs[key] = _Run(self._guarding, event)
        now = run.feed(event)
        if isinstance(now, Blocked):
            return now
        if isinstance(event, ThinkingDelta) and event.signature is not None:
            del self._runs[key]  # the block is complete
        return [*before, *now]

    def _ended(self, choice: int | None, by: Event) -> Sequence[Event] | Blocked:
        """What the runs of a choice (None = of all) still hold, because `by` comes.

        Calls of tools may come side by side, so one does not end another.
        """
        said: list[Event] = []
        is_tool = isinstance(by, (ToolBegin, ToolDelta))
        for key in list(self._runs):
            if choice not in (None, key[0]) or (is_tool and key[1] == "arguments"):
                continue
            rest = self._runs.pop(key).end()
            if isinstance(rest, Blocked):
                return rest
            said += rest
        return said


class _Run:
    """Text of one kind, of one choice (and one tool), through the guards that look at it."""

    def __init__(self, guarding: Guarding, first: _Spoken) -> None:
        self._first = first
        self._guarding = guarding
        where = _where(first)
        self._guards: list[tuple[Placed, StreamGuard]] = []
        self._blocked: Blocked | None = None
        for placed, seen in guarding.outward():
            try:
                guard = placed.guard.stream(seen, where)
            except Exception as error:
                self._fail(placed, error)
                continue
            if guard is not None:
                self._guards.append((placed, guard))

    def feed(self, event: _Spoken) -> Sequence[Event] | Blocked:
        """Its text, as far as the guards let it go; all of it with a signature, which ends a block."""
        text = _text(event)
        is_end = isinstance(event, ThinkingDelta) and event.signature is not None
        said = self._through(text, is_end=is_end)
        if isinstance(said, Blocked):
            return said
        if said == text:
            return (event,)
        if isinstance(event, ThinkingDelta):
            return (replace(event, text=said),) if said or is_end else ()
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
                said = _asked(guard, text, is_end=is_end)
            except Exception as error:
                self._fail(placed, error)
                if self._blocked is not None:
                    return self._blocked
                self._guards[i] = (placed, _Open())
                continue  # what it held is lost with it: `pass` lets on what comes
            if isinstance(said, Blocked):
                found = blocked(placed, self._guarding, said)
                if isinstance(found, Blocked):
                    self._blocked = found
                    self._tell()
                    return found
                self._guards[i] = (placed, _Open())  # it only flags, and has
            elif not placed.is_flagging:
                text = said
        if is_end:
            self._tell()
        return text

    def _tell(self) -> None:
        """What the guards did in this run."""
        for placed, guard in self._guards:
            for note in guard.notes():
                said = Note("flag", note.count, note.what) if placed.is_flagging else note
                self._guarding.note(placed, said)

    def _fail(self, placed: Placed, error: Exception) -> None:
        verdict = failed(placed, self._guarding, type(error).__name__)
        if isinstance(verdict, Blocked):
            self._blocked = verdict


def _asked(guard: StreamGuard, text: str, *, is_end: bool) -> str | Blocked:
    said = guard.feed(text) if text else ""
    if not is_end or isinstance(said, Blocked):
        return said
    rest = guard.end()
    return rest if isinstance(rest, Blocked) else said + rest


class _Open:
    """In the place of a guard that failed and may be passed, or has flagged."""

    def feed(self, text: str) -> str | Blocked:
        return text

    def end(self) -> str | Blocked:
        return ""

    def notes(self) -> Sequence[Note]:
        return ()


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
